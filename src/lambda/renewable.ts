/** Something that is built once and used by every invocation, until it is given up: then the next one builds it anew. */
export type Renewable<T> = { get(): Promise<T>; giveUp(): Promise<void> }

export function createRenewable<T>(build: () => Promise<T>, close: (built: T) => Promise<void>): Renewable<T> {
  let current: Promise<T> | undefined
  return {
    get() {
      const building = current ?? build()
      current = building
      // What could not be built is no one's to keep.
      building.catch(() => {
        if (current === building) current = undefined
      })
      return building
    },
    async giveUp() {
      const given = current
      current = undefined
      await given?.then(close).catch(() => undefined)
    },
  }
}
