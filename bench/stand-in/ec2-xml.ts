import type { Cloud, StandInInstance } from './cloud.ts'

const STATE_CODES = { running: 16, stopped: 80, terminated: 48 } as const

const escapeXml = (text: string) => text.replace(/[<>&"]/g, (sign) => `&#${sign.charCodeAt(0)};`)

const instanceXml = (instance: StandInInstance) =>
  `<item><instanceId>${instance.id}</instanceId><imageId>ami-0123456789abcdef0</imageId><instanceState><code>${STATE_CODES[instance.state]}</code><name>${instance.state}</name></instanceState><privateIpAddress>${instance.privateIp}</privateIpAddress><instanceType>t4g.nano</instanceType><launchTime>${new Date(instance.launchedAt).toISOString()}</launchTime><placement><availabilityZone>${instance.region}a</availabilityZone></placement><vpcId>vpc-0123456789abcdef0</vpcId><subnetId>subnet-0123456789abcdef0</subnetId><platformDetails>Linux/UNIX</platformDetails><tagSet>${Object.entries(
    instance.tags,
  )
    .map(([key, value]) => `<item><key>${escapeXml(key)}</key><value>${escapeXml(value)}</value></item>`)
    .join('')}</tagSet></item>`

const reservations = (instances: readonly StandInInstance[]) =>
  instances
    .map(
      (instance) =>
        `<item><reservationId>r-${instance.id.slice(2)}</reservationId><ownerId>${instance.account}</ownerId><instancesSet>${instanceXml(instance)}</instancesSet></item>`,
    )
    .join('')

export type Ec2Answer = { status: number; body: string }

/** DescribeInstances (by ids, or pages of MaxResults), DescribeRegions and GetConsoleOutput, as EC2's query protocol answers them. */
export function answerEc2(cloud: Cloud, account: string, region: string, form: URLSearchParams): Ec2Answer {
  const action = form.get('Action')
  if (action === 'DescribeRegions') {
    return ok(
      action,
      `<regionInfo><item><regionName>${region}</regionName><optInStatus>opt-in-not-required</optInStatus></item></regionInfo>`,
    )
  }
  if (action === 'GetConsoleOutput') {
    const output = cloud.find(form.get('InstanceId') ?? '')?.console ?? ''
    return ok(action, `<output>${Buffer.from(output).toString('base64')}</output>`)
  }
  if (action !== 'DescribeInstances') return failure(400, 'InvalidAction', `${action} is not known here`)
  const ids = [...form].filter(([key]) => key.startsWith('InstanceId.')).map(([, value]) => value)
  // Filter.N.Name=instance-id with Filter.N.Value.M is the other way to ask by id; it forgives unknown ids.
  const filtered = [...form].filter(([key]) => /^Filter\.\d+\.Value\./.test(key)).map(([, value]) => value)
  const all = cloud.list(account, region)
  if (ids.length > 0) {
    const found = ids.map((id) => cloud.find(id)).filter((one) => one?.account === account && one.region === region)
    const missing = ids.filter((id) => !found.some((one) => one?.id === id))
    if (missing.length > 0)
      return failure(400, 'InvalidInstanceID.NotFound', `The instance IDs '${missing.join(', ')}' do not exist`)
    return ok(action, `<reservationSet>${reservations(found.flatMap((one) => one ?? []))}</reservationSet>`)
  }
  if (filtered.length > 0 && filtered.every((value) => value.startsWith('i-'))) {
    const found = filtered
      .flatMap((id) => cloud.find(id) ?? [])
      .filter((one) => one.account === account && one.region === region)
    return ok(action, `<reservationSet>${reservations(found)}</reservationSet>`)
  }
  const from = Number(form.get('NextToken') ?? 0)
  const size = Number(form.get('MaxResults') ?? 1000)
  const next = from + size < all.length ? `<nextToken>${from + size}</nextToken>` : ''
  return ok(action, `<reservationSet>${reservations(all.slice(from, from + size))}</reservationSet>${next}`)
}

const ok = (action: string, inner: string): Ec2Answer => ({
  status: 200,
  body: `<?xml version="1.0" encoding="UTF-8"?><${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>0</requestId>${inner}</${action}Response>`,
})

const failure = (status: number, code: string, message: string): Ec2Answer => ({
  status,
  body: `<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>0</RequestID></Response>`,
})
