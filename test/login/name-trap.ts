import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Where AWS's names lead: a loopback address of which nothing else in the world makes use. Other names are not there. */
const TRAP = '127.0.0.2'
const AWS = /(?:^|\.)(?:mcas\.ms|aws\.amazon\.com|amazonaws\.com|amazonaws-us-gov\.com|amazonaws\.cn)$/

/** Names of AWS that were looked up, and how often somebody then connected. */
export type NameTrap = { lookups(): readonly string[]; connections(): number; close(): void }

/**
 * The name server of a world without a network, and the address that it gives for names of AWS. Whoever asks for one is noted, and
 * whoever then connects too.
 */
export async function setNameTrap(): Promise<NameTrap> {
  const lookups: string[] = []
  let connections = 0
  const names = createSocket('udp4')
  names.on('message', (question, from) => {
    const { name, end, type } = readQuestion(question)
    const isAws = AWS.test(name)
    if (isAws) lookups.push(name)
    names.send(answerTo(question.subarray(0, end), isAws && type === 1, isAws), from.port, from.address)
  })
  names.bind(53, '127.0.0.1')
  await once(names, 'listening')
  const listener = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  listener.listen(443, TRAP)
  await once(listener, 'listening')
  return {
    lookups: () => [...lookups],
    connections: () => connections,
    close: () => {
      names.close()
      listener.close()
    },
  }
}

/** RFC 1035, 4.1.2: the name is a run of labels, each after its length. */
function readQuestion(message: Buffer): { name: string; end: number; type: number } {
  const labels: string[] = []
  let at = 12
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), end: at + 5, type: message.readUInt16BE(at + 1) }
}

/** One address record, none for another type than A, or "no such name" (RFC 1035, 4.1.1: code 3). */
function answerTo(question: Buffer, hasAddress: boolean, isThere: boolean): Buffer {
  const header = Buffer.from(question)
  header.writeUInt16BE(isThere ? 0x8180 : 0x8183, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(hasAddress ? 1 : 0, 6)
  header.writeUInt32BE(0, 8)
  if (!hasAddress) return header
  const address = TRAP.split('.').map(Number)
  return Buffer.concat([header, Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address])])
}
