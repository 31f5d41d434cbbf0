import type { Verification } from './contract/recordings.ts'
import type { Parts } from './parts.ts'

/** The seal is checked against the trail's own word of it, where the trail has one. */
export async function verifyStored(parts: Parts, id: string): Promise<Verification> {
  const sealed = await parts.auditReader.list({ kind: 'recording.sealed', subject: id }, { limit: 1 })
  const manifest = sealed.items[0]?.data?.['manifest']
  const found = await parts.recordingReader.verify(id, typeof manifest === 'string' ? manifest : undefined)
  const [fault] = found.faults
  return {
    ok: found.ok,
    checkedAt: parts.clock.now(),
    checked: found.slices,
    ...(fault ? { fault: { where: fault.file, code: fault.code, message: fault.message } } : {}),
  }
}

export async function verifyWholeTrail(parts: Parts): Promise<Verification> {
  const found = await parts.auditReader.verify()
  const [fault] = found.faults
  return {
    ok: found.ok,
    checkedAt: parts.clock.now(),
    checked: found.records,
    ...(found.coveredUntil === undefined ? {} : { coveredUntil: Date.parse(found.coveredUntil) }),
    ...(fault
      ? {
          fault: {
            where: `${fault.file}:${fault.line} (${fault.writer} ${fault.seq})`,
            code: fault.code,
            message: fault.message,
          },
        }
      : {}),
  }
}
