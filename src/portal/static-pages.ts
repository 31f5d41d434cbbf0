import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join, sep } from 'node:path'
import type { Context } from 'hono'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
}

type Page = { body: Buffer<ArrayBuffer>; type: string; etag: string; immutable: boolean }

/**
 * The built pages, read once: a request can name only what is there. Files under /assets/ carry a hash in their name and
 * never change; every other path of a page is answered with index.html, which the pages' own router reads.
 */
export function createStaticPages(webRoot: string) {
  const pages = new Map<string, Page>()
  if (existsSync(webRoot)) {
    for (const entry of readdirSync(webRoot, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const path = join(entry.parentPath, entry.name)
      const url = path.slice(webRoot.length).split(sep).join('/')
      const body = readFileSync(path)
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
      const type = TYPES[extname(entry.name)] ?? 'application/octet-stream'
      pages.set(url, { body, type, etag, immutable: url.startsWith('/assets/') })
    }
  }
  return function answerPage(c: Context): Response | undefined {
    const { pathname } = new URL(c.req.url)
    const isFile = extname(pathname) !== ''
    const page = pages.get(pathname) ?? (isFile || pathname.startsWith('/api/') ? undefined : pages.get('/index.html'))
    if (!page) return undefined
    const caching = page.immutable ? 'public, max-age=31536000, immutable' : 'no-cache'
    if (c.req.header('if-none-match') === page.etag) {
      return c.body(null, 304, { etag: page.etag, 'cache-control': caching })
    }
    return c.body(page.body, 200, { 'content-type': page.type, etag: page.etag, 'cache-control': caching })
  }
}
