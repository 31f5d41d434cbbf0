/** RFC 7468. */
export const pem = (label: string, base64: string): string =>
  [`-----BEGIN ${label}-----`, ...(base64.match(/.{1,64}/g) ?? []), `-----END ${label}-----`].join('\n')

/** openvpn(8), --secret: sixteen lines of sixteen bytes. */
export const staticKey = (hex: string): string =>
  ['-----BEGIN OpenVPN Static key V1-----', ...(hex.match(/.{32}/g) ?? []), '-----END OpenVPN Static key V1-----'].join(
    '\n',
  )
