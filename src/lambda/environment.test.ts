import { describe, expect, test } from 'vitest'
import { observerEnvironment, readEnvironment, writerEnvironment } from './environment.ts'
import { followerEnvironment } from './follower-environment.ts'

const queue = 'https://sqs.eu-west-1.amazonaws.com/111122223333/enchilada'
const observer = {
  ENCHILADA_AWS: JSON.stringify({ homeRegion: 'eu-west-1', eventQueue: queue }),
  OBSERVATIONS_QUEUE_URL: queue,
  SWEEP_QUEUE_URL: queue,
  OBSERVERS: '15',
}
const writer = {
  DATABASE_SECRET_ARN: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:enchilada',
  EVENTS_QUEUE_URL: queue,
  AWS_REGION: 'eu-west-1',
}

const follower = {
  DATABASE_SECRET_ARN: writer.DATABASE_SECRET_ARN,
  ENCHILADA_GUACAMOLE: JSON.stringify({ sql: { mysql: { env: 'GUACAMOLE_DATABASE' } } }),
  GUACAMOLE_SECRETS: JSON.stringify({ GUACAMOLE_DATABASE: writer.DATABASE_SECRET_ARN }),
  GUACAMOLE_QUEUE_URL: queue,
  AWS_REGION: 'eu-west-1',
}

describe('the environment of a function', () => {
  test('what is not said has its default, as in the configuration of `serve`', () => {
    expect(readEnvironment(observerEnvironment, { ...observer, PATH: '/bin' })).toMatchObject({
      ENCHILADA_AWS: { accounts: 'organization', readRole: 'EnchiladaRead' },
      ENCHILADA_TENANT: 'default',
      OBSERVERS: 15,
      LOG_LEVEL: 'info',
    })
    expect(readEnvironment(writerEnvironment, writer)).toMatchObject({ DATABASE_TLS: 'verify-full' })
  })

  test('all its faults are told at once, each by its name', () => {
    const faulty = { ...observer, ENCHILADA_AWS: '{', SWEEP_QUEUE_URL: 'sweep', LOG_LEVEL: 'loud' }
    const tell = () => readEnvironment(observerEnvironment, faulty)
    expect(tell).toThrow(/ENCHILADA_AWS: not JSON.*SWEEP_QUEUE_URL.*LOG_LEVEL/)
    expect(() => readEnvironment(writerEnvironment, {})).toThrow(/DATABASE_SECRET_ARN.*EVENTS_QUEUE_URL.*AWS_REGION/)
  })

  test('a setting that nobody knows is a fault, with its path', () => {
    const ENCHILADA_AWS = JSON.stringify({ homeRegion: 'eu-west-1', region: ['us-east-1'] })
    const tell = () => readEnvironment(observerEnvironment, { ...observer, ENCHILADA_AWS })
    expect(tell).toThrow(/ENCHILADA_AWS.*"region"/)
  })

  test('a Guacamole is the part of enchilada.yaml; each secret that it names has an ARN, and files there are none', () => {
    expect(readEnvironment(followerEnvironment, follower)).toMatchObject({
      ENCHILADA_GUACAMOLE: {
        group: 'Enchilada',
        keepEnded: 30 * 86_400_000,
        sql: { mysql: { env: 'GUACAMOLE_DATABASE' } },
      },
      DATABASE_TLS: 'verify-full',
    })
    const rest = { url: 'https://guacamole.example', userName: 'enchilada', password: { file: '/run/password' } }
    const target = { sql: { postgres: { env: 'UNTOLD' } }, rest, groop: 'Ours' }
    const told = (more: object) => () =>
      readEnvironment(followerEnvironment, { ...follower, ENCHILADA_GUACAMOLE: JSON.stringify({ ...target, ...more }) })
    expect(told({})).toThrow(/ENCHILADA_GUACAMOLE: .*"groop"/)
    expect(told({ groop: undefined })).toThrow(
      /rest.password: a function has no files.*sql.postgres: no secret is named UNTOLD/,
    )
    const byTls = { sql: { postgres: { env: 'GUACAMOLE_DATABASE' }, ca: { file: '/etc/ca.pem' } }, groop: undefined }
    expect(told({ ...byTls, rest: undefined })).toThrow(/sql.ca: a function has no files/)
  })
})
