import { join } from 'node:path'
import type { AccountName } from '../aws/organisation.ts'
import { run } from './commands.ts'
import { repository } from './folders.ts'

const cdk = join(repository, 'node_modules/.bin/cdk')

/** Types a command of the CDK as that account's administrator would, in deploy/. */
export const typeCdk = (
  { dir, env }: { dir: string; env: Record<string, string> },
  account: AccountName,
  ...args: string[]
): Promise<string> =>
  run(cdk, [...args, '--profile', account, '--no-notices', '--no-color'], {
    cwd: join(repository, 'deploy'),
    env: {
      ...env,
      HOME: dir,
      PATH: process.env['PATH'],
      CI: 'true',
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      // What is checked of the templates is checked by deploy/'s tests; here it would cost seconds.
      CDK_VALIDATION: 'false',
      JSII_DEPRECATED: 'quiet',
    },
    timeoutMs: 180_000,
  })
