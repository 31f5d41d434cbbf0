import { OpenAPIHono } from '@hono/zod-openapi'
import * as z from 'zod'
import { problemSchema } from './contract/common.ts'
import { fromBrowserSchema, toBrowserSchema } from './contract/terminal.ts'
import type { Route } from './route.ts'

/** OpenAPI 3.1, from the route table and the contract. */
export function describeApi(routes: readonly Route[]): object {
  const app = new OpenAPIHono()
  const registry = app.openAPIRegistry
  registry.register('TerminalFromBrowser', fromBrowserSchema)
  registry.register('TerminalToBrowser', toBrowserSchema)
  registry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-enchilada',
    description: 'Set by /sign-in',
  })
  const problem = { description: 'Refused or failed', content: { 'application/json': { schema: problemSchema } } }
  for (const route of routes) {
    const { params, query, body } = route.shapes
    registry.registerPath({
      method: route.method,
      path: route.path.replace(/:(\w+)/g, '{$1}'),
      summary: route.summary,
      description: whoMay(route),
      security: 'public' in route.access ? [] : [{ session: [] }],
      request: {
        ...(params instanceof z.ZodObject ? { params } : {}),
        ...(query instanceof z.ZodObject ? { query } : {}),
        ...(body ? { body: { required: true, content: { 'application/json': { schema: body } } } } : {}),
      },
      responses: { [route.answer.status]: answerOf(route), default: problem },
    })
  }
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Enchilada',
      version: '1',
      description:
        'Requests that change something carry the header `x-enchilada: 1`. The terminal is a WebSocket with the subprotocol ' +
        '`enchilada.terminal.v1`: binary messages are bytes of the terminal, text messages are TerminalFromBrowser and TerminalToBrowser.',
      license: { name: 'Apache-2.0' },
    },
  })
}

function answerOf({ answer }: Route) {
  if (!answer.schema && !answer.type) return { description: answer.description }
  const type = answer.type ?? 'application/json'
  return { description: answer.description, content: { [type]: { schema: answer.schema ?? z.string() } } }
}

function whoMay({ access }: Route): string {
  if ('public' in access) return `Open to everybody: ${access.public}.`
  if ('signedIn' in access) return `For everybody signed in: ${access.signedIn}.`
  return `The policies are asked for \`${access.action}\`.`
}
