import type { Context } from 'hono'
import { html } from 'hono/html'
import type { CodedError } from '../../kernel/errors.ts'
import { statusOf } from './problem.ts'

/** A page for refusals on the way in: before sign-in there is no application to show them. No script, no inline style. */
export function errorPage(c: Context, error: CodedError): Response | Promise<Response> {
  return c.html(
    html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign-in failed - Enchilada</title>
<link rel="stylesheet" href="/sign-in/page.css">
</head>
<body>
<main>
<h1>Sign-in failed</h1>
<p role="alert">${error.message}.</p>
<p>${error.hint}</p>
<p><a href="/sign-in">Sign in again</a></p>
<p><small>Code: <code>${error.code}</code></small></p>
</main>
</body>
</html>`,
    statusOf(error),
  )
}

export const PAGE_STYLE = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; background: light-dark(#f4f6f9, #0f141a); color: light-dark(#16191f, #e6e9ee); }
main { max-width: 34rem; box-sizing: border-box; inline-size: calc(100% - 2rem); margin: 12vh auto; padding: 2rem; background: light-dark(#ffffff, #161d26); border: 1px solid light-dark(#c6c6cd, #424650); border-radius: 12px; }
h1 { margin: 0 0 1rem; font-size: 1.5rem; }
[role="alert"] { font-weight: 600; }
a { color: light-dark(#0059b2, #75b8ff); }
`
