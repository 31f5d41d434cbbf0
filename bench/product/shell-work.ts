/** Typed a key at a time; the pause in milliseconds follows it. */
export type Line = readonly [typed: string, pause: number]

/** A quarter of a minute of somebody's work at a shell. `notes`: a text of the folder. */
export const shellWork = (notes: string): readonly Line[] => [
  ['ls -la --color=always /usr/bin | head -80', 800],
  ['ps aux', 600],
  ['df -h; free -m; uptime', 900],
  ['for n in $(seq 1 20); do printf "\\rcopying %d%%" $((n * 5)); sleep 0.1; done; echo', 2_500],
  [`head -c 60000 ${notes}`, 1_000],
  [`grep -n --color=always "e" ${notes} | head -60`, 900],
  ['printf "\\033[2J\\033[H\\033[1;31mred\\033[0m \\033[44mblue\\033[0m\\n"', 500],
  ['top -b -n 2 -d 1 | head -90', 2_200],
]

/** The time between two keys of a quick typist, in milliseconds. */
export const KEY_MS = 15

export async function typeLines(lines: readonly Line[], press: (key: string) => void): Promise<void> {
  for (const [typed, pause] of lines) {
    for (const key of `${typed}\r`) {
      press(key)
      await new Promise((resolve) => setTimeout(resolve, KEY_MS))
    }
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}
