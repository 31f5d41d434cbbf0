/** A bucket takes tens of milliseconds for each file, however small: so many are asked for before they are wanted. */
const AHEAD = 8

/** What `make` gives for each item, in their order, while the next ones are under way. */
export async function* readAhead<I, T>(items: Iterable<I>, make: (item: I) => Promise<T>): AsyncGenerator<T> {
  const queue: Promise<T>[] = []
  for (const item of items) {
    const made = make(item)
    // Whoever stops early does not hear of what failed further on.
    made.catch(() => undefined)
    queue.push(made)
    const first = queue.length > AHEAD ? queue.shift() : undefined
    if (first) yield await first
  }
  for (const made of queue) yield await made
}
