import type { Problem } from '../../../src/portal/contract/common.ts'

/** A refusal of the API, with its code and what to do next. */
export class ApiError extends Error {
  readonly status: number
  readonly problem: Problem
  constructor(status: number, problem: Problem) {
    super(problem.message)
    this.name = 'ApiError'
    this.status = status
    this.problem = problem
  }
}

const unreachable: Problem = {
  code: 'PORTAL_UNREACHABLE',
  message: 'The portal does not answer',
  retryable: true,
  hint: 'Check the connection to it; this page tries again when you do.',
}

async function send(path: string, init: RequestInit): Promise<Response> {
  const answer = await fetch(path, init).catch((cause: unknown) => {
    if (init.signal?.aborted) throw cause
    throw new ApiError(0, unreachable)
  })
  if (answer.ok) return answer
  const problem: Problem = await answer.json().catch(() => ({ ...unreachable, code: `HTTP_${answer.status}` }))
  throw new ApiError(answer.status, problem)
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await send(path, signal ? { signal } : {})
  return answer.json()
}

export const getText = async (path: string): Promise<string> => (await send(path, {})).text()

/** An answer without a body reads as null. */
export async function post<T>(path: string, body?: unknown): Promise<T> {
  const answer = await send(path, {
    method: 'POST',
    headers: { 'x-enchilada': '1', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  return JSON.parse(text || 'null')
}

/** `?a=1&b=2`, leaving out what is empty. */
export function queryOf(values: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined && value !== '') query.set(key, String(value))
  }
  return `?${query}`
}
