import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Secret } from '../kernel/secret.ts'
import { keptAnswers } from './kept-answers.ts'

const folder = mkdtempSync(join(tmpdir(), 'answers-'))
afterAll(() => rmSync(folder, { recursive: true }))

const mine = new Secret('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY')
const answer = new Secret('{"secretAccessKey":"of the role"}')
const fileOf = (name: string) => join(folder, `${encodeURIComponent(name)}.sealed`)

test('an answer is for the credentials that asked, under its own name, and for nobody who reads the file', async () => {
  const kept = keptAnswers(folder)
  expect(await kept.load('arn:a/role', mine)).toBeUndefined()
  await kept.save('arn:a/role', mine, answer)
  expect((await kept.load('arn:a/role', mine))?.reveal()).toBe(answer.reveal())
  expect(await kept.load('arn:a/role', new Secret('the key after it was renewed'))).toBeUndefined()
  copyFileSync(fileOf('arn:a/role'), fileOf('arn:b/role'))
  expect(await kept.load('arn:b/role', mine)).toBeUndefined()
  expect(readFileSync(fileOf('arn:a/role')).includes('of the role')).toBe(false)
})

test('a file that was changed or cut is no answer, and a folder that cannot be written costs nothing', async () => {
  const kept = keptAnswers(folder)
  await kept.save('caller', mine, answer)
  const whole = readFileSync(fileOf('caller'))
  for (const broken of [whole.subarray(0, 20), Buffer.from(whole.map((byte, at) => (at === 50 ? byte ^ 1 : byte)))]) {
    writeFileSync(fileOf('caller'), broken)
    expect(await kept.load('caller', mine)).toBeUndefined()
  }
  await keptAnswers(fileOf('caller')).save('caller', mine, answer)
  expect(readdirSync(folder).every((name) => name.endsWith('.sealed'))).toBe(true)
})
