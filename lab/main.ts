import { parseArgs } from 'node:util'
import { bringUp } from './world/bring-up.ts'
import { type Engine, engines } from './world/settings.ts'
import { enterLaptop, printEnv, printStatus, printTotp, stopWorld, typeAs } from './world/verbs.ts'

const usage = `script/lab                bring the lab up, try it as an engineer would, and leave it up
script/lab --once         the same in a world of its own on free ports, ended afterwards; exit 0 only if all of it worked
script/lab --lambda       functions do discovery, on PostgreSQL, instead of the server on SQLite
script/lab --once --tunnel wireguard|openvpn  an engineer's tunnel into a VPC instead of the portal
           --hard          with servers that die, a laptop that sleeps, a network that goes away
script/lab --no-journey   only bring it up
script/lab --built        pack what script/build.ts made before, and do not make it again
script/lab --no-product   only AWS, hosts and the identity provider
script/lab status         what is up, and the hosts
script/lab totp NAME      the one-time code of a person, now
script/lab laptop         a shell on an engineer's laptop, with enchilada installed
script/lab type NAME      type that person's password and code into the browser of a sign-in there
script/lab stop           end it
eval "$(script/lab env)"  stock tools in this shell: aws with profiles management, shared, workload-1 to workload-3

--json   progress on stderr, one JSON document on stdout
--seed S the same passwords and secrets again`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    once: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    seed: { type: 'string' },
    product: { type: 'boolean', default: true },
    built: { type: 'boolean', default: false },
    journey: { type: 'boolean', default: true },
    lambda: { type: 'boolean', default: false },
    tunnel: { type: 'string' },
    hard: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
  allowNegative: true,
})

async function main(): Promise<number> {
  if (values.help) {
    console.log(usage)
    return 0
  }
  const [verb = 'up', ...rest] = positionals
  switch (verb) {
    case 'up': {
      const { tunnel } = values
      if (tunnel !== undefined && !isEngine(tunnel))
        throw new Error(`no such engine: ${tunnel}; there are ${engines.join(', ')}`)
      return bringUp({ ...values, seed: values.seed, tunnel })
    }
    case 'status':
      return printStatus(values.json)
    case 'env':
      return printEnv()
    case 'totp':
      return printTotp(rest[0])
    case 'laptop':
      return enterLaptop()
    case 'type':
      return typeAs(rest[0])
    case 'stop':
      return stopWorld()
    default:
      console.error(`no such verb: ${verb}\n\n${usage}`)
      return 64
  }
}

const isEngine = (name: string): name is Engine => engines.some((engine) => engine === name)

process.exitCode = await main()
