import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { enchilada } from '../login/product.ts'

const folder = mkdtempSync(join(tmpdir(), 'enchilada-options-'))
writeFileSync(
  join(folder, 'environments.yaml'),
  `name: customer-a
account: "111122223333"
networks:
  - region: eu-west-1
    vpc: vpc-0123456789abcdef0
    subnets: [subnet-0123456789abcdef0]
    securityGroup: sg-0123456789abcdef0
limits: { longest: 2h }
`,
)
afterAll(() => rmSync(folder, { recursive: true }))

/** Nothing listens where AWS would be: what is refused here was refused before AWS was asked. */
const run = (...args: string[]) =>
  enchilada(
    {
      PATH: process.env['PATH'],
      HOME: folder,
      ENCHILADA_ENVIRONMENTS: join(folder, 'environments.yaml'),
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    args,
  )

test.concurrent.each([
  ['TUNNEL_TIME_INVALID', ['up', 'customer-a', '--ttl', 'nonsense']],
  ['TUNNEL_TIME_INVALID', ['up', 'customer-a', '--ttl', '0m']],
  ['TUNNEL_TIME_INVALID', ['up', 'customer-a', '--ttl=-5m']],
  ['TUNNEL_TIME_INVALID', ['up', 'customer-a', '--ttl', '121m']],
  ['TUNNEL_TIME_INVALID', ['extend', 'customer-a', 'nonsense']],
  ['TUNNEL_TIME_INVALID', ['extend', 'customer-a', '--', '-5m']],
  ['TUNNEL_TIME_INVALID', ['extend', 'customer-a', '3h']],
  ['TUNNEL_TARGET_INVALID', ['up', 'customer-a', '--to', 'nonsense']],
  ['TUNNEL_TARGET_INVALID', ['up', 'customer-a', '--to', '10.1.4.7', '10.1.0.0/16:22']],
  ['TUNNEL_ADDRESS_INVALID', ['explain', 'customer-a', 'nonsense']],
  ['TUNNEL_ENVIRONMENT_UNKNOWN', ['list', 'nonsense']],
  ['TUNNEL_ENVIRONMENT_UNKNOWN', ['up', 'nonsense']],
  ['TUNNEL_NETWORK_UNKNOWN', ['up', 'customer-a', '--region', 'nonsense']],
  ['LOGIN_OPTION_INVALID', ['login', '--duration', 'nonsense']],
  ['LOGIN_OPTION_INVALID', ['login', '--duration', '13h']],
  ['LOGIN_OPTION_INVALID', ['login', '--timeout', '30d']],
  ['LOGIN_OPTION_INVALID', ['login', '--region', 'nonsense']],
  ['LOGIN_OPTION_INVALID', ['login', '--sign-in-url', 'http://idp.example.com/']],
])('%s: %j is not understood', async (error, args) => {
  expect(await run('--json', ...args)).toMatchObject({ code: 64, stdout: '', error })
})

test.concurrent.each([
  ['--hours', ['cost', '--hours', 'nonsense']],
  ['--days', ['cost', '--days', '0']],
  ['--export', ['login', '--export', 'nonsense']],
  ['--write-profile', ['login', '--write-profile', 'a]\n[default']],
  ['--engine', ['up', 'customer-a', '--engine', 'nonsense']],
  ['--method', ['login', '--method', 'nonsense']],
])('%s says what it takes', async (option, args) => {
  expect(await run(...args)).toMatchObject({ code: 64, stderr: expect.stringContaining(`error: option '${option}`) })
})

test('commands and options of the tunnel are completed', async () => {
  const commands = await run('complete', '--', 'ex')
  expect(commands.stdout.split('\n').map((line) => line.split('\t')[0])).toEqual(
    expect.arrayContaining(['exec', 'extend', 'explain']),
  )
  expect((await run('complete', '--', 'up', '--')).stdout).toContain('--ttl')
})
