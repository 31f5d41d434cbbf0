import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { isatty } from 'node:tty'
import { loginErrors } from '../aws-login/errors.ts'
import { freshSession } from '../aws-login/kept-session.ts'
import { login } from '../aws-login/login.ts'
import { readLoginSettings } from '../aws-login/login-settings.ts'
import type { AwsSession } from '../aws-login/session.ts'
import { displaced, variablesOf } from '../aws-login/shell-lines.ts'
import { reasonOf } from '../kernel/errors.ts'
import { type Command, type CommandContext, optionText } from './command.ts'
import { keptSessions, loginPorts, settingsFile, USUAL_SESSION } from './login-parts.ts'

/** Runs a command with the session in its environment, and ends as it ends. Nothing of the session is in an argument. */
export const execCommand: Command = async (context) => {
  const [command = '', ...args] = context.args
  const session = await sessionFor(context)
  const env: NodeJS.ProcessEnv = { ...process.env }
  for (const name of displaced) delete env[name]
  return run(command, args, { ...env, ...variablesOf(session) })
}

/** The one kept; a profile when one is named, and without either whatever is at hand. */
async function sessionFor(context: CommandContext): Promise<AwsSession> {
  const ports = loginPorts()
  const [profile, named] = [optionText(context, 'profile'), optionText(context, 'session')]
  const region = optionText(context, 'region')
  if (profile === undefined) {
    const name = named ?? USUAL_SESSION
    const session = await freshSession(await keptSessions(context, ports), name)
    if (session) return region === undefined ? session : { ...session, region }
    if (named !== undefined) throw loginErrors.LOGIN_SESSION_UNKNOWN({ session: name })
  }
  const file = settingsFile()
  return login(ports, { method: 'chain', profile, settings: readLoginSettings(file, { region }), settingsFile: file })
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: 'inherit' })
    // A pipe into the command leaves the terminal to its other ends.
    const onTerminal = [0, 1, 2].some((fd) => isatty(fd))
    // A terminal signals the child itself; from elsewhere it is passed on. Either way its end is ours.
    const pass = (signal: NodeJS.Signals) => {
      if (signal !== 'SIGINT' || !onTerminal) child.kill(signal)
    }
    // But not a terminal that closes: it tells the first of its session, and all others when that one has ended.
    const heard = SIGNALS.filter((signal) => signal !== 'SIGHUP' || !onTerminal)
    for (const signal of heard) process.on(signal, pass)
    const settle = () => {
      for (const signal of heard) process.off(signal, pass)
    }
    child.on('error', (cause) => {
      // One that runs as somebody else, by sudo say, is not ours to signal; its end is.
      if (child.pid !== undefined) return
      settle()
      reject(loginErrors.LOGIN_COMMAND_NOT_FOUND({ command, reason: reasonOf(cause) }, { cause }))
    })
    child.once('exit', (code, signal) => {
      settle()
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0))
    })
  })
}
