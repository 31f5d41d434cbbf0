import * as z from 'zod'
import { duration } from '../../kernel/duration.ts'
import { secureUrl } from '../../kernel/loopback.ts'
import { type SecretSource, secretSourceSchema } from '../../kernel/secret-source.ts'
import type { Protocol } from '../../model/connection.ts'
import { scopeSchema } from '../../model/scope.ts'
import { PARAMETERS, SECRET_PARAMETERS } from './parameters.ts'
import { VALUE_LENGTH } from './tree.ts'

const parametersOf = (protocol: Protocol) =>
  z.partialRecord(z.enum(PARAMETERS[protocol]), z.string().max(VALUE_LENGTH)).prefault({})

const restSettings = z.strictObject({
  url: secureUrl.describe('Where Guacamole is, with its context: https://guacamole.example.com/guacamole'),
  nodes: z
    .array(secureUrl)
    .default([])
    .describe('Each web application node behind that address: sessions are known only to their own node'),
  userName: z.string().min(1).max(128).describe('The service account'),
  password: secretSourceSchema.describe('Where its password is found: {env} or {file}'),
  dataSource: z.string().optional().describe('Default: the database that the server names'),
})

const guacdSchema = z.strictObject({
  hostname: z.string().min(1).max(512),
  port: z.number().int().min(1).max(65535).default(4822),
  encryption: z.enum(['none', 'ssl']).default('none'),
})

const plainText = z
  .array(
    z
      .strictObject({
        protocol: z.enum(['ssh', 'rdp', 'vnc']),
        parameter: z.string(),
        secret: secretSourceSchema,
        accounts: z.array(scopeSchema.shape.account).min(1).describe('Only for instances of these accounts'),
      })
      .refine(({ protocol, parameter }) => SECRET_PARAMETERS[protocol].includes(parameter), {
        error: 'not a parameter that holds a secret',
        path: ['parameter'],
      }),
  )
  .default([])
  .describe('Secrets that everybody who can read the Guacamole database may read; each use is in the trail')

const databaseCa = secretSourceSchema
  .optional()
  .describe('Where the certificate of the authority of the database is found, as PEM; it is reached by TLS then')

export const guacamoleSettings = z
  .strictObject({
    by: z
      .enum(['serve', 'lambda'])
      .default('serve')
      .describe('Who keeps it in step and reads its history: `enchilada serve`, or a function (deploy/README.md)'),
    rest: restSettings.optional().describe('Guacamole 1.6 or later, by its REST API'),
    sql: z
      .union([
        z.strictObject({ postgres: secretSourceSchema, ca: databaseCa }),
        z.strictObject({ mysql: secretSourceSchema, ca: databaseCa }),
      ])
      .optional()
      .describe('Straight in its database: where the connection URL is found'),
    group: z
      .string()
      .min(1)
      .max(128)
      .default('Enchilada')
      .describe('The group at the root that is ours, with all in it'),
    endedGroup: z
      .string()
      .min(1)
      .max(128)
      .default('Ended')
      .describe('In it: where connections wait for their deletion'),
    keepEnded: duration
      .prefault('30d')
      .describe('How long the history of an ended instance stays searchable; 0s deletes at once'),
    policies: z
      .string()
      .min(1)
      .optional()
      .describe('Folder of *.cedar files for Guacamole alone; default: those of `access`'),
    guacd: z
      .record(z.string(), guacdSchema)
      .default({})
      .describe('By network: the guacd that reaches it; default: the web application’s own'),
    recording: z
      .strictObject({
        path: z.string().min(1).default(`\${HISTORY_PATH}/\${HISTORY_UUID}`),
        name: z.string().min(1).default('recording'),
        missingAfter: duration
          .prefault('15m')
          .describe('How long after its end a session may be without a recording in the store'),
      })
      .nullable()
      .prefault({})
      .describe('Where guacd writes recordings; null: nothing is recorded'),
    parameters: z
      .strictObject({ ssh: parametersOf('ssh'), rdp: parametersOf('rdp'), vnc: parametersOf('vnc') })
      .prefault({ ssh: {}, rdp: {}, vnc: {} })
      .describe('Connection parameters of every connection of a protocol; Guacamole fills its tokens in'),
    secretsInPlainTextForAllWhoReadTheGuacamoleDatabase: plainText,
  })
  .refine(({ rest, sql }) => rest !== undefined || sql !== undefined, { error: 'one of rest and sql is needed' })
export type GuacamoleSettings = z.infer<typeof guacamoleSettings>

/** Where the secrets that the settings need are to be found, each with the path of its setting. */
export function secretSourcesOf({
  rest,
  sql,
  secretsInPlainTextForAllWhoReadTheGuacamoleDatabase: plain,
}: GuacamoleSettings): { path: (string | number)[]; source: SecretSource }[] {
  return [
    ...(rest ? [{ path: ['rest', 'password'], source: rest.password }] : []),
    ...Object.entries(sql ?? {}).flatMap(([name, source]) => (source ? [{ path: ['sql', name], source }] : [])),
    ...plain.map(({ secret }, at) => ({
      path: ['secretsInPlainTextForAllWhoReadTheGuacamoleDatabase', at, 'secret'],
      source: secret,
    })),
  ]
}
