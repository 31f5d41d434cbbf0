import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from '../../lab/idp/people.ts'
import type { Line, WorldReport } from '../../lab/world/report.ts'
import type { WorldSettings } from '../../lab/world/settings.ts'
import { createJar, createVisitor, type Visitor } from '../product/visitor.ts'

export type Lab = { report: WorldReport; stop(): Promise<void> }

/** A sealed world on free ports with the packed product in it, seen from outside through its doors. */
export async function openLab(root: string, more: Partial<WorldSettings> = {}): Promise<Lab> {
  const dir = join(root, `.lab/bench-${process.pid}`)
  mkdirSync(dir, { recursive: true, mode: 0o711 })
  const settings: WorldSettings = {
    dir,
    ports: { portal: 0, idp: 0, aws: 0, saml: 0 },
    seed: randomBytes(8).toString('hex'),
    product: true,
    journey: false,
    lasting: false,
    lambda: false,
    built: false,
    ...more,
  }
  const keeper = fork(join(root, 'lab/world/keeper.ts'), [JSON.stringify(settings)], { stdio: ['ignore', 2, 2, 'ipc'] })
  const ended = once(keeper, 'exit')
  const stop = async () => {
    if (keeper.connected) keeper.send('stop')
    await ended
    rmSync(dir, { recursive: true, force: true })
  }
  const report = await new Promise<WorldReport>((resolve, reject) => {
    keeper.on('message', (line: Line) => {
      if (line.kind === 'ready') resolve(line.report)
      else if (line.kind === 'failed') reject(new Error(line.message))
    })
    void ended.then(([code]) => reject(new Error(`the lab ended with ${code}`)))
  }).catch(async (error: unknown) => {
    await stop()
    throw error
  })
  return { report, stop }
}

/** Fills in the identity provider's own pages, as somebody of the lab. */
export async function signInAtLab({ portal, people, seed }: WorldReport, name: string): Promise<Visitor> {
  const password = people.find((person) => person.name === name)?.password ?? ''
  const fields = new URLSearchParams({ username: name, password, code: codeOf(seed, name) ?? '' })
  const jar = createJar()
  let url = new URL('/sign-in', portal)
  let form: URLSearchParams | undefined
  for (let steps = 0; steps < 20; steps += 1) {
    const answer = await jar.ask(url, form)
    const text = await answer.text()
    const location = answer.headers.get('location')
    const action = /<form method="post" action="([^"]+)"/.exec(text)?.[1]
    if (location) {
      if (url.pathname === '/sign-in/callback') return createVisitor(portal, jar.cookies(url.origin))
      url = new URL(location, url)
      form = undefined
    } else if (action) {
      url = new URL(action, url)
      form = fields
    } else throw new Error(`sign-in stopped at ${url.pathname} with ${answer.status}: ${text}`)
  }
  throw new Error('the sign-in goes round in circles')
}
