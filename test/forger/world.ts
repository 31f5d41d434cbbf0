import { generateKeyPairSync, sign } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileRecords } from '../../src/audit/chain-files.ts'
import { fileCheckpoints } from '../../src/audit/checkpoint-store.ts'
import { createNotary } from '../../src/audit/notary.ts'
import { openTrail } from '../../src/audit/trail.ts'
import { silentLog } from '../../src/kernel/log.ts'
import type { Signer } from '../../src/kernel/signer.ts'
import { openSigningKey } from '../../src/kernel/signing-key.ts'
import { directoryFiles } from '../../src/recording/recording-files.ts'
import { openRecordings } from '../../src/recording/recordings.ts'
import { createFakeClock } from '../fixtures/fake-clock.ts'
import type { Random } from '../fixtures/random.ts'
import { sessionFacts } from '../fixtures/recording-stage.ts'

/** A trail of several writers with sealed recordings, all older than the last checkpoint but for a few records. */
export type World = {
  trail: string
  checkpoints: string
  recordings: string
  writers: readonly string[]
  /** Sealed sessions. */
  sessions: readonly string[]
  /** Last signed sequence of each writer; later records are too young to be proven. */
  covered: ReadonlyMap<string, number>
  signer: Signer
  /** A world of one's own to forge in. */
  copy(): World
  remove(): void
}

/** As a key in KMS signs: ECDSA with P-256 over sha256, in DER, named by an ARN. */
function signerLikeKms(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    key: 'arn:aws:kms:eu-west-1:111122223333:key/6f6d2b5e-0000-4000-8000-000000000001',
    publicKey: async () => publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sign: async (data) => sign('sha256', data, privateKey),
  }
}

const WRITERS = ['node-1', 'node-2', 'writer-lambda'] as const

export async function buildWorld(random: Random): Promise<World> {
  const root = mkdtempSync(join(tmpdir(), 'enchilada-forger-'))
  const [trail, checkpoints, recordings] = ['trail', 'checkpoints', 'recordings'].map((name) => join(root, name))
  if (!trail || !checkpoints || !recordings) throw new Error('unreachable')
  const signer = random.below(2) === 0 ? await openSigningKey(join(root, 'keys', 'signing.pem')) : signerLikeKms()
  // Ten minutes before midnight, so that chains run over two files.
  const clock = createFakeClock(Date.UTC(2026, 10, 23, 23, 50))
  const notarise = createNotary({
    records: fileRecords(trail),
    checkpoints: fileCheckpoints(checkpoints),
    signer,
    clock,
  })
  const trails = await Promise.all(
    WRITERS.map((writer) => openTrail({ directory: trail, writer, clock, log: silentLog })),
  )
  const store = openRecordings({ files: directoryFiles(recordings), spool: recordings, signer, clock })
  const sessions: string[] = []

  const speak = async (count: number) => {
    for (let n = 0; n < count; n += 1) {
      await clock.advance(1_000 + random.below(9_000))
      await random.pick(trails).record({
        kind: random.pick(['session.connected', 'session.disconnected', 'access.refused'] as const),
        actor: `person-${random.below(5)}`,
        subject: `connection-${random.below(50)}`,
        source: 'fact',
        data: { n, name: random.pick(['web-1', 'bücher ✓', 'a\u2028b']) },
      })
    }
  }

  const recordSession = async () => {
    const recorder = await store.open(sessionFacts(clock.now()))
    for (let n = 0; n < 64; n += 1) {
      recorder.output(Buffer.from(`$ step ${n} of ${random.below(1_000)}\r\n`))
      await clock.advance(1_000)
      await recorder.flush()
    }
    const sealed = await recorder.seal('closed-by-person')
    const { id: session, ...data } = sealed
    await trails[0]?.record({
      kind: 'recording.sealed',
      actor: 'system:gateway',
      subject: 'c',
      session,
      source: 'fact',
      data,
    })
    sessions.push(recorder.facts.id)
  }

  await speak(WRITERS.length)
  await Promise.all(
    trails.map((one) => one.record({ kind: 'node.started', actor: 'system:node', subject: 'node', source: 'fact' })),
  )
  for (let round = 0; round < 3; round += 1) {
    await speak(10 + random.below(20))
    await recordSession()
    await clock.advance(30_000)
    await notarise()
  }
  const { heads } = await notarise()
  const covered = new Map(heads.map(({ writer, seq }) => [writer, seq]))
  await speak(3)
  await Promise.all(trails.map((one) => one.close()))
  return place(root, { sessions, covered, signer })
}

function place(root: string, rest: Pick<World, 'sessions' | 'covered' | 'signer'>): World {
  return {
    trail: join(root, 'trail'),
    checkpoints: join(root, 'checkpoints'),
    recordings: join(root, 'recordings'),
    writers: WRITERS,
    ...rest,
    copy() {
      const other = mkdtempSync(join(tmpdir(), 'enchilada-forged-'))
      cpSync(root, other, { recursive: true })
      return place(other, rest)
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}
