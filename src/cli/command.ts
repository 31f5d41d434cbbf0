import type { Output } from './output.ts'

/** What each command is given; it answers with the exit code. */
export type CommandContext = { output: Output; options: Readonly<Record<string, unknown>>; args: readonly string[] }
export type Command = (context: CommandContext) => Promise<number>

export const optionText = ({ options }: CommandContext, name: string): string | undefined => {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}

/** Of options that a parser of commander has made numbers. */
export const optionNumber = ({ options }: CommandContext, name: string): number | undefined => {
  const value = options[name]
  return typeof value === 'number' ? value : undefined
}
