import type { Product } from '../world/product.ts'

type Listed = { records: { writer: string }[] }

/** Chains of functions in which discovery is recorded. A server may have helped out with some of it, but not with all. */
export async function functionChains(product: Product): Promise<string[]> {
  const { records }: Listed = JSON.parse(await product.cli('audit', 'list', '--kind', 'discovery.added', '--json'))
  const chains = [...new Set(records.map(({ writer }) => writer))].sort()
  const own = chains.filter((writer) => writer.startsWith('writer-'))
  if (own.length === 0) throw new Error(`discovery is in the chains of ${chains.join(', ') || 'nobody'}`)
  return own
}
