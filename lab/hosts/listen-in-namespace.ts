import { spawn } from 'node:child_process'
import { Server } from 'node:net'
import { fileURLToPath } from 'node:url'

const listener = fileURLToPath(new URL('./listen-here.ts', import.meta.url))

/** A listening socket of another network namespace: a socket keeps the namespace it was made in, whoever holds it. */
export function listenInNamespace(namespace: string, address: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const command = ['netns', 'exec', namespace, process.execPath, listener, address, String(port)]
    const child = spawn('ip', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    child.once('error', reject)
    child.once('message', (_, handle) => {
      if (handle instanceof Server) resolve(handle)
      else reject(new Error(`no listening socket came from ${namespace}`))
    })
    child.once('exit', (code) => {
      if (code !== 0) reject(new Error(`listening on ${address}:${port} in ${namespace} ended with ${code}`))
    })
  })
}
