import type { Bucket } from '../aws/bucket.ts'
import { gather } from '../kernel/gather.ts'
import { recordingErrors } from './errors.ts'
import { isRecordingId, type RecordingFiles } from './recording-files.ts'

/** `<prefix>/<id>/<name>`. */
export function bucketFiles(bucket: Bucket): RecordingFiles {
  return {
    async put(id, name, bytes) {
      if (!(await bucket.create(`${id}/${name}`, bytes))) throw recordingErrors.RECORDING_ALREADY_THERE({ id, name })
    },
    replace: (id, name, bytes) => bucket.put(`${id}/${name}`, bytes),
    get: (id, name) => bucket.get(`${id}/${name}`),
    names: async (id) => (await gather(bucket.keys(`${id}/`))).map((key) => key.slice(id.length + 1)),
    ids: async () => (await gather(bucket.folders())).filter(isRecordingId),
  }
}
