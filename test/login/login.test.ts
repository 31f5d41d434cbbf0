import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

/** Real Chromium, the lab's SAML provider with its second factor, AWS's emulator: in a world that has no network but loopback. */
describe.skipIf(process.getuid?.() !== 0)('enchilada login', () => {
  let seen: Record<string, unknown> = {}

  beforeAll(async () => {
    const enter = path('../../lab/world/enter.sh')
    const { stdout } = await promisify(execFile)(enter, [process.execPath, path('./login.scenario.ts')], {
      timeout: 280_000,
      killSignal: 'SIGKILL',
    })
    seen = JSON.parse(stdout)
  }, 290_000)

  test('takes the role as the person, by password and one-time code', () => {
    expect(seen['signedIn']).toMatchObject({ code: 0, stdout: expect.stringContaining('"person": "ada@example.com"') })
    expect(seen['assumed']).toMatchObject({ sessionName: 'ada@example.com', sourceIdentity: 'ada@example.com' })
  })

  test('any AWS tool can use it: exec, export, credential_process, a profile', () => {
    expect(seen['whoAmI']).toMatchObject({ code: 0, stdout: expect.stringMatching(/role\/Engineer\/ada@example.com"/) })
    expect(seen['exported']).toMatch(/^export AWS_SESSION_TOKEN='[^']{100,}'$/m)
    expect(seen['processed']).toEqual(['Version', 'AccessKeyId', 'SecretAccessKey', 'SessionToken', 'Expiration'])
    expect(seen).toMatchObject({ profiled: 0, byProfile: true, status: 7 })
  })

  test('the tunnel goes by the same session', () => {
    expect(seen['servers']).toMatchObject({ code: 0, servers: [] })
  })

  test('the response never leaves the machine: nobody asks for the address of AWS, nobody connects to it', () => {
    expect(seen).toMatchObject({ lookups: [], connections: 0, bites: { lookups: true, connections: 1 } })
  })

  test('a large response by a newer address works, and a person whom the provider knows is not asked again', () => {
    expect(seen).toMatchObject({ large: 0, asked: 0 })
    expect(seen['longest']).toBeGreaterThan(95_000)
  })

  test('each form of the address that AWS documents is caught, those of GovCloud, China and a proxy among them', () => {
    // Of the role's own partition and audience is the first alone: what refuses the others is AWS, which has got them.
    const denied = 'LOGIN_ROLE_DENIED'
    expect(seen['forms']).toEqual(['ended with 0', denied, denied, denied, 'LOGIN_ASSERTION_REFUSED'])
  })

  test('a wrong code gets nobody through; a closed window and a late person are told', () => {
    expect(seen).toMatchObject({
      alert: 'The code is wrong.',
      closed: 'LOGIN_BROWSER_CLOSED',
      late: 'LOGIN_TIMED_OUT',
    })
  })

  test('whatever AWS refuses has a code', () => {
    expect(seen['outcomes']).toEqual({
      'wrong audience': '1 LOGIN_ASSERTION_REFUSED',
      expired: '1 LOGIN_ASSERTION_EXPIRED',
      'denied role': '77 LOGIN_ROLE_DENIED',
      'no such role': '64 LOGIN_ROLE_UNKNOWN',
      'no role chosen': '64 LOGIN_ROLE_AMBIGUOUS',
      'too long': '1 LOGIN_DURATION',
      'too large': '1 LOGIN_ASSERTION_TOO_LARGE',
      'no role': '77 LOGIN_NO_ROLE',
    })
  })

  test('no key, token or response stands in a file, an argument list or a message', () => {
    expect(seen).toMatchObject({ taintedFiles: [], taintedWords: 0 })
  })
})
