import type { RecordingEvent, RecordingIndex } from '../../src/portal/contract/recordings.ts'
import { createScreenReader, type ScreenReader } from '../../src/recording/screen.ts'
import type { Visitor } from '../product/visitor.ts'
import { quantile, type Row, row } from '../report.ts'

/** Plays as the portal's page does, over the same requests, on the same terminal without a window. */
export async function benchReplay(visitor: Visitor, id: string, seeks: number, size: string): Promise<Row[]> {
  const player = createPlayer(visitor, id)
  const warm: number[] = []
  for (let n = 0; n < 5; n += 1) warm.push(await timed(() => createPlayer(visitor, id).open()))

  const { durationMs } = await player.index()
  const places = [...Array(seeks).keys()].map((n) => Math.floor((((n * 7919 + 13) % 9973) / 9973) * durationMs))
  const times: number[] = []
  for (const ms of places) times.push(await timed(() => player.seek(ms)))
  const middle = await timed(() => player.playFromStart(durationMs / 2))

  const slowest = Math.max(...times)
  const first = quantile(warm, 0.5)
  return [
    row({
      name: `replay of ${size}: first frame`,
      unit: 'ms',
      value: first,
      goal: { text: '≤ 1 s', met: first <= 1_000 },
    }),
    row({
      name: `seek anywhere, slowest of ${seeks}`,
      unit: 'ms',
      value: slowest,
      peer: { name: 'replay from the start to the middle', value: middle },
      goal: { text: '≤ 300 ms', met: slowest <= 300 },
    }),
    row({
      name: 'seek anywhere, median',
      unit: 'ms',
      value: quantile(times, 0.5),
      peer: { name: 'replay from the start to the middle', value: middle },
    }),
  ]
}

function createPlayer(visitor: Visitor, id: string) {
  let known: RecordingIndex | undefined
  const json = async <T>(path: string): Promise<T> => {
    const answer = await visitor.get(`/api/v1/recordings/${id}${path}`)
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
    return (await answer.json()) as T
  }
  const index = async () => {
    known ??= await json<RecordingIndex>('/index')
    return known
  }
  const slice = async (n: number): Promise<RecordingEvent[]> => {
    const text = await (await visitor.get(`/api/v1/recordings/${id}/slices/${n}`)).text()
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as RecordingEvent)
  }
  /** Draws from a slice on until `until`, one request after the other. */
  const draw = async (screen: ScreenReader, from: number, until: number) => {
    const { slices } = await index()
    for (const one of slices.slice(from)) {
      if (one.fromMs > until) break
      await screen.feed((await slice(one.n)).filter(([ms]) => ms <= until))
    }
    screen.screen()
    screen.dispose()
  }
  return {
    index,
    async open() {
      const { cols, rows } = await json<{ cols: number; rows: number }>('')
      const { slices } = await index()
      await draw(createScreenReader(cols, rows), 0, slices[0]?.fromMs ?? 0)
    },
    async seek(ms: number) {
      const { screens, slices } = await index()
      const near = screens.filter((one) => one.ms <= ms).at(-1)
      const screen = createScreenReader(near?.cols ?? 120, near?.rows ?? 40)
      if (near) await screen.feed([[0, 'o', near.data]])
      await draw(screen, near ? slices.findIndex((one) => one.n === near.slice) : 0, ms)
    },
    playFromStart: (ms: number) => draw(createScreenReader(120, 40), 0, ms),
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}
