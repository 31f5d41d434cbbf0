declare module 'guacamole-lite' {
  /** As far as the bench uses it (guacamole-lite 1.2 has no types of its own). */
  class GuacamoleLite {
    constructor(
      webSocket: { host: string; port: number },
      guacd: { host: string; port: number },
      client: { crypt: { cypher: string; key: string }; maxInactivityTime: number; log: { level: string } },
    )
    readonly webSocketServer: import('ws').WebSocketServer
  }
  export = GuacamoleLite
}
