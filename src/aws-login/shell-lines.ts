import type { AwsSession } from './session.ts'

export const shells = ['bash', 'zsh', 'fish', 'powershell'] as const
export type Shell = (typeof shells)[number]

type Variables = Readonly<Record<string, string>>

/** Names that AWS's own tools read (AWS CLI User Guide, "Environment variables"). The values are secrets: they go to a shell or a child, nowhere else. */
export function variablesOf({ keys, region, expiresAt }: AwsSession): Variables {
  const { accessKeyId, secretAccessKey, sessionToken } = keys.reveal()
  return {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(sessionToken !== undefined && { AWS_SESSION_TOKEN: sessionToken }),
    ...(expiresAt !== undefined && { AWS_CREDENTIAL_EXPIRATION: new Date(expiresAt).toISOString() }),
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
  }
}

/**
 * What an earlier session may have left: taken away before the variables are set. A profile goes before keys in some of AWS's SDKs, and
 * AWS refuses keys with the token of others, which botocore also reads by its old name.
 */
export const displaced = [
  ...['AWS_PROFILE', 'AWS_DEFAULT_PROFILE'],
  ...['AWS_SESSION_TOKEN', 'AWS_SECURITY_TOKEN', 'AWS_CREDENTIAL_EXPIRATION'],
] as const

const single = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
const WRITERS: Readonly<
  Record<Shell, { set: (name: string, value: string) => string; unset: (name: string) => string }>
> = {
  bash: { set: (name, value) => `export ${name}=${single(value)}`, unset: (name) => `unset ${name}` },
  zsh: { set: (name, value) => `export ${name}=${single(value)}`, unset: (name) => `unset ${name}` },
  fish: {
    set: (name, value) => `set -gx ${name} '${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}';`,
    unset: (name) => `set -e ${name};`,
  },
  powershell: {
    set: (name, value) => `$Env:${name} = '${value.replaceAll("'", "''")}'`,
    unset: (name) => `Remove-Item Env:${name} -ErrorAction SilentlyContinue`,
  },
}

/** Lines for a shell to evaluate. */
export function shellLines(session: AwsSession, shell: Shell): string {
  const { set, unset } = WRITERS[shell]
  const lines = Object.entries(variablesOf(session)).map(([name, value]) => set(name, value))
  return [...displaced.map(unset), ...lines].join('\n')
}

/** The shell that would read the lines, by what it says of itself. */
export function shellOf(platform: NodeJS.Platform, env: Readonly<Record<string, string | undefined>>): Shell {
  const name = (env['SHELL'] ?? '').split('/').at(-1)
  return shells.find((shell) => shell === name) ?? (platform === 'win32' ? 'powershell' : 'bash')
}

/** What `credential_process` of a profile must print (AWS SDKs and Tools Reference Guide, "Process credential provider"). */
export function processCredentials({ keys, expiresAt }: AwsSession): Record<string, string | number> {
  const { accessKeyId, secretAccessKey, sessionToken } = keys.reveal()
  return {
    Version: 1,
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    ...(sessionToken !== undefined && { SessionToken: sessionToken }),
    ...(expiresAt !== undefined && { Expiration: new Date(expiresAt).toISOString() }),
  }
}
