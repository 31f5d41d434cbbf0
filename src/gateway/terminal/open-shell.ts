import type { Socket } from 'node:net'
import ssh2, { type ClientChannel, type ConnectConfig, type ServerHostKeyAlgorithm } from 'ssh2'
import type { TargetLogin } from '../../credentials/resolve-credential.ts'
import { type CodedError, isCoded, reasonOf } from '../../kernel/errors.ts'
import type { Size } from '../channel.ts'
import { gatewayErrors } from '../errors.ts'
import { algorithmOf, type HostKey } from '../host-keys.ts'
import type { ShellTarget } from './reach-port.ts'

/** A shell on a target. `close` ends the SSH connection; `closed` resolves once it is over, by whoever. */
export type Shell = {
  readonly stream: ClientChannel
  resize(size: Size): void
  close(): void
  readonly closed: Promise<void>
}

export type HostKeyRule = {
  pinned: readonly HostKey[]
  /** Called for a host without a pinned key; true when first use is allowed. */
  acceptFirst(key: HostKey): boolean
}

/** Logs in over the socket and starts a login shell with a terminal. */
export function openShell(
  socket: Socket,
  target: ShellTarget,
  login: TargetLogin,
  hostKeys: HostKeyRule,
  size: Size,
): Promise<Shell> {
  const client = new ssh2.Client()
  const closed = new Promise<void>((resolve) => client.once('close', resolve))
  let refusedKey: CodedError | undefined
  const details = { instance: target.instanceId, user: login.userName }

  const verifier = (wire: Buffer): boolean => {
    const presented = { algorithm: algorithmOf(wire), key: wire.toString('base64') }
    if (hostKeys.pinned.length > 0) {
      if (hostKeys.pinned.some((pinned) => pinned.key === presented.key)) return true
      refusedKey = gatewayErrors.HOST_KEY_CHANGED(details)
      return false
    }
    if (hostKeys.acceptFirst(presented)) return true
    refusedKey = gatewayErrors.HOST_KEY_UNKNOWN(details)
    return false
  }

  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => {
      client.destroy()
      reject(refusedKey ?? toFailure(cause, details))
    }
    // Not once: after a host that never said who it is, or reset, a second one comes, and with nobody to hear it the process would end.
    client.on('error', fail)
    // It hung up while the credential was fetched; the SSH library would wait for its answer.
    if (socket.destroyed) return fail(new Error('the host hung up'))
    client.once('ready', () => {
      client.shell({ term: 'xterm-256color', cols: size.cols, rows: size.rows }, (error, stream) => {
        if (error) return fail(error)
        client.off('error', fail)
        // After the shell is up an error is an end: `closed` tells it.
        client.on('error', () => client.destroy())
        resolve({
          stream,
          resize: ({ cols, rows }) => void stream.setWindow(rows, cols, 0, 0),
          close: () => client.end(),
          closed,
        })
      })
    })
    client.connect(configOf(socket, target, login, hostKeys, verifier))
  })
}

function configOf(
  socket: Socket,
  target: ShellTarget,
  { userName, auth }: TargetLogin,
  { pinned }: HostKeyRule,
  hostVerifier: (key: Buffer) => boolean,
): ConnectConfig {
  const serverHostKey = negotiable(pinned)
  return {
    sock: socket,
    username: userName,
    hostVerifier,
    readyTimeout: target.timeoutMs,
    keepaliveInterval: 15_000,
    keepaliveCountMax: 3,
    // The host must present a key of a kind that we have pinned.
    ...(serverHostKey.length > 0 ? { algorithms: { serverHostKey } } : {}),
    ...('password' in auth
      ? { password: auth.password.reveal(), tryKeyboard: false }
      : {
          privateKey: auth.privateKey.reveal(),
          ...(auth.passphrase ? { passphrase: auth.passphrase.reveal() } : {}),
        }),
  }
}

/** RFC 8332: an ssh-rsa key signs with SHA-2; SHA-1 is not offered. */
const negotiable = (pinned: readonly HostKey[]): ServerHostKeyAlgorithm[] =>
  pinned.flatMap(({ algorithm }): ServerHostKeyAlgorithm[] => {
    switch (algorithm) {
      case 'ssh-rsa':
        return ['rsa-sha2-512', 'rsa-sha2-256']
      case 'ssh-ed25519':
      case 'ecdsa-sha2-nistp256':
      case 'ecdsa-sha2-nistp384':
      case 'ecdsa-sha2-nistp521':
        return [algorithm]
      default:
        return []
    }
  })

function toFailure(cause: unknown, details: { instance: string; user: string }): CodedError {
  if (isCoded(cause)) return cause
  const level = cause instanceof Error && 'level' in cause ? cause.level : undefined
  if (level === 'client-authentication') return gatewayErrors.TARGET_REFUSED_LOGIN(details, { cause })
  return gatewayErrors.TARGET_FAILED({ instance: details.instance, reason: reasonOf(cause) }, { cause })
}
