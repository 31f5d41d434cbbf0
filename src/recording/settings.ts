import * as z from 'zod'

export const recordingSettings = z.strictObject({
  directory: z
    .string()
    .min(1)
    .default('/var/lib/enchilada/recordings')
    .describe('Folder of the recordings: one folder a session'),
})
export type RecordingSettings = z.infer<typeof recordingSettings>
