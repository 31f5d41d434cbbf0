import * as z from 'zod'
import { configSchema } from '../config/config-schema.ts'
import type { Command } from './command.ts'
import { exitCodes } from './exit.ts'

/** JSON schema 2020-12 of enchilada.yaml, for editors. */
export const printConfigSchema: Command = async ({ output }) => {
  const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' })
  output.document(schema, () => JSON.stringify(schema, null, 2))
  return exitCodes.ok
}
