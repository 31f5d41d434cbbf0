import { spawn } from 'node:child_process'
import * as z from 'zod'
import { CodedError } from '../kernel/errors.ts'
import { tunnelErrors } from '../tunnel/errors.ts'
import { type LocalNetworkDoor, networkAnswer } from '../tunnel/network-document.ts'

const failure = z.object({
  error: z.object({ code: z.string(), message: z.string(), retryable: z.boolean(), hint: z.string() }),
})

/** The privileged part as a process of its own: as root at once, else through sudo, which asks at the terminal. */
export function netconfDoor(): LocalNetworkDoor {
  const own = [process.execPath, ...process.execArgv, process.argv[1] ?? '', 'netconf']
  const [program = '', ...args] = process.getuid?.() === 0 || process.platform === 'win32' ? own : ['sudo', ...own]
  return {
    apply: (document, signal) =>
      new Promise((resolve, reject) => {
        // It fires no more, and a handshake may be waited for for minutes.
        if (signal?.aborted) return reject(signal.reason)
        const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
        // Of a root that sudo made nobody else may signal anything.
        const stop = () => child.stdin.end()
        signal?.addEventListener('abort', stop, { once: true })
        let said = ''
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          said += text
        })
        child.once('error', (cause) => reject(tunnelErrors.TUNNEL_NETWORK_FAILED({ reason: cause.message }, { cause })))
        child.once('close', (code) => {
          signal?.removeEventListener('abort', stop)
          if (signal?.aborted) return reject(signal.reason)
          const answer = read(said)
          const failed = failure.safeParse(answer).data?.error
          if (failed) return reject(new CodedError(failed.code, failed))
          if (code === 0) return resolve(networkAnswer.parse(answer))
          return reject(tunnelErrors.TUNNEL_NETWORK_FAILED({ reason: `${program} ended with ${code}` }))
        })
        child.stdin.on('error', () => {})
        child.stdin.write(`${JSON.stringify(document)}\n`)
      }),
  }
}

function read(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
