import { mkdir, readFile, realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { writeDurably } from '../kernel/durable-file.ts'
import { isMissingFile } from '../kernel/missing-file.ts'
import { loginErrors } from './errors.ts'

const BEGIN = '# >>> enchilada: written by enchilada login, between these two lines only >>>'
const END = '# <<< enchilada <<<'

export type ProcessProfile = { name: string; command: readonly string[]; region: string }

/** AWS's tools split the command as a shell would, without running one. */
const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `"${word.replaceAll('"', '\\"')}"`)

const sectionOf = ({ name, command, region }: ProcessProfile) =>
  [`[profile ${name}]`, `credential_process = ${command.map(quoted).join(' ')}`, `region = ${region}`].join('\n')

/**
 * The text of `~/.aws/config` with this profile between our two marks. Everything outside of them stays byte for byte: no writer of ini
 * files keeps comments and nested blocks.
 */
export function withProfile(text: string, profile: ProcessProfile, file: string): string {
  const [start, end] = [text.indexOf(BEGIN), text.indexOf(END)]
  const marked = start >= 0 && end > start
  const before = marked ? text.slice(0, start) : text && !text.endsWith('\n') ? `${text}\n` : text
  const after = marked ? text.slice(end + END.length) : '\n'
  const header = `[profile ${profile.name}]`
  if (`${before}\n${after}`.split('\n').some((line) => line.trim() === header)) {
    throw loginErrors.LOGIN_PROFILE_TAKEN({ file, profile: profile.name })
  }
  const ours = marked ? text.slice(start + BEGIN.length, end) : ''
  const others = ours
    .split(/^(?=\[)/m)
    .map((section) => section.trim())
    .filter((section) => section !== '' && section.split('\n')[0] !== header)
  return `${before}${BEGIN}\n${[...others, sectionOf(profile)].join('\n')}\n${END}${after}`
}

/** Durably, with the mode it had; a link stays a link. */
export async function writeProfile(file: string, profile: ProcessProfile): Promise<void> {
  const target = await realpath(file).catch(() => file)
  const text = await readFile(target, 'utf8').catch((error) => {
    if (isMissingFile(error)) return ''
    throw error
  })
  const mode = await stat(target).then(
    (found) => found.mode & 0o777,
    () => 0o600,
  )
  await mkdir(dirname(target), { recursive: true, mode: 0o700 })
  await writeDurably(target, withProfile(text, profile, file), mode)
}
