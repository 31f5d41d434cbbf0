/** The provider's pages: plain forms with labels, as a person or a browser driver finds them. */

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (found) => escapes[found] ?? found)

const style = `body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#eef1f5;color:#16191f}
main{max-width:22rem;margin:12vh auto;padding:2rem;background:#fff;border:1px solid #c6c6cd;border-radius:8px}
h1{font-size:1.3rem;margin:0 0 1rem}label{display:block;margin-top:1rem;font-weight:600}
input{box-sizing:border-box;width:100%;padding:.5rem;font:inherit;border:1px solid #6f7788;border-radius:4px}
button{margin-top:1.5rem;padding:.5rem 1.25rem;font:inherit;font-weight:600;color:#fff;background:#0b5a8f;border:0;border-radius:4px}
[role=alert]{color:#a11;margin:1rem 0 0}`

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)} - Lab identity provider</title><style>${style}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>${body}</main></body></html>`
}

const alert = (text: string | undefined) => (text ? `<p role="alert">${escapeHtml(text)}</p>` : '')

export function passwordPage(action: string, fault?: string): string {
  return page(
    'Sign in',
    `<form method="post" action="${escapeHtml(action)}">${alert(fault)}
<label for="username">User name</label><input id="username" name="username" autocomplete="username" autofocus required>
<label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required>
<button type="submit">Sign in</button></form>`,
  )
}

export function codePage(action: string, name: string, fault?: string): string {
  return page(
    'Second factor',
    `<form method="post" action="${escapeHtml(action)}"><p>Signed in as ${escapeHtml(name)}.</p>${alert(fault)}
<label for="code">One-time code</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9]{6}" maxlength="6" autofocus required>
<button type="submit">Verify</button></form>`,
  )
}

/** `form` is the provider's own, with its anti-forgery field; the button belongs to it by its id. */
export function signOutPage(form: string): string {
  return page(
    'Sign out',
    `<p>Sign out of the identity provider too?</p>${form}
<button type="submit" form="op.logoutForm" name="logout" value="yes" autofocus>Sign out</button>`,
  )
}

export const signedOutPage = (): string => page('Signed out', '<p>You are signed out.</p>')

export const faultPage = (text: string): string => page('That did not work', `<p role="alert">${escapeHtml(text)}</p>`)

/** Posts itself as soon as it is read, as identity providers' pages do (SAML 2.0 bindings, 3.5). */
export function postPage(action: string, fields: Readonly<Record<string, string>>): string {
  const inputs = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  )
  return page(
    'Signed in',
    `<form method="post" action="${escapeHtml(action)}">${inputs.join('')}<button type="submit">Continue</button></form>
<script>document.forms[0].submit()</script>`,
  )
}
