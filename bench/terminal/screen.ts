/** What guacd makes of a window of 1024 × 768 pixels at 96 dpi with its own font; the others are told to be as large. */
export const WINDOW = { width: 1024, height: 768, dpi: 96 } as const
export const SCREEN = { cols: 100, rows: 40 } as const
