export const engines = ['wireguard', 'openvpn'] as const
export type Engine = (typeof engines)[number]

/** What a world is told when it starts; it goes to the inside as one JSON argument. */
export type WorldSettings = {
  /** Folder of the world's files, outside and inside. */
  dir: string
  /** The same numbers inside and outside. */
  ports: Ports
  seed: string
  /** Functions do discovery, on PostgreSQL; otherwise `serve` does, on SQLite. */
  lambda: boolean
  /** Install and start the product; without it there is the world alone. */
  product: boolean
  /** What lies in dist/ is packed as it is. */
  built: boolean
  /** Try the tunnel with this engine, instead of the portal. */
  tunnel?: Engine
  /** Of the tunnel, instead of its journey: what goes wrong on other days, or so many rounds that are measured. */
  trial?: 'hard' | { rounds: number }
  /** Whether people may come: a world that is ended after its journey needs no laptop for them. */
  lasting: boolean
  /** Try the product as an engineer and an auditor would. */
  journey: boolean
}

export type Ports = { portal: number; idp: number; aws: number; saml: number }

export const doors = ['portal', 'idp', 'aws', 'saml'] as const
export type Door = (typeof doors)[number]

/** Where a door's bytes cross from the machine into the world. Paths of sockets have at most 107 bytes. */
export const socketOf = (dir: string, door: Door): string => `${dir}/${door}.sock`
