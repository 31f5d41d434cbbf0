import { InvalidArgumentError } from 'commander'

/** Parsers of commander: what is not understood is a usage error that names the option. */
export function count(text: string): number {
  if (!/^\d{1,6}$/.test(text) || Number(text) < 1) throw new InvalidArgumentError('a number from 1 to 999999')
  return Number(text)
}

export function factor(text: string): number {
  const value = Number(text)
  if (!(value >= 0.1 && value <= 1_000)) throw new InvalidArgumentError('a number from 0.1 to 1000')
  return value
}

export function seconds(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= 86_400)) throw new InvalidArgumentError('seconds, up to a day')
  return value
}

export const hoursOfDay = (text: string): number => within(text, 24, 'hours, more than 0 and at most 24')
export const daysOfMonth = (text: string): number => within(text, 31, 'days, more than 0 and at most 31')

function within(text: string, most: number, words: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= most)) throw new InvalidArgumentError(words)
  return value
}

/** Of a section header of ~/.aws/config: a bracket or a line break in it would begin another. */
export function profileName(text: string): string {
  if (!/^[\w.@:/+=,-]{1,128}$/.test(text)) throw new InvalidArgumentError('letters, digits and . @ : / + = , - _')
  return text
}

const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/

/** ISO 8601 in UTC with milliseconds, as the trail writes it. A day alone begins at its first moment. */
export const timeFrom = (text: string): string => time(text, 'T00:00:00.000Z')
/** A day alone ends at its last moment. */
export const timeTo = (text: string): string => time(text, 'T23:59:59.999Z')

function time(text: string, ofDay: string): string {
  const at = ISO.test(text) ? Date.parse(text.length === 10 ? text + ofDay : text) : Number.NaN
  if (Number.isNaN(at)) throw new InvalidArgumentError('ISO 8601, such as 2026-11-24 or 2026-11-24T10:30Z')
  return new Date(at).toISOString()
}
