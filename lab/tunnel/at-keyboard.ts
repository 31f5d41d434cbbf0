import { codeOf, findPerson, makePeople } from '../idp/people.ts'
import { giveCode, givePassword, takePage } from '../journey/keyboard.ts'

/** `at-keyboard.ts HOME SEED NAME`, in the laptop's network: types password and one-time code into the browser that a sign-in has opened. */
const [home = '', seed = '', name = ''] = process.argv.slice(2)
const person = findPerson(makePeople(seed), name)
if (!person) throw new Error(`nobody is called ${name}`)
await takePage(home, async (page) => {
  await givePassword(page, person)
  await giveCode(page, codeOf(seed, name) ?? '')
})
