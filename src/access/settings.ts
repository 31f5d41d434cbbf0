import * as z from 'zod'

export const accessSettings = z.strictObject({
  policies: z
    .string()
    .min(1)
    .default('.')
    .describe('Folder of the *.cedar files, relative to enchilada.yaml; without any policy nobody may do anything'),
})
