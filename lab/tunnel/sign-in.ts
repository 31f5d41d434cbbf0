import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { forgetBrowser, writeBrowser } from '../journey/keyboard.ts'
import type { Laptop } from './laptop.ts'
import { offerPort } from './offer-port.ts'

const hands = fileURLToPath(new URL('./at-keyboard.ts', import.meta.url))

export type SignInAt = { startUrl: string; seed: string }

/** `enchilada login` on a laptop, in real Chromium, by password and one-time code. Gives what the command says. */
export async function signInOn(laptop: Laptop, name: string, { startUrl, seed }: SignInAt): Promise<string> {
  const port = Number(new URL(startUrl).port)
  const listener = await offerPort(laptop.name, port)
  try {
    forgetBrowser(laptop.home)
    const browser = writeBrowser(laptop.home)
    const child = laptop.start(['login', '--method', 'saml', '--sign-in-url', startUrl, '--browser', browser, '--json'])
    const said = Promise.all([child.stdout, child.stderr].map((stream) => (stream ? text(stream) : '')))
    const ended = once(child, 'exit')
    await laptop.run(process.execPath, hands, laptop.home, seed, name)
    const [code] = await ended
    const [answer = '', complaint = ''] = await said
    if (code !== 0) throw new Error(`login ended with ${code}: ${complaint}`)
    return answer
  } finally {
    listener.close()
  }
}
