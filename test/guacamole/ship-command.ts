import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { historyUuid } from '../../src/catalogue/guacamole/history.ts'
import { openSigningKey } from '../../src/kernel/signing-key.ts'
import { type FakeGuacamole, startFakeGuacamole } from '../fixtures/guacamole/fake-server.ts'

/** `enchilada guacamole ship` with a configuration of its own, beside a Guacamole. */
export type ShipCommand = {
  server: FakeGuacamole
  /** Where guacd writes. */
  recorded: string
  /** Where recordings are kept, unless the configuration says otherwise. */
  store: string
  /** To be put behind `node`. */
  words: readonly string[]
  at(name: string): string
  /** A session that ended a minute ago, and what Guacamole calls its recording. */
  ended(id: number): string
  publicKey(): Promise<string>
  stop(): Promise<void>
}

/** `recordings`: that part of enchilada.yaml. */
export async function setShipCommand(recordings: Readonly<Record<string, unknown>> = {}): Promise<ShipCommand> {
  const folder = mkdtempSync(join(tmpdir(), 'enchilada-ship-command-'))
  const at = (name: string) => join(folder, name)
  const server = await startFakeGuacamole()
  mkdirSync(at('policies'))
  mkdirSync(at('guacd'))
  writeFileSync(at('password'), server.password)
  const { url, userName } = server
  // Every JSON document is YAML.
  const config = {
    portal: { url: 'https://enchilada.example.com' },
    signIn: { issuer: 'https://idp.example.com', clientId: 'enchilada' },
    aws: { homeRegion: 'eu-west-1' },
    access: { policies: at('policies') },
    recordings: { directory: at('store'), ...recordings },
    audit: { signingKey: at('signing.pem') },
    catalogue: { guacamole: { rest: { url, userName, password: { file: at('password') } } } },
  }
  writeFileSync(at('enchilada.yaml'), JSON.stringify(config))
  return {
    server,
    recorded: at('guacd'),
    store: at('store'),
    words: ['src/cli/main.ts', '--config', at('enchilada.yaml'), 'guacamole', 'ship', '--folder', at('guacd')],
    at,
    ended(id) {
      const endDate = Date.now() - 60_000
      server.history.push({ identifier: String(id), startDate: endDate - 60_000, endDate, username: 'ada' })
      return historyUuid('session', id)
    },
    publicKey: async () => (await openSigningKey(at('signing.pem'))).publicKey(),
    async stop() {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
