import { run } from '../world/commands.ts'
import type { Laptop } from './laptop.ts'

/** An engine and nothing else, as a peer of ours: between the same two machines, and as its own programs do it by default. */
export type BareEngine = {
  connect(ends: BareEnds): Promise<BareTunnel>
  /** How long after its server, the n-th, a client of the engine's own defaults is connected that was there before, ms. */
  stockLag(laptop: Laptop, n: number): Promise<number>
}
/** `server`: its namespace. */
export type BareEnds = { laptop: Laptop; server: string; publicAddress: string; target: string }
export type BareTunnel = { device: string; remove(): Promise<void> }

export async function masquerade(namespace: string, address: string): Promise<void> {
  const chain = `type nat hook postrouting priority srcnat; ip saddr ${address} masquerade;`
  await run('ip', ['netns', 'exec', namespace, 'nft', '-f', '-'], {
    input: `table ip bare { chain out { ${chain} }; }\n`,
  })
}

/** Takes no multiple of an engine's own intervals. */
export const boot = (n: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5_000 + (n * 5_000) / 7))
