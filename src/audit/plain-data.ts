/** What canonical JSON refuses (lone surrogates, NaN, bigint) must not cost a record: tags and names come from outside. */
export function toPlainData(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value === 'boolean' || value === null) return value
  if (typeof value !== 'object') return undefined
  if (depth > 16) return '…'
  if ('toJSON' in value && typeof value.toJSON === 'function') return toPlainData(value.toJSON(), depth + 1)
  if (Array.isArray(value)) return value.map((item) => toPlainData(item, depth + 1) ?? null)
  const plain = Object.entries(value).map(
    ([name, item]) => [name.toWellFormed(), toPlainData(item, depth + 1)] as const,
  )
  return Object.fromEntries(plain.filter(([, item]) => item !== undefined))
}
