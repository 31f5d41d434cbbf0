import { homedir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import envPaths from 'env-paths'
import { askChain, assumeRoleWithSaml } from '../aws/federated-role.ts'
import { captureResponse } from '../aws-login/browser/capture-response.ts'
import { findBrowser } from '../aws-login/browser/find-browser.ts'
import { loginErrors } from '../aws-login/errors.ts'
import { freshSession, type KeptSessions } from '../aws-login/kept-session.ts'
import { type LoginPorts, renew } from '../aws-login/login.ts'
import type { AwsSession } from '../aws-login/session.ts'
import { openStore, type StoreKind } from '../aws-login/store/open-store.ts'
import { systemClock } from '../kernel/clock.ts'
import { Secret } from '../kernel/secret.ts'
import { type CommandContext, optionText } from './command.ts'

export const USUAL_SESSION = 'default'

/** AWS takes an assertion for five minutes after it was made. */
const CHOOSE_WITHIN_MS = 4 * 60_000

export const laptopFolders = () => envPaths('enchilada', { suffix: '' })
export const settingsFile = (): string => join(laptopFolders().config, 'login.yaml')
export const awsConfigFile = (): string => process.env['AWS_CONFIG_FILE'] ?? join(homedir(), '.aws', 'config')

/** Questions go to stderr: stdout is the answer, and often a shell reads it. */
const isAsked = () => process.stdin.isTTY === true && process.stderr.isTTY === true

export function loginPorts(): LoginPorts {
  const profile = join(laptopFolders().data, 'browser')
  return {
    askChain,
    assume: assumeRoleWithSaml,
    clock: systemClock,
    capture: async ({ browser, ...visit }) =>
      captureResponse({ ...visit, program: findBrowser(browser), profile, clock: systemClock }),
    readStdin: async () => new Secret(await text(process.stdin)),
    askRole: isAsked()
      ? async (roles) => {
          const { select, isCancel } = await import('@clack/prompts')
          const late = AbortSignal.timeout(CHOOSE_WITHIN_MS)
          const chosen = await select({
            message: 'Which role?',
            options: roles.map((role) => ({ value: role.roleArn, label: role.name, hint: role.account })),
            output: process.stderr,
            signal: late,
          })
          const role = roles.find(({ roleArn }) => !isCancel(chosen) && roleArn === chosen)
          if (role) return role
          throw late.aborted
            ? loginErrors.LOGIN_ASSERTION_EXPIRED()
            : loginErrors.LOGIN_ROLE_AMBIGUOUS({ roles: roles.map(({ roleArn }) => roleArn).join(', ') })
        }
      : undefined,
  }
}

async function askPassphrase(): Promise<Secret> {
  const { password, isCancel } = await import('@clack/prompts')
  const given = await password({ message: 'Passphrase of the kept session', output: process.stderr })
  if (isCancel(given) || !given) throw loginErrors.LOGIN_PASSPHRASE_MISSING()
  return new Secret(given)
}

/** The session of `enchilada login` for whoever calls AWS in this process; none where a profile was asked for. The store is opened once. */
export function sessionOf(context: CommandContext): () => Promise<AwsSession | undefined> {
  if (optionText(context, 'profile') !== undefined) return async () => undefined
  let kept: Promise<KeptSessions> | undefined
  return async () => {
    kept ??= keptSessions(context, loginPorts())
    return freshSession(await kept, USUAL_SESSION)
  }
}

export async function keptSessions(context: CommandContext, ports: LoginPorts): Promise<KeptSessions> {
  const wanted = optionText(context, 'store')
  const kinds: readonly StoreKind[] = ['keychain', 'file', 'none']
  const store = await openStore(
    kinds.find((kind) => kind === wanted),
    {
      folder: join(laptopFolders().data, 'sessions'),
      env: process.env,
      askPassphrase: isAsked() ? askPassphrase : undefined,
    },
  )
  return { store, clock: systemClock, renew: (session) => renew(ports, session) }
}
