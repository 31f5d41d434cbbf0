import * as z from 'zod'
import { problemSchema } from './contract/common.ts'
import { fromBrowserSchema, toBrowserSchema } from './contract/terminal.ts'
import type { Route } from './route.ts'

const PLACE = '#/components/schemas/'

/** A schema with a name is said once, among the components; one without stands where it is used. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): unknown {
  const id = schema.meta()?.id
  if (id !== undefined) return { $ref: `${PLACE}${id}` }
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}

function parametersOf(shape: z.ZodType | undefined, place: 'path' | 'query'): unknown[] {
  if (!shape) return []
  const { properties = {}, required = [] } = z.toJSONSchema(shape, { io: 'input', unrepresentable: 'any' })
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema,
  }))
}

function operationOf({ summary, answer, access, shapes, method }: Route): unknown {
  const { status, description, type = 'application/json', schema } = answer
  const refused = 'public' in access ? {} : { 401: problem('Not signed in'), 403: problem('Not allowed') }
  return {
    summary,
    ...('action' in access ? { 'x-action': access.action } : {}),
    ...('public' in access ? { security: [] } : {}),
    parameters: [
      ...parametersOf(shapes.params, 'path'),
      ...parametersOf(shapes.query, 'query'),
      ...(method === 'post' ? [{ name: 'x-enchilada', in: 'header', required: true, schema: { const: '1' } }] : []),
    ],
    ...(shapes.body
      ? { requestBody: { content: { 'application/json': { schema: schemaOf(shapes.body, 'input') } } } }
      : {}),
    responses: {
      [status]: { description, ...(schema ? { content: { [type]: { schema: schemaOf(schema, 'output') } } } : {}) },
      ...refused,
      default: problem('Any other refusal or failure'),
    },
  }
}

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: `${PLACE}Problem` } } },
})

/** OpenAPI 3.1, from the route table and the contract alone. */
export function describeApi(routes: readonly Route[]): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method]: operationOf(route) }
  }
  // Naming them here makes sure that they are registered, also when no route answers with them.
  const named = [problemSchema, fromBrowserSchema, toBrowserSchema]
  const { schemas } = z.toJSONSchema(z.globalRegistry, { uri: (id) => `${PLACE}${id}`, unrepresentable: 'any' })
  const components = Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]),
  )
  return {
    openapi: '3.1.0',
    info: {
      title: 'Enchilada',
      version: '1',
      description: `The terminal is a WebSocket at /api/v1/terminal?ticket=…; its text messages are ${named
        .slice(1)
        .map((schema) => schema.meta()?.id)
        .join(' and ')}, its binary messages are bytes.`,
    },
    security: [{ session: [] }],
    paths,
    components: {
      schemas: components,
      securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: '__Host-enchilada' } },
    },
  }
}
