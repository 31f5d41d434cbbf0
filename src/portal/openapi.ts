import * as z from 'zod'
import { problemSchema } from './contract/common.ts'
import { fromBrowserSchema, toBrowserSchema } from './contract/terminal.ts'
import type { Route } from './route.ts'

/** Contract schemas carry their name as `meta({ id })`; whatever has one stands in `components` and is referred to. */
const COMPONENTS = '#/components/schemas/'

/** OpenAPI 3.1, whose schemas are JSON Schema 2020-12: the route table and the contract, told by zod itself. */
export function describeApi(routes: readonly Route[]): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Enchilada',
      version: '1',
      description:
        'Requests that change something carry the header `x-enchilada: 1`. The terminal is a WebSocket with the subprotocol ' +
        '`enchilada.terminal.v1`: binary messages are bytes of the terminal, text messages are TerminalFromBrowser and TerminalToBrowser.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths: pathsOf(routes),
    components: {
      schemas: componentsOf(routes),
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: '__Host-enchilada', description: 'Set by /sign-in' },
      },
    },
  }
}

function pathsOf(routes: readonly Route[]): Record<string, Record<string, object>> {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method]: operationOf(route) }
  }
  return paths
}

function operationOf(route: Route): object {
  const { params, query, body } = route.shapes
  return {
    operationId: operationId(route),
    summary: route.summary,
    description: whoMay(route),
    security: 'public' in route.access ? [] : [{ session: [] }],
    parameters: [...parametersOf('path', params), ...parametersOf('query', query)],
    ...(body ? { requestBody: { required: true, content: contentOf('application/json', body, 'input') } } : {}),
    responses: { [route.answer.status]: answerOf(route), default: refusal },
  }
}

/** `get /api/v1/sessions/:id` → `getSessionsId`. */
function operationId({ method, path }: Route): string {
  const words = path.replace(/^\/api(\/v1)?/, '').split(/[^A-Za-z0-9]+/)
  return [method, ...words.map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join('')
}

function parametersOf(place: 'path' | 'query', shape: z.ZodType | undefined): object[] {
  if (!(shape instanceof z.ZodObject)) return []
  return Object.entries(shape.shape).map(([name, schema]: [string, z.ZodType]) => ({
    name,
    in: place,
    required: place === 'path' || !schema.safeParse(undefined).success,
    schema: schemaOf(schema, 'output'),
  }))
}

const contentOf = (type: string, schema: z.ZodType, io: Side) => ({ [type]: { schema: schemaOf(schema, io) } })

function answerOf({ answer }: Route): object {
  const { description, type = 'application/json', schema } = answer
  if (schema) return { description, content: contentOf(type, schema, 'output') }
  return answer.type ? { description, content: { [type]: { schema: { type: 'string' } } } } : { description }
}

type Side = 'input' | 'output'

function schemaOf(schema: z.ZodType, io: Side): object {
  const id = z.globalRegistry.get(schema)?.id
  if (id !== undefined) return { $ref: `${COMPONENTS}${id}` }
  return withoutDialect(z.toJSONSchema(schema, { io, unrepresentable: 'any' }))
}

/** Every schema with a name that a route or the terminal speaks of, and those inside them. */
function componentsOf(routes: readonly Route[]): Record<string, object> {
  const named = z.registry<{ id: string }>()
  const spoken = routes.flatMap(({ answer, shapes }) => [answer.schema, shapes.body])
  for (const schema of [...spoken, problemSchema, fromBrowserSchema, toBrowserSchema]) {
    if (schema) nameAll(schema, named)
  }
  const { schemas } = z.toJSONSchema(named, { uri: (id) => `${COMPONENTS}${id}`, unrepresentable: 'any' })
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, withoutDialect(schema)]))
}

/** Walks what objects, lists, unions and wrappers are made of. */
function nameAll(schema: z.core.$ZodType, named: z.core.$ZodRegistry<{ id: string }>): void {
  const id = z.globalRegistry.get(schema)?.id
  if (id !== undefined && !named.has(schema)) named.add(schema, { id })
  const { def } = schema._zod
  const inner: unknown[] = [
    ...Object.values('shape' in def && def.shape ? def.shape : {}),
    ...('element' in def ? [def.element] : []),
    ...('innerType' in def ? [def.innerType] : []),
    ...('options' in def && Array.isArray(def.options) ? def.options : []),
  ]
  for (const one of inner) if (one instanceof z.core.$ZodType) nameAll(one, named)
}

function withoutDialect({ $schema, $id, ...schema }: { $schema?: unknown; $id?: unknown }): object {
  return schema
}

const refusal = { description: 'Refused or failed', content: contentOf('application/json', problemSchema, 'output') }

function whoMay({ access }: Route): string {
  if ('public' in access) return `Open to everybody: ${access.public}.`
  if ('signedIn' in access) return `For everybody signed in: ${access.signedIn}.`
  return `The policies are asked for \`${access.action}\`.`
}
