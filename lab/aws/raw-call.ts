export type Credentials = { accessKeyId: string; secretAccessKey: string; sessionToken?: string }

export type RawTarget = { endpoint: string; credentials: Credentials; region: string }

const signed = (target: RawTarget, service: string) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=${target.credentials.accessKeyId}/20260101/${target.region}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
})

/**
 * One call to a service of which the repository has no SDK client, in AWS's query protocol (IAM, CloudFormation).
 * The emulator reads the access key and checks no signature; AWS itself would refuse this.
 */
export async function callQuery(target: RawTarget, service: string, params: Record<string, string>): Promise<string> {
  const answer = await fetch(target.endpoint, {
    method: 'POST',
    headers: { ...signed(target, service), 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(params),
  })
  return readAnswer(`${service} ${params['Action']}`, answer)
}

/** As `callQuery`, in AWS's JSON protocol: `AWSEvents.PutRule` and the like. */
export async function callJson(target: RawTarget, service: string, action: string, body: unknown): Promise<string> {
  const answer = await fetch(target.endpoint, {
    method: 'POST',
    headers: {
      ...signed(target, service),
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': action,
    },
    body: JSON.stringify(body),
  })
  return readAnswer(action, answer)
}

/** As `callQuery`, for services whose actions are paths (Lambda). */
export async function callRest(
  target: RawTarget,
  service: string,
  path: string,
  method: string,
  body?: unknown,
): Promise<string> {
  const answer = await fetch(target.endpoint + path, {
    method,
    headers: { ...signed(target, service), 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  })
  return readAnswer(`${method} ${path}`, answer)
}

async function readAnswer(what: string, answer: Response): Promise<string> {
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${what}: ${answer.status} ${text}`)
  return text
}
