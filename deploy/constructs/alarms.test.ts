import { readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { functionsSettings, guacamoleSettings, type Synthesised, synthesise } from '../../test/fixtures/stacks.ts'

let stacks: Synthesised
beforeAll(() => {
  stacks = synthesise(guacamoleSettings)
})
const made = (type: string) => stacks.properties('EnchiladaShared', type)
const alarms = () => made('AWS::CloudWatch::Alarm')

test('every queue and every function has its alarms, all of them sent to the topic, also when they end', () => {
  const queues = ['events', 'sweep', 'observations', 'guacamole'].flatMap((name) => [
    `${name}-dead-letters`,
    `${name}-late`,
  ])
  const functions = ['observer', 'writer', 'follower'].flatMap((name) => [`${name}-errors`, `${name}-throttled`])
  const names = ['held-back', ...queues, ...functions].map((name) => `enchilada-${name}`)
  expect(
    alarms()
      .map((alarm) => alarm['AlarmName'])
      .sort(),
  ).toEqual(names.sort())
  for (const alarm of alarms()) {
    expect(alarm['AlarmActions']).toEqual([functionsSettings.alarmTopicArn])
    expect(alarm['OKActions']).toEqual([functionsSettings.alarmTopicArn])
    expect(alarm['TreatMissingData']).toBe('notBreaching')
  }
})

test('one dead letter is enough', () => {
  for (const alarm of alarms().filter((one) => one['AlarmName'].endsWith('-dead-letters'))) {
    expect(alarm).toMatchObject({
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 0,
      EvaluationPeriods: 1,
    })
  }
})

test('removals held back are read from the trail, by the word that the product writes', () => {
  const [filter] = made('AWS::Logs::MetricFilter')
  expect(filter?.['FilterPattern']).toBe('{ $.kind = "discovery.held-back" }')
  expect(alarms().find((alarm) => alarm['AlarmName'] === 'enchilada-held-back')).toMatchObject({
    Namespace: filter?.['MetricTransformations'][0].MetricNamespace,
    MetricName: filter?.['MetricTransformations'][0].MetricName,
  })
  expect(readFileSync('src/model/audit-event.ts', 'utf8')).toContain("'discovery.held-back'")
})

test('the page says of each alarm what to do', () => {
  const page = readFileSync('deploy/README.md', 'utf8')
  for (const { AlarmName } of alarms()) {
    expect(page).toContain(`\`${AlarmName.replace(/^enchilada-[a-z]+-(?=dead|late|err|thr)/, 'enchilada-…-')}\``)
  }
})
