import * as z from 'zod'
import { guacamoleSettings, secretSourcesOf } from '../catalogue/guacamole/settings.ts'
import { databaseVariables, json, logLevel, secretArn, trailGroup } from './environment.ts'

/** Which Guacamole is kept in step, and what opens it. */
export const guacamoleEnvironment = z
  .object({
    /** `catalogue.guacamole` of enchilada.yaml, as JSON. */
    ENCHILADA_GUACAMOLE: json.pipe(guacamoleSettings),
    /** JSON: ARNs of secrets, by the names that the settings say as `{ env: NAME }`. */
    GUACAMOLE_SECRETS: json.pipe(z.record(z.string(), secretArn)),
  })
  .superRefine(({ ENCHILADA_GUACAMOLE: settings, GUACAMOLE_SECRETS: arns }, ctx) => {
    for (const { path, source } of secretSourcesOf(settings)) {
      if ('env' in source && source.env in arns) continue
      const message = 'env' in source ? `no secret is named ${source.env}` : 'a function has no files: name it as {env}'
      ctx.addIssue({ code: 'custom', path: ['ENCHILADA_GUACAMOLE', ...path], message })
    }
  })

/** What the follower is told: the Guacamole, and our database. */
export const followerEnvironment = guacamoleEnvironment.and(
  z.object({
    ...databaseVariables,
    /** Where the scopes come from. */
    GUACAMOLE_QUEUE_URL: z.url(),
    TRAIL_GROUP: trailGroup.optional(),
    AWS_REGION: z.string().min(1),
    LOG_LEVEL: logLevel,
  }),
)

export type FollowerEnvironment = z.output<typeof followerEnvironment>
