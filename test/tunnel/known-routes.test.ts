import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DescribeRouteTablesCommand } from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createEngineer } from '../../src/aws/engineer.ts'
import { keptAnswers } from '../../src/aws/kept-answers.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { openTunnel, scopeOf } from '../../src/tunnel/open-tunnel.ts'
import { signInAs } from '../fixtures/management-vpc.ts'
import { type LaptopFaults, openStage } from './stage.ts'

let stage: Awaited<ReturnType<typeof openStage>>
beforeAll(async () => {
  stage = await openStage()
}, 120_000)
afterAll(() => stage.close())

/** What EC2 was asked, in order, and what a tunnel leads to. */
async function up(faults: LaptopFaults, to: string[] = []) {
  const machine = stage.laptop(faults)
  const routed: string[] = []
  const door = {
    apply: async (document: Parameters<typeof machine.parts.door.apply>[0]) => {
      if (document.action === 'up') routed.push(...document.routes)
      return machine.parts.door.apply(document)
    },
  }
  const asked: string[] = []
  const engineer: typeof machine.parts.engineer = {
    ...machine.parts.engineer,
    async ec2(scope, role) {
      const client = await machine.parts.engineer.ec2(scope, role)
      const note = (name: string) => asked.push(name.replace('Command', ''))
      client.middlewareStack.add(
        (next, { commandName = '' }) =>
          (args) => {
            note(commandName)
            return next(args)
          },
        { step: 'initialize' },
      )
      return client
    },
  }
  const tunnel = await openTunnel(
    { ...machine.parts, door, engineer },
    { ...stage.wish, to, dns: to.length === 0 },
    machine.signal,
  )
  await tunnel.close('asked')
  const launched = machine.trail.filter(({ kind }) => kind === 'tunnel.launched').map(({ data }) => data?.['leased'])
  const ended = machine.trail.filter(({ kind }) => kind === 'tunnel.ended').map(({ data }) => data?.['reason'])
  const running = (await stage.aws.lab.instances()).filter(({ state }) => state === 'running').length
  const leased = tunnel.lease.leased
  machine.remove()
  return { asked, routed, launched, ended, leased, running }
}

const isNetwork = (target: string) => target.includes('/')

test('routes that are known are asked for after the launch, others before it', async () => {
  const cold = await up({})
  expect(cold.asked.slice(0, 2)).toEqual(['DescribeRouteTables', 'RunInstances'])
  const warm = await up({ knows: 'truth' })
  expect(warm.asked[0]).toBe('RunInstances')
  expect(warm.asked.filter((name) => name === 'DescribeRouteTables')).toHaveLength(1)
  expect(warm.leased).toEqual(cold.leased)
})

test('a server that was launched by routes of the past is never used: no route is set by them, and another takes its place', async () => {
  const truth = (await up({})).leased
  const { launched, ended, routed, leased, running } = await up({ knows: 'the past' })
  expect(launched).toEqual([expect.not.arrayContaining(truth), truth])
  expect(ended).toEqual(['routes-changed', 'asked'])
  expect(routed).toEqual(truth.filter(isNetwork))
  expect(leased).toEqual(truth)
  expect(running).toBe(0)
})

test('what the past refuses the tables decide', async () => {
  const peered = (await up({})).leased.filter(isNetwork).at(-1) ?? ''
  const { launched, leased } = await up({ knows: 'the past' }, [peered])
  expect(leased).toEqual([peered])
  expect(launched).toEqual([[peered]])
})

test('STS answers once for all processes of the same credentials; those of others are answered for themselves', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'answers-'))
  const { environment, network } = stage.wish
  const kept = async (files: number) =>
    expect.poll(() => readdirSync(folder).filter((name) => name.endsWith('.sealed')).length).toBe(files)
  /** A process of its own, as far as anything is remembered. */
  async function callsOfSts(): Promise<string[]> {
    await stage.aws.lab.resetStats()
    const engineer = createEngineer({ clock: systemClock, profile: undefined, answers: keptAnswers(folder) })
    const ec2 = await engineer.ec2(scopeOf(environment, network), environment.role)
    await ec2.send(new DescribeRouteTablesCommand())
    const { name } = await engineer.whoAmI(network.region)
    const { calls } = await stage.aws.lab.stats()
    return [name, ...calls.filter(({ service }) => service === 'sts').map(({ action }) => action)].sort()
  }
  try {
    expect(await callsOfSts()).toEqual(['AssumeRole', 'GetCallerIdentity', 'ada'])
    await kept(2)
    expect(await callsOfSts()).toEqual(['ada'])
    Object.assign(process.env, await signInAs('eve', stage))
    expect(await callsOfSts()).toEqual(['AssumeRole', 'GetCallerIdentity', 'eve'])
  } finally {
    Object.assign(process.env, await signInAs('ada', stage))
    rmSync(folder, { recursive: true })
  }
})
