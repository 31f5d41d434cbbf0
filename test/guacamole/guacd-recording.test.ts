import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { guacdVersion, startGuacamole } from '../../bench/terminal/guacamole.ts'
import { startPasswordHost } from '../../bench/terminal/password-host.ts'
import { type HistoryRow, historyUuid } from '../../src/catalogue/guacamole/history.ts'
import { createShipper } from '../../src/guacamole/ship.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { directoryFiles } from '../../src/recording/recording-files.ts'
import { setRecordingStage } from '../fixtures/recording-stage.ts'

// What a real guacd writes, and the lock that it holds meanwhile. It comes with `script/bootstrap --only guacd`.
const uuid = historyUuid('session', 7)
const ours = { id: 'c1', scope: 'acme/aws/111122223333/eu-west-1', instance: 'i-0123456789abcdef0', protocol: 'ssh' }

test.skipIf(guacdVersion() === undefined)(
  'an SSH session that guacd recorded waits while it is written, and is shipped whole',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'enchilada-guacd-'))
    chmodSync(folder, 0o777)
    const path = join(folder, uuid, 'recording')
    const stage = await setRecordingStage()
    const host = await startPasswordHost({ flood: 0.001 })
    const guacamole = await startGuacamole(host, {
      'recording-path': join(folder, uuid),
      'recording-name': 'recording',
      'create-recording-path': 'true',
    })
    const row: HistoryRow = {
      kind: 'session',
      id: 7,
      userName: 'ada',
      remoteHost: undefined,
      startedAt: Date.now(),
      endedAt: undefined,
      connection: { id: '1', name: 'bench' },
    }
    const pass = (now: number) =>
      createShipper({
        folder,
        files: directoryFiles(stage.folder),
        signer: stage.signer,
        history: { newest: async () => ({ rows: [row], isAll: true }), again: async () => [] },
        owned: async () => new Map([['1', ours]]),
        live: async () => undefined,
        clocksAhead: async () => [],
        clock: { ...systemClock, now: () => now },
        missingAfter: 900_000,
      })()
    try {
      const shell = await guacamole.open()
      await shell.quiet(500)
      shell.type('touch was-here; cat notes.txt\r')
      await expect.poll(() => host.has('was-here'), { timeout: 10_000 }).toBe(true)
      const aDayLater = Date.now() + 86_400_000
      expect((await pass(aDayLater)).files).toMatchObject([{ outcome: 'waits', why: 'being written' }])

      shell.close()
      const endedAt = Date.now()
      row.endedAt = endedAt
      const why = async () => (await pass(endedAt)).files.map((one) => ('why' in one ? one.why : one.outcome))
      // A guacd that misses the hang-up waits 15 s for its user to say something, and up to 5 s for its threads.
      await expect.poll(why, { timeout: 40_000 }).toEqual(['just ended'])
      await sleep(200)
      const written = readFileSync(path, 'utf8')
      const [shipped] = (await pass(Date.now() + 60_000)).files
      if (shipped?.outcome !== 'shipped') expect.fail(JSON.stringify(shipped))
      expect(existsSync(path)).toBe(false)

      const recordings = stage.open()
      expect(await recordings.verify(shipped.recording)).toMatchObject({ ok: true })
      let stream = ''
      for await (const [, kind, data] of recordings.events(shipped.recording)) stream += kind === 'g' ? data : ''
      expect(stream === written).toBe(true)
      expect(/;4\.sync,\d+\.\d+;/.test(stream)).toBe(true)
    } finally {
      await guacamole.close()
      await host.stop()
      stage.close()
      rmSync(folder, { recursive: true, force: true })
    }
  },
  90_000,
)
