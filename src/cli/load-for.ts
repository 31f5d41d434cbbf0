import { findConfig, type Loaded, loadConfig } from '../config/load-config.ts'
import { type CommandContext, optionText } from './command.ts'

/** The configuration of the server, for the commands that read it. */
export const loadFor = (context: CommandContext): Loaded =>
  loadConfig(findConfig(optionText(context, 'config'), process.env))
