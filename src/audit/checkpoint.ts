import canonicalize from 'canonicalize'
import * as z from 'zod'
import type { Signer, Verifier } from '../kernel/signer.ts'
import { AT } from './record.ts'
import { parseStrictJson } from './strict-json.ts'

export const headSchema = z.object({ writer: z.string(), seq: z.number().int().positive(), hash: z.string() })

/** A signed statement: "at this time the chains ended here". `sig` is over the canonical JSON of all other fields. */
export const checkpointSchema = z.object({
  at: z.string().regex(AT),
  heads: z.array(headSchema),
  prev: z.string().regex(/^[0-9a-f]{64}$/),
  key: z.string(),
  sig: z.string(),
})
export type Checkpoint = z.infer<typeof checkpointSchema>
export type CheckpointHead = z.infer<typeof headSchema>

const signedBytes = (body: object): Uint8Array => Buffer.from(canonicalize(body) ?? '')

export async function signCheckpoint(signer: Signer, body: Omit<Checkpoint, 'sig' | 'key'>): Promise<string> {
  const whole = { ...body, key: signer.key }
  const sig = Buffer.from(await signer.sign(signedBytes(whole))).toString('base64')
  return canonicalize({ ...whole, sig }) ?? ''
}

export type ParsedCheckpoint = { checkpoint: Checkpoint; isGenuine(verify: Verifier): boolean }

/** The signature is held against everything the line says, also what the schema does not know. */
export function parseCheckpoint(line: Uint8Array): ParsedCheckpoint | undefined {
  const said = parseStrictJson(line)
  const checkpoint = checkpointSchema.safeParse(said).data
  if (!checkpoint) return undefined
  const { sig, ...body } = Object(said)
  return { checkpoint, isGenuine: (verify) => verify(signedBytes(body), Buffer.from(checkpoint.sig, 'base64')) }
}
