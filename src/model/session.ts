/** Why a session ended; the WebSocket close code and the trail both carry it. */
export const sessionEndReasons = [
  'closed-by-person',
  'closed-by-target',
  'ended-by-operator',
  'access-ended',
  'access-withdrawn',
  'signed-out',
  'instance-gone',
  'idle-limit',
  'absolute-limit',
  'recording-failed',
  'target-failed',
  'grace-expired',
  'node-lost',
  'node-stopping',
] as const
export type SessionEndReason = (typeof sessionEndReasons)[number]
