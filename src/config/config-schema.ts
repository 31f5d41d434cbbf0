import * as z from 'zod'
import { accessSettings } from '../access/settings.ts'
import { auditSettings } from '../audit/settings.ts'
import { awsSettings } from '../aws/settings.ts'
import { guacamoleSettings } from '../catalogue/guacamole/settings.ts'
import { credentialsSettings } from '../credentials/settings.ts'
import { gatewaySettings } from '../gateway/settings.ts'
import { discoverySettings } from '../inventory/settings.ts'
import { secretSourceSchema } from '../kernel/secret-source.ts'
import { scopeSchema } from '../model/scope.ts'
import { recordingSettings } from '../recording/settings.ts'
import { signInSettings } from '../sign-in/settings.ts'
import { tunnelSettings } from '../tunnel/settings.ts'
import { connectionSettings } from '../wanted/settings.ts'
import { portalSettings } from './portal-settings.ts'

const storeSettings = z
  .union([
    z.strictObject({ sqlite: z.string().min(1).describe('Database file; one process only') }),
    z.strictObject({ postgres: secretSourceSchema.describe('Where the connection URL is found: {env} or {file}') }),
  ])
  .prefault({ sqlite: '/var/lib/enchilada/enchilada.db' })
  .describe('Where state is kept')

/** The whole of enchilada.yaml. Each part is described by the folder that uses it. */
export const configSchema = z
  .strictObject({
    tenant: scopeSchema.shape.tenant.default('default').describe('Whose accounts these are; part of every scope'),
    node: z.string().min(1).max(64).optional().describe('Name of this process in the trail; the host name by default'),
    portal: portalSettings,
    signIn: signInSettings,
    access: accessSettings.prefault({}),
    store: storeSettings,
    aws: awsSettings,
    discovery: discoverySettings.prefault({}),
    connections: connectionSettings.prefault({}),
    catalogue: z
      .union([z.literal('built-in'), z.strictObject({ guacamole: guacamoleSettings })])
      .default('built-in')
      .describe('Where people open connections: in the portal alone, or also in an Apache Guacamole that follows it'),
    credentials: credentialsSettings,
    gateway: gatewaySettings.prefault({}),
    recordings: recordingSettings.prefault({}),
    audit: auditSettings.prefault({}),
    tunnels: tunnelSettings
      .optional()
      .describe('The standing reaper of tunnel servers, where no function does its work'),
  })
  .superRefine((config, ctx) => {
    if (config.discovery.by === 'lambda' && 'sqlite' in config.store) {
      const message = 'functions reach no SQLite file: set store.postgres, to the database that they write to'
      ctx.addIssue({ code: 'custom', path: ['discovery', 'by'], message })
    }
    const { catalogue, discovery } = config
    if (catalogue !== 'built-in' && catalogue.guacamole.by === 'lambda' && discovery.by === 'serve') {
      const message = 'a function follows what functions discover: set discovery.by to lambda, too'
      ctx.addIssue({ code: 'custom', path: ['catalogue', 'guacamole', 'by'], message })
    }
    const known = config.credentials.map((credential) => credential.name)
    for (const [at, rule] of config.connections.rules.entries()) {
      if (rule.credential === undefined || known.includes(rule.credential)) continue
      const message = `no credential is called "${rule.credential}"; there are ${known.join(', ')}`
      ctx.addIssue({ code: 'custom', path: ['connections', 'rules', at, 'credential'], message })
    }
  })
export type Config = z.infer<typeof configSchema>
