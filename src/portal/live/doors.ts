/** What stands open for somebody in this process: streams and sockets, closed when the web session behind them ends. */
export type Doors = {
  /** Returns how to take it off the list. */
  add(door: { sessionHash: string; personId: string; close(): void }): () => void
  closeOfSession(sessionHash: string): void
  closeOfPerson(personId: string): void
  closeAll(): void
}

type Door = Parameters<Doors['add']>[0]

export function createDoors(): Doors {
  const open = new Set<Door>()
  const closeWhere = (which: (door: Door) => boolean) => {
    for (const door of [...open].filter(which)) {
      open.delete(door)
      door.close()
    }
  }
  return {
    add(door) {
      open.add(door)
      return () => open.delete(door)
    },
    closeOfSession: (sessionHash) => closeWhere((door) => door.sessionHash === sessionHash),
    closeOfPerson: (personId) => closeWhere((door) => door.personId === personId),
    closeAll: () => closeWhere(() => true),
  }
}
