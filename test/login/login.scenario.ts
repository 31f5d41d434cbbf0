import { lookup } from 'node:dns/promises'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeOrganisation } from '../../lab/aws/organisation.ts'
import { startAws } from '../../lab/aws/start.ts'
import { federate } from '../../lab/idp/saml/federate.ts'
import type { RolePair } from '../../lab/idp/saml/response.ts'
import { type SamlKnobs, startSamlIdp } from '../../lab/idp/saml/start.ts'
import { forgetBrowser, giveCode, givePassword, takePage, writeBrowser } from '../../lab/journey/keyboard.ts'
import { setNameTrap } from './name-trap.ts'
import { argumentLists, enchilada, findTaint } from './product.ts'

/** Signs in as an engineer would, in a world without a network, and prints what came of it as JSON. */

const folder = mkdtempSync(join(tmpdir(), 'enchilada-login-'))
const home = join(folder, 'home')
const tools = join(import.meta.dirname, '../../.tools/venv/bin')
mkdirSync(home)

const trap = await setNameTrap()
const aws = await startAws()
const organisation = await makeOrganisation(aws.endpoint)
const { id: account, credentials } = organisation.accounts['workload-1']
const pairOf = (name: string): RolePair => ({
  roleArn: `arn:aws:iam::${account}:role/${name}`,
  providerArn: `arn:aws:iam::${account}:saml-provider/Lab`,
})
let roles = [pairOf('Engineer'), pairOf('Operator'), pairOf('Closed')]
const idp = await startSamlIdp({ rolesOf: () => roles })
const statements = [{ Effect: 'Allow', Action: 'ec2:Describe*', Resource: '*' }]
const condition = { StringLike: { 'saml:aud': 'https://*signin.aws.amazon.com/saml*' } }
await federate({ endpoint: aws.endpoint, credentials, region: 'us-east-1' }, account, idp.metadata, [
  { name: 'Engineer', statements, condition },
  { name: 'Operator', statements, condition },
  { name: 'Closed', statements, condition: { StringEquals: { 'saml:sub': 'nobody' } } },
])

const envOf = (own: string): NodeJS.ProcessEnv => ({
  PATH: `${tools}:${process.env['PATH']}`,
  HOME: own,
  AWS_ENDPOINT_URL: aws.endpoint,
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_REGION: 'eu-west-1',
  ENCHILADA_PASSPHRASE: 'correct horse battery staple',
})
const env = envOf(home)
const browser = writeBrowser(folder)
const signIn = (own: string, ...more: string[]) => {
  forgetBrowser(own)
  return enchilada(envOf(own), [
    ...['--json', 'login', '--method', 'saml', '--sign-in-url', idp.startUrl, '--browser', browser, ...more],
  ])
}
const ada = idp.person('ada')

// The whole way: password, code, the form caught, the role taken.
const first = signIn(home, '--role', 'Engineer')
await takePage(home, async (page) => {
  await givePassword(page, ada)
  await giveCode(page, ada.totp?.generate() ?? '')
})
const signedIn = await first
const seen = argumentLists()
const whoAmI = await enchilada(env, ['exec', '--', 'aws', 'sts', 'get-caller-identity'])
const exported = await enchilada(env, ['login', '--export', 'bash'])
const processed = await enchilada(env, ['login', '--credential-process'])
const profiled = await enchilada(env, ['login', '--write-profile', 'lab'])
const byProfile = await enchilada({ ...env, AWS_PROFILE: 'lab' }, [
  'exec',
  '--profile',
  'lab',
  '--',
  'sh',
  '-c',
  'echo $AWS_ACCESS_KEY_ID',
])
// The tunnel's commands go by the same session: EC2 of the account is asked as the role.
const { 'eu-west-1': network } = organisation.accounts['workload-1'].networks
writeFileSync(
  join(folder, 'environments.yaml'),
  [
    ...['name: customer-a', `account: '${account}'`, 'networks:'],
    ...[`  - region: eu-west-1`, `    vpc: ${network?.vpcId}`, `    subnets: [${network?.subnetId}]`],
    '    securityGroup: sg-0123456789abcdef0',
  ].join('\n'),
)
const servers = await enchilada(env, ['list', '--environments', join(folder, 'environments.yaml'), '--json'])
const status = await enchilada(env, ['exec', '--', 'sh', '-c', 'exit 7'])

// The provider knows the browser now: nobody is asked again. A large response, by one of the newer addresses.
const askedBefore = idp.asked()
idp.turn({ padding: 69_000, recipient: 'https://eu-west-1.signin.aws.amazon.com/saml/acs/SAMLSP1AB' })
const large = await signIn(home, '--role', 'Operator', '--session', 'large')
const asked = idp.asked() - askedBefore

// Every other form of the address that AWS documents. Whatever STS says of it, the response was caught.
const forms: string[] = []
for (const recipient of [
  'https://us-east-2.signin.aws.amazon.com/saml',
  'https://signin.amazonaws-us-gov.com/saml',
  'https://us-gov-east-1.signin.amazonaws-us-gov.com/saml/acs/SAMLSP2CD',
  'https://signin.amazonaws.cn/saml',
  'https://signin.aws.amazon.com.mcas.ms/saml',
]) {
  idp.turn({ recipient })
  const { code, error } = await signIn(home, '--role', 'Operator', '--session', 'forms', '--timeout', '20s')
  forms.push(error ?? `ended with ${code}`)
}

// What AWS or the role makes fail, with the response on standard input.
async function refused(knobs: SamlKnobs, ...more: string[]) {
  idp.turn(knobs)
  const { code, error, stdout } = await enchilada(
    env,
    ['--json', 'login', '--method', 'stdin', '--store', 'none', ...more],
    `${idp.responseFor('ada')}\n`,
  )
  return `${code} ${error ?? stdout}`
}
const outcomes = {
  'wrong audience': await refused({ audience: 'urn:example:other' }, '--role', 'Engineer'),
  expired: await refused({ ageMs: 400_000 }, '--role', 'Engineer'),
  'denied role': await refused({}, '--role', 'Closed'),
  'no such role': await refused({}, '--role', 'Administrator'),
  'no role chosen': await refused({}),
  'too long': await refused({}, '--role', 'Engineer', '--duration', '12h'),
  'too large': await refused({ padding: 90_000 }, '--role', 'Engineer'),
}
roles = []
const noRole = await refused({})

// Somebody else's home: a wrong code gets nobody through, and a window that is closed says so.
const other = join(folder, 'other')
mkdirSync(other)
const wrong = signIn(other)
const alert = await takePage(other, async (page) => {
  await givePassword(page, ada)
  await giveCode(page, '000000')
  const told = await page.getByRole('alert').innerText()
  await page.close()
  return told
})
const closed = await wrong
const late = await signIn(other, '--timeout', '1s')

const keys: { SecretAccessKey: string; SessionToken: string } = JSON.parse(processed.stdout)
const secrets = [keys.SecretAccessKey, keys.SessionToken, ...idp.sent().map((response) => response.slice(2_000, 2_080))]
const told = [signedIn, whoAmI, profiled, closed].map(({ stdout, stderr }) => stdout + stderr).join('\n')
const lookups = trap.lookups()
const connections = trap.connections()
// The trap must bite: the same name asked for in the open.
await lookup('signin.aws.amazon.com')
await new Promise((resolve) => connect(443, 'signin.aws.amazon.com').once('close', resolve).resume())

console.log(
  JSON.stringify({
    signedIn,
    whoAmI,
    exported: exported.stdout,
    processed: Object.keys(JSON.parse(processed.stdout)),
    profiled: profiled.code,
    byProfile: byProfile.stdout.trim() === JSON.parse(processed.stdout).AccessKeyId,
    byProfileError: byProfile.stderr,
    status: status.code,
    servers: { code: servers.code, ...(servers.code === 0 ? JSON.parse(servers.stdout) : { stderr: servers.stderr }) },
    outcomes: { ...outcomes, 'no role': noRole },
    large: large.code,
    asked,
    forms,
    longest: Math.max(...idp.sent().map((response) => response.length)),
    alert,
    closed: closed.error,
    late: late.error,
    taintedFiles: findTaint(home, secrets)
      .concat(findTaint(other, secrets))
      .map((file) => file.slice(folder.length)),
    taintedWords: secrets.filter((secret) => told.includes(secret) || seen.some((line) => line.includes(secret)))
      .length,
    lookups,
    connections,
    bites: { lookups: trap.lookups().includes('signin.aws.amazon.com'), connections: trap.connections() - connections },
    assumed: (await aws.lab.assumed()).filter((one) => one.role.endsWith('/Engineer')).at(0),
  }),
)
trap.close()
await idp.stop()
await aws.stop()
rmSync(folder, { recursive: true, force: true })
