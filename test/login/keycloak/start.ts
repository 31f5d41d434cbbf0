import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { freePort } from '../../fixtures/free-port.ts'
import { REALM, type realmOf } from './realm.ts'

export type Keycloak = {
  /** What IAM gets to know the provider by. */
  metadata: string
  /** Where a person begins, by the name of the client's start. */
  startUrl(name: string): string
  stop(): Promise<void>
}

/** Bringing up takes half a minute on a quiet machine, and minutes on a busy one. */
const READY_WITHIN_MS = 300_000

/** A Keycloak of its own, with its data in memory, that has one realm. `folder` is where it was unpacked. */
export async function startKeycloak(folder: string, realm: ReturnType<typeof realmOf>): Promise<Keycloak> {
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const password = randomBytes(12).toString('hex')
  const child = spawn('bash', [`${folder}/bin/kc.sh`, 'start-dev', '--db=dev-mem', `--http-port=${port}`], {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      JAVA_OPTS_KC_HEAP: '-Xms64m -Xmx512m',
      // It lives for minutes: code that is compiled once is soon enough.
      JAVA_OPTS_APPEND: '-XX:TieredStopAtLevel=1',
      KC_BOOTSTRAP_ADMIN_USERNAME: 'admin',
      KC_BOOTSTRAP_ADMIN_PASSWORD: password,
      KC_HTTP_HOST: '127.0.0.1',
      KC_HEALTH_ENABLED: 'false',
      // One process needs no cluster, and looks for none.
      KC_CACHE: 'local',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Its script starts Java: the group ends both.
    detached: true,
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_000)
    })
  }
  const ended = once(child, 'exit')
  const stop = async () => {
    if (child.exitCode === null && child.pid !== undefined) {
      process.kill(-child.pid, 'SIGKILL')
      await ended
    }
  }
  try {
    await answers(`${origin}/realms/master`, () => child.exitCode === null)
    const grant = { grant_type: 'password', client_id: 'admin-cli', username: 'admin', password }
    const token = await fetch(`${origin}/realms/master/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams(grant),
    })
    const { access_token }: { access_token: string } = JSON.parse(await well(token))
    const made = await fetch(`${origin}/admin/realms`, {
      method: 'POST',
      headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
      body: JSON.stringify(realm),
    })
    await well(made)
    const saml = `${origin}/realms/${REALM}/protocol/saml`
    const metadata = await well(await fetch(`${saml}/descriptor`))
    return { metadata, startUrl: (name) => `${saml}/clients/${name}`, stop }
  } catch (cause) {
    await stop()
    throw new Error(`Keycloak did not come up: ${cause}\n${said}`, { cause })
  }
}

async function well(response: Response): Promise<string> {
  const text = await response.text()
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${text}`)
  return text
}

async function answers(url: string, lives: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + READY_WITHIN_MS
  for (;;) {
    const ok = await fetch(url).then(
      (response) => response.ok,
      () => false,
    )
    if (ok) return
    if (!lives()) throw new Error('it ended')
    if (Date.now() > giveUpAt) throw new Error(`no answer within ${READY_WITHIN_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}
