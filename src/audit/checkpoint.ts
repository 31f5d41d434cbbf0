import canonicalize from 'canonicalize'
import * as z from 'zod'
import type { Signer, Verifier } from '../kernel/signer.ts'

export const headSchema = z.object({ writer: z.string(), seq: z.number().int().positive(), hash: z.string() })

/** A signed statement: "at this time the chains ended here". `sig` is over the canonical JSON of all other fields. */
export const checkpointSchema = z.object({
  at: z.iso.datetime(),
  heads: z.array(headSchema),
  prev: z.string().regex(/^[0-9a-f]{64}$/),
  key: z.string(),
  sig: z.string(),
})
export type Checkpoint = z.infer<typeof checkpointSchema>
export type CheckpointHead = z.infer<typeof headSchema>

const signedBytes = (body: Omit<Checkpoint, 'sig'>): Uint8Array => Buffer.from(canonicalize(body) ?? '')

export async function signCheckpoint(signer: Signer, body: Omit<Checkpoint, 'sig' | 'key'>): Promise<string> {
  const whole = { ...body, key: signer.key }
  const sig = Buffer.from(await signer.sign(signedBytes(whole))).toString('base64')
  return canonicalize({ ...whole, sig }) ?? ''
}

export function isGenuine({ sig, ...body }: Checkpoint, verify: Verifier): boolean {
  return verify(signedBytes(body), Buffer.from(sig, 'base64'))
}

export function parseCheckpoint(line: Buffer): Checkpoint | undefined {
  try {
    const parsed = checkpointSchema.safeParse(JSON.parse(line.toString('utf8')))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}
