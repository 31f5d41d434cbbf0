import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { makeOrganisation } from '../../../lab/aws/organisation.ts'
import { startAws } from '../../../lab/aws/start.ts'
import { findPerson, type LabPerson, makePeople } from '../../../lab/idp/people.ts'
import { federate } from '../../../lab/idp/saml/federate.ts'
import { openBrowser } from '../../../lab/journey/browser.ts'
import { forgetBrowser, takePage, writeBrowser } from '../../../lab/journey/keyboard.ts'
import { setNameTrap } from '../name-trap.ts'
import { argumentLists, enchilada, findTaint } from '../product.ts'
import { codeFor, realmOf } from './realm.ts'
import { startKeycloak } from './start.ts'

/** `keycloak.scenario.ts KEYCLOAK SEED`: signs in at a Keycloak as engineers would, in a world without a network. Prints the cases as JSON. */

const [keycloakFolder = '', seed = ''] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'enchilada-keycloak-'))
const tools = join(import.meta.dirname, '../../../.tools/venv/bin')
const trap = await setNameTrap()
const aws = await startAws()
const { accounts } = await makeOrganisation(aws.endpoint)
const { id: account, credentials } = accounts['workload-1']
const pairOf = (name: string) => ({
  roleArn: `arn:aws:iam::${account}:role/${name}`,
  providerArn: `arn:aws:iam::${account}:saml-provider/Lab`,
})
const people = makePeople(seed)
const named = (name: string): LabPerson => {
  const found = findPerson(people, name)
  if (!found) throw new Error(`nobody is called ${name}`)
  return found
}
const [ada, bob, eve, olga] = [named('ada'), named('bob'), named('eve'), named('olga')]
const keycloak = await startKeycloak(
  keycloakFolder,
  realmOf([
    { person: ada, roles: ['Engineer', 'Operator'].map(pairOf) },
    { person: bob, roles: [pairOf('Closed')] },
    { person: eve, roles: [] },
    { person: olga, roles: [pairOf('Engineer')] },
  ]),
)
const statements = [{ Effect: 'Allow', Action: 'ec2:Describe*', Resource: '*' }]
await federate({ endpoint: aws.endpoint, credentials, region: 'us-east-1' }, account, keycloak.metadata, [
  { name: 'Engineer', statements },
  { name: 'Operator', statements },
  { name: 'Closed', statements, condition: { StringEquals: { 'saml:sub': 'nobody' } } },
])

const browser = writeBrowser(folder)
const homeOf = (name: string) => {
  const home = join(folder, name)
  mkdirSync(home, { recursive: true })
  return home
}
const envOf = (home: string) => ({
  PATH: `${tools}:${process.env['PATH']}`,
  HOME: home,
  AWS_ENDPOINT_URL: aws.endpoint,
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_REGION: 'eu-west-1',
  ENCHILADA_PASSPHRASE: 'correct horse battery staple',
})

/** Keycloak takes a one-time code once: everybody types one, once. The page of a sign-in, from its start to what `hands` do there last. */
async function signIn(
  home: string,
  start: string,
  hands: ((page: Page) => Promise<unknown>) | undefined,
  ...more: string[]
) {
  forgetBrowser(home)
  const url = keycloak.startUrl(start)
  const given = ['--json', 'login', '--method', 'saml', '--sign-in-url', url, '--browser', browser, ...more]
  const running = enchilada(envOf(home), given)
  if (hands) await takePage(home, hands)
  return running
}

const password = async (page: Page, person: LabPerson) => {
  await page.locator('#username').fill(person.name)
  await page.locator('#password').fill(person.password)
  await page.locator('#rememberMe').check()
  await page.locator('#kc-login').click()
}
const code = async (page: Page, text: string) => {
  await page.locator('#otp').fill(text)
  await page.locator('#kc-login').click({ noWaitAfter: true })
}
const whole = (person: LabPerson) => async (page: Page) => {
  await password(page, person)
  await code(page, codeFor(person))
}

type Case = { name: string; ok: boolean; saw: unknown }
const cases: Case[] = []
const add = (name: string, saw: unknown, ok: boolean) => {
  cases.push({ name, ok, saw })
  console.error(`${ok ? 'ok    ' : 'FAILED'}  ${name}${ok ? '' : `: ${JSON.stringify(saw)}`}`)
}
const refusal = (
  name: string,
  wanted: string,
  { code: exit, error }: { code: number | null; error: string | undefined },
) => add(name, `${exit} ${error}`, `${exit} ${error}` === wanted)

// A response that is a minute older than it vouches for, by the time that it is handed to AWS.
const old = await catchResponse('short-lived', olga)
const oldSince = Date.now()

const home = homeOf('ada')
const signedIn = await signIn(home, 'aws', whole(ada), '--role', 'Engineer')
add(
  'password, one-time code, role',
  signedIn.stderr || signedIn.code,
  signedIn.stdout.includes('"person": "ada@example.com"'),
)
const used = await enchilada(envOf(home), ['exec', '--', 'aws', 'sts', 'get-caller-identity'])
add(
  'the credentials are the person',
  used.stderr || used.stdout,
  used.stdout.includes('role/Engineer/ada@example.com"'),
)
const assumed = (await aws.lab.assumed()).find((one) => one.role.endsWith('/Engineer'))
add('SourceIdentity is the person', assumed, assumed?.sourceIdentity === 'ada@example.com')
const again = await signIn(home, 'aws', undefined, '--role', 'Operator', '--session', 'again')
add('whom Keycloak knows is not asked again', again.stderr || again.code, again.code === 0)

refusal('no role chosen', '64 LOGIN_ROLE_AMBIGUOUS', await signIn(home, 'aws', undefined))
refusal('no such role', '64 LOGIN_ROLE_UNKNOWN', await signIn(home, 'aws', undefined, '--role', 'Administrator'))
refusal(
  'wrong audience',
  '1 LOGIN_ASSERTION_REFUSED',
  await signIn(home, 'wrong-audience', undefined, '--role', 'Engineer'),
)
refusal('denied role', '77 LOGIN_ROLE_DENIED', await signIn(homeOf('bob'), 'aws', whole(bob)))
refusal('no role', '77 LOGIN_NO_ROLE', await signIn(homeOf('eve'), 'aws', whole(eve)))

const other = homeOf('other')
let told = ''
const wrong = await signIn(other, 'aws', async (page) => {
  await password(page, ada)
  await code(page, '000000')
  told = await page
    .locator('#input-error-otp-code, #input-error-otp, .pf-v5-c-alert, .kc-feedback-text')
    .first()
    .innerText()
  await page.close()
})
refusal('wrong code, and the window is closed', '1 LOGIN_BROWSER_CLOSED', wrong)
add('the page says that the code is wrong', told, /invalid/i.test(told))
refusal('nobody comes', '1 LOGIN_TIMED_OUT', await signIn(other, 'aws', undefined, '--timeout', '2s'))

await new Promise((resolve) => setTimeout(resolve, Math.max(0, oldSince + 65_000 - Date.now())))
const expired = await enchilada(
  envOf(homeOf('late')),
  ['--json', 'login', '--method', 'stdin', '--store', 'none', '--role', 'Engineer'],
  old,
)
refusal('expired', '1 LOGIN_ASSERTION_EXPIRED', expired)

const tainted = ['ada', 'bob', 'eve', 'other', 'late'].flatMap((name) =>
  findTaint(homeOf(name), [old.slice(2_000, 2_080)]),
)
add('no response stands in a file', tainted, tainted.length === 0)
const kept = ['bob', 'eve', 'other', 'late'].flatMap((name) => findTaint(homeOf(name), ['"v":1']))
add('whoever is refused has no session', kept, kept.length === 0)
const left = argumentLists().filter((line) => line.includes('--remote-debugging-pipe'))
add('no browser is left', left.length, left.length === 0)
add('nothing asked for the address of AWS', trap.lookups(), trap.lookups().length + trap.connections() === 0)

console.log(JSON.stringify(cases))
trap.close()
await keycloak.stop()
await aws.stop()
rmSync(folder, { recursive: true, force: true })

/** What the form would post, by a browser without the product. */
async function catchResponse(start: string, person: LabPerson): Promise<string> {
  const visitor = await openBrowser()
  try {
    const page = await visitor.newPage()
    const posted = page.waitForRequest(/^https:\/\/signin\.aws\.amazon\.com\/saml/)
    await page.goto(keycloak.startUrl(start))
    await whole(person)(page)
    return new URLSearchParams((await posted).postData() ?? '').get('SAMLResponse') ?? ''
  } finally {
    await visitor.close()
  }
}
