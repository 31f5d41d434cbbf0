import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { writeBrowser } from '../journey/keyboard.ts'
import { CUSTOMER } from '../world/customer.ts'
import type { LaptopReport } from '../world/report.ts'
import { makeLaptop } from './laptop.ts'
import { signedOut } from './laptop-variables.ts'
import { offerPort } from './offer-port.ts'
import { writeEnvironment } from './tunnel-world.ts'

export type LastingLaptopOptions = {
  awsPort: number
  /** Where a sign-in begins. */
  startUrl: string
  /** As its stack prints it. */
  environment: string
}

/** At home, not in the repository that whoever enters may come from. */
const SHELL = ['bash', '-c', "cd && TERM=xterm-256color PS1='engineer@laptop:\\w$ ' exec bash --norc -i"]

/** The laptop that people may enter: the product is installed, what the company wants is set, and nobody has signed in. */
export async function openLastingLaptop({ awsPort, startUrl, environment }: LastingLaptopOptions) {
  const laptop = await makeLaptop(1, awsPort, signedOut(awsPort))
  const saml = await offerPort(laptop.name, Number(new URL(startUrl).port))
  writeEnvironment('lab', environment)
  const enchilada = `exec ${CUSTOMER}/bin/node ${CUSTOMER}/app/package/dist/cli.js "$@"`
  writeFileSync(join(laptop.home, 'bin/enchilada'), `#!/bin/sh\n${enchilada}\n`, { mode: 0o755 })
  const settings = join(laptop.home, '.config/enchilada')
  mkdirSync(settings, { recursive: true })
  writeFileSync(
    join(settings, 'login.yaml'),
    stringify({ signInUrl: startUrl, region: 'eu-west-1', browser: writeBrowser(laptop.home) }),
  )
  const { name, home } = laptop
  const report: LaptopReport = { name, home, shell: laptop.within(SHELL) }
  return {
    report,
    async stop() {
      saml.close()
      laptop.stop()
    },
  }
}
