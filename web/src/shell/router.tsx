import Link from '@cloudscape-design/components/link'
import { type ReactNode, useSyncExternalStore } from 'react'

const listeners = new Set<() => void>()
const tell = () => {
  for (const listener of listeners) listener()
}
window.addEventListener('popstate', tell)

export function go(path: string): void {
  history.pushState(null, '', path)
  tell()
}

/** The path of the address, followed as it changes. */
export const usePath = (): string =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => location.pathname,
  )

type Click = { preventDefault(): void; detail: { href?: string | undefined; external?: boolean | undefined } }

/** For Cloudscape's onFollow: stays in the page. */
export function follow(event: Click): void {
  const { href, external } = event.detail
  if (!href || external || !href.startsWith('/') || href.startsWith('/sign-in')) return
  event.preventDefault()
  go(href)
}

export const PageLink = ({ href, label, children }: { href: string; label?: string; children: ReactNode }) => (
  <Link href={href} onFollow={follow} {...(label ? { ariaLabel: label } : {})}>
    {children}
  </Link>
)
