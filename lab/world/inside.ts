import { mkdirSync } from 'node:fs'
import { makeOrganisation, writeProfiles } from '../aws/organisation.ts'
import { startAws } from '../aws/start.ts'
import { startHosts } from '../hosts/hosts.ts'
import { federate } from '../idp/saml/federate.ts'
import { startSamlIdp } from '../idp/saml/start.ts'
import { startIdp } from '../idp/start.ts'
import { functionChains } from '../journey/function-chains.ts'
import { runJourney } from '../journey/run-journey.ts'
import { takeFigures } from '../tunnel/figures.ts'
import { runHardDay } from '../tunnel/hard-day.ts'
import { openLastingLaptop } from '../tunnel/lasting-laptop.ts'
import { CIDR, peerOf, samlRoleOf } from '../tunnel/management-vpc.ts'
import { overdueIsEnded } from '../tunnel/overdue-server.ts'
import { runTunnel } from '../tunnel/run-tunnel.ts'
import { buildProduct, installProduct } from './customer.ts'
import { startDatabase } from './database.ts'
import { deployStacks } from './deploy-stacks.ts'
import { maskedFolders } from './folders.ts'
import { saveFunctionLogs } from './function-logs.ts'
import { startGuacamole } from './guacamole.ts'
import { startPortalMachine } from './portal-machine.ts'
import { bringUpProduct } from './product.ts'
import { startRelay } from './relay.ts'
import { createSteps, type HostReport, type Line, type WorldReport } from './report.ts'
import { doors, socketOf, type WorldSettings } from './settings.ts'
import { firstLaunches, launchHost, toolsFolder } from './stock-tools.ts'
import { connectNetworks, openUplink, proveCounters, readLeaks, readStrays } from './uplink.ts'

/** Everything of a world, run inside it by its first process. Tells its steps on stdout; ends when its standard input does. */

const settings: WorldSettings = JSON.parse(process.argv[2] ?? '{}')
const tell = (line: Line) => void process.stdout.write(`${JSON.stringify(line)}\n`)
const log = (text: string) => console.error(`${new Date().toISOString()} ${text}`)
const steps = createSteps(tell)
const { step, all } = steps
const closers: { name: string; close: () => Promise<unknown> }[] = []
const onEnd = (name: string, close: () => Promise<unknown>) => void closers.unshift({ name, close })

const DISKS = '/run/lab/disks'
// Long enough that states between are seen, short enough to wait for.
const LIFECYCLE_MS = 300
// What the world itself needs of temporary files ends with it.
process.env['TMPDIR'] = '/run/lab/tmp'
mkdirSync('/run/lab/tmp', { mode: 0o1777 })

async function bringUp(): Promise<void> {
  const { ports, dir, seed } = settings
  const portal = `http://localhost:${ports.portal}`
  await step('one way out, counted', openUplink)
  const aws = await step('AWS', () =>
    startAws({ port: ports.aws, pendingMs: LIFECYCLE_MS, stoppingMs: LIFECYCLE_MS, dir: '/run/lab/functions' }),
  )
  onEnd('AWS was asked for nothing it cannot do', aws.stop)
  for (const door of doors) {
    await startRelay({ path: socketOf(dir, door) }, () => ({ host: '127.0.0.1', port: ports[door] }))
  }
  const organisation = await step('organisation', () => makeOrganisation(aws.endpoint))
  const env = {
    ...writeProfiles(`${dir}/aws-profiles`, aws.endpoint, organisation),
    AWS_EC2_METADATA_DISABLED: 'true',
    PATH: toolsFolder,
  }
  const idp = await step('identity provider', () =>
    startIdp({
      port: ports.idp,
      seed,
      redirectUris: [`${portal}/sign-in/callback`],
      postLogoutRedirectUris: [portal, `${portal}/`, `${portal}/signed-out`],
      backchannelLogoutUri: `${portal}/sign-out/back-channel`,
    }),
  )
  onEnd('identity provider ended', idp.stop)
  const { management } = organisation.accounts
  // The journey of a tunnel signs in to the provider of its own stack; elsewhere people of one account visit another.
  const bySaml = settings.tunnel !== undefined && settings.trial === undefined
  const saml = await step('SAML provider, known to IAM', async () => {
    const ofManagement = (name: string) => `arn:aws:iam::${management.id}:${name}`
    const role = bySaml
      ? samlRoleOf(organisation.accounts.shared.id)
      : { roleArn: ofManagement('role/Engineer'), providerArn: ofManagement('saml-provider/Lab') }
    const rolesOf = ({ groups }: { groups: readonly string[] }) => (groups.includes('engineer') ? [role] : [])
    const provider = await startSamlIdp({ port: ports.saml, seed, rolesOf })
    const target = { endpoint: aws.endpoint, credentials: management.credentials, region: 'us-east-1' }
    const become = ['sts:AssumeRole', 'sts:SetSourceIdentity', 'sts:TagSession']
    const statements = [{ Effect: 'Allow', Action: become, Resource: '*' }]
    await federate(target, management.id, provider.metadata, [{ name: 'Engineer', statements }])
    return provider
  })
  onEnd('SAML provider ended', saml.stop)
  const hosts = startHosts({ lab: aws.lab, awsPort: aws.port, disks: DISKS, masked: maskedFolders(), log })
  onEnd('hosts taken down', hosts.stop)
  const launched = await step('hosts', async () => {
    const reports: HostReport[] = []
    // A tunnel's journey launches its own.
    for (const launch of settings.tunnel ? firstLaunches.slice(0, 1) : firstLaunches) {
      const { id, account, region, privateIp } = await launchHost(env, aws.lab, launch)
      reports.push({ id, account, region, name: launch.name, address: privateIp ?? '' })
    }
    for (const { id } of reports) await hosts.waitFor(id)
    return reports
  })
  await step('every way out is counted', () => proveCounters(hosts.vpcs()[0]?.namespace ?? ''))

  const report: WorldReport = {
    portal,
    idp: idp.issuer,
    aws: aws.endpoint,
    saml: saml.startUrl,
    seed,
    people: idp.people.map(({ name, email, groups, password }) => ({ name, email, groups, password })),
    env,
    hosts: launched,
  }
  if (settings.tunnel) {
    if (!settings.built) await step('product built', buildProduct)
    const place = { dir: `${dir}/deploy`, env, endpoint: aws.endpoint, awsPort: aws.port }
    const { tunnel: engine, trial } = settings
    const signIn = { startUrl: saml.startUrl, seed }
    const options = {
      ...{ ...place, signIn, engine, organisation, lab: aws.lab, hosts },
      ...(bySaml && { samlMetadata: saml.metadata }),
    }
    if (trial === undefined) await runTunnel(steps, options)
    else if (trial === 'hard') await runHardDay(steps, options)
    else report.figures = await takeFigures(steps, options, trial.rounds)
  } else if (settings.product) {
    const { lambda } = settings
    if (!settings.built) await step('product built', buildProduct)
    const database = lambda ? await step('PostgreSQL', () => startDatabase(aws.endpoint, organisation)) : undefined
    if (database) {
      onEnd('PostgreSQL ended', database.stop)
      const file = `${dir}/functions.log`
      onEnd('logs of the functions kept', () => saveFunctionLogs(aws.endpoint, organisation, file))
    }
    const guacamole =
      database && (await step('tables of a Guacamole', () => startGuacamole(aws.endpoint, organisation, database)))
    const functions = database && {
      ...database.functions,
      ...(guacamole && { guacamole: { target: guacamole.target, secrets: guacamole.secrets } }),
    }
    const peer = await peerOf(aws.endpoint, organisation.accounts.shared)
    await connectNetworks(CIDR, peer.cidr)
    const deployed = {
      ...{ dir: `${dir}/deploy`, env, organisation, tenant: 'acme' },
      ...((settings.journey || settings.lasting) && { managementVpc: { peers: [peer] } }),
    }
    const wiring = await step(
      'stacks deployed into five accounts, by cdk',
      () => deployStacks({ ...deployed, ...(functions && { functions }) }),
      () => 'EnchiladaShared, EnchiladaDirectory, EnchiladaWorkload',
    )
    await step(
      'what the emulator did not make of them',
      () => aws.lab.ignoredResources(),
      (types) => `${types.join(', ') || 'nothing'}; asserted on the templates instead`,
    )
    const machine = await step('the machine of the portal', () => startPortalMachine(aws, organisation, wiring))
    await step('product packed and unpacked', installProduct, (tarball) => tarball)
    const product = await bringUpProduct(steps, {
      dir,
      portalPort: ports.portal,
      issuer: idp.issuer,
      clientId: idp.client.id,
      clientSecret: idp.client.secret,
      organisation,
      wiring,
      lambda,
      ...(guacamole && { guacamole: guacamole.target }),
      env: { ...machine, ...guacamole?.env, ...(database && { DATABASE_URL: database.url }) },
    })
    onEnd('product ended', product.stop)
    if (settings.lasting && wiring.environment !== undefined) {
      const place = { awsPort: aws.port, startUrl: saml.startUrl, environment: wiring.environment }
      const laptop = await step('a laptop', () => openLastingLaptop(place))
      onEnd('laptop ended', laptop.stop)
      report.laptop = laptop.report
    }
    if (database) await step('the schedule fires a sweep', () => aws.lab.fireSchedules('Enchilada'))
    if (settings.journey) {
      const place = { portal, seed, dir, env, lab: aws.lab, hosts, product }
      Object.assign(report, await runJourney(steps, { ...place, ...(guacamole && { guacamole }) }))
      await overdueIsEnded(steps, { endpoint: aws.endpoint, organisation, lab: aws.lab, product, wiring, lambda })
      if (lambda) await step('the functions keep chains of their own', () => functionChains(product), String)
    }
  }
  tell({ kind: 'ready', ok: true, report })
}

async function end(): Promise<void> {
  for (const { name, close } of closers) await step(name, close).catch(() => {})
  await step('nothing left the world', async () => {
    const leaks = await readLeaks()
    if (leaks.world + leaks.hosts + leaks.lookups === 0) return
    throw new Error(`packets refused: ${JSON.stringify(leaks)} ${(await readStrays()).join(', ')}`)
  }).catch(() => {})
  tell({ kind: 'ended', ok: all().every((one) => one.ok), steps: [...all()] })
  process.exit(all().every((one) => one.ok) ? 0 : 1)
}

const asked = new Promise<void>((resolve) => {
  process.stdin.resume().once('end', resolve).once('close', resolve)
})
try {
  await bringUp()
  await asked
} catch (error) {
  log(`the world did not come up: ${error instanceof Error ? error.stack : error}`)
  tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
}
await end()
