/** Control characters, bidirectional marks and overrides, zero-width and other invisible ones (Unicode categories Cc, Cf, Zl, Zp). */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu

/** Characters, not bytes; Guacamole's column has the same width. */
const LONGEST = 128

/** Free text from a tag, fit to be shown and searched: one line, visible, bounded. May come out empty. */
export function safeText(text: string): string {
  const visible = text
    .replace(/[\t\n\r]/g, ' ')
    .replace(UNSEEN, '')
    .replace(/\s+/g, ' ')
    .trim()
  return [...visible].slice(0, LONGEST).join('').trim()
}

/** A part of a group path: a slash in a tag must not open a level that a policy trusts. */
export const safePathPart = (text: string): string => safeText(text).replaceAll('/', '-')
