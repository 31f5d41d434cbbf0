import type { Random } from '../../test/fixtures/random.ts'
import type { Fault, LabDoors } from '../aws/doors.ts'

/** As the emulator's knobs: events lost, doubled, out of order, late. */
const EVENTS = { drop: 0.1, duplicate: 0.2, reorder: 0.3, reorder_ms: 800, jitter_ms: 300 }

/** Below the `absenceProof` of the run: a listing that is older could not be told from the truth. */
const STALE_MS = 1_500

/** What can be wrong with AWS at one time; each call draws one state of affairs. */
export function drawFaults(random: Random, account: string): Fault[] {
  const describe = { service: 'ec2', action: 'DescribeInstances' }
  const kinds: Fault[][] = [
    [],
    [{ ...describe, stale_ms: STALE_MS, probability: 0.3 }],
    [{ ...describe, account, code: 'UnauthorizedOperation', status: 403, message: 'not for you' }],
    [{ ...describe, short_page: 2 }],
    [{ ...describe, rate: 2, burst: 4 }],
    [{ ...describe, code: 'InternalError', status: 500, message: 'try later', probability: 0.3 }],
    [{ ...describe, delay_ms: 1_200, probability: 0.3 }],
    [{ service: 'sts', action: 'AssumeRole', account, code: 'AccessDenied', status: 403, message: 'no' }],
  ]
  return [...random.pick(kinds), ...random.pick(kinds)]
}

export const beginMisfortune = (lab: LabDoors, seed: number) => lab.setEvents({ ...EVENTS, seed })

/** Everything works again. What was lost stays lost. */
export async function endMisfortune(lab: LabDoors): Promise<void> {
  await lab.setFaults([])
  await lab.setEvents({})
}
