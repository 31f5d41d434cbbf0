import type { Protocol } from '../../model/connection.ts'

const words = (text: string): string[] => text.trim().split(/\s+/)

const common = words(`
  read-only disable-copy disable-paste
  recording-path recording-name create-recording-path recording-exclude-output recording-exclude-mouse
  recording-include-keys recording-write-existing
  wol-send-packet wol-mac-addr wol-broadcast-addr wol-udp-port wol-wait-time
`)
const sftp = words(`
  enable-sftp sftp-hostname sftp-port sftp-timeout sftp-host-key sftp-username sftp-directory sftp-root-directory
  sftp-server-alive-interval sftp-disable-download sftp-disable-upload
`)

/** Every parameter of guacd 1.6 that a configuration may set; address, port and user come from the connection itself. */
export const PARAMETERS: Readonly<Record<Protocol, readonly string[]>> = {
  ssh: words(`
    ${common.join(' ')} timeout host-key public-key enable-agent enable-sftp sftp-root-directory sftp-disable-download
    sftp-disable-upload command server-alive-interval locale timezone color-scheme font-name font-size scrollback
    backspace terminal-type typescript-path typescript-name create-typescript-path typescript-write-existing
  `),
  rdp: words(`
    ${common.join(' ')} ${sftp.join(' ')} recording-exclude-touch timeout domain security ignore-cert cert-tofu
    cert-fingerprints disable-auth server-layout client-name console console-audio initial-program timezone width height
    dpi color-depth resize-method force-lossless disable-gfx normalize-clipboard disable-audio enable-audio-input
    enable-touch enable-printing printer-name enable-drive drive-name drive-path create-drive-path disable-download
    disable-upload static-channels gateway-hostname gateway-port gateway-domain gateway-username load-balance-info
    preconnection-id preconnection-blob remote-app remote-app-dir remote-app-args enable-wallpaper enable-theming
    enable-font-smoothing enable-full-window-drag enable-desktop-composition enable-menu-animations
    disable-bitmap-caching disable-offscreen-caching disable-glyph-caching
  `),
  vnc: words(`
    ${common.join(' ')} ${sftp.join(' ')} autoretry encodings color-depth swap-red-blue cursor clipboard-encoding
    disable-display-resize disable-server-input force-lossless compress-level quality-level dest-host dest-port
    reverse-connect listen-timeout enable-audio audio-servername
  `),
}

/** Parameters that hold a secret: Guacamole keeps them in plain text. */
export const SECRET_PARAMETERS: Readonly<Record<Protocol, readonly string[]>> = {
  ssh: ['password', 'private-key', 'passphrase'],
  rdp: ['password', 'gateway-password', 'sftp-password', 'sftp-private-key', 'sftp-passphrase'],
  vnc: ['password', 'sftp-password', 'sftp-private-key', 'sftp-passphrase'],
}

type TagRule = { tag: string; parameter: string; takes: RegExp; protocols: readonly Protocol[] }

/** The closed list of what a tag may set beside port and user; whoever may tag an instance writes these. */
export const TAG_RULES: readonly TagRule[] = [
  { tag: 'enchilada:color-scheme', parameter: 'color-scheme', takes: /^[a-z-]{1,32}$/, protocols: ['ssh'] },
  { tag: 'enchilada:font', parameter: 'font-name', takes: /^[A-Za-z0-9 _-]{1,64}$/, protocols: ['ssh'] },
  { tag: 'enchilada:font-size', parameter: 'font-size', takes: /^\d{1,2}$/, protocols: ['ssh'] },
  {
    tag: 'enchilada:keyboard',
    parameter: 'server-layout',
    takes: /^[a-z]{2}(-[a-z]{2,10}){1,3}$|^failsafe$/,
    protocols: ['rdp'],
  },
  {
    tag: 'enchilada:time-zone',
    parameter: 'timezone',
    takes: /^[A-Za-z_]+(\/[A-Za-z0-9_+-]+){0,2}$/,
    protocols: ['ssh', 'rdp'],
  },
]

/** Guacamole fills `${TOKEN}` in every parameter when somebody connects; text that is not ours must not ask for that. */
export const escapeTokens = (text: string): string => text.replace(/\$\{/g, (found) => `$${found}`)
