/** Begins `count` works evenly within the time, however long each takes, and waits for all. */
export async function atPace<T>(count: number, withinMs: number, work: (n: number) => Promise<T>): Promise<T[]> {
  const begun = performance.now()
  const works: Promise<T>[] = []
  for (let n = 0; n < count; n += 1) {
    const due = begun + (n * withinMs) / count
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())))
    works.push(work(n))
  }
  return Promise.all(works)
}
