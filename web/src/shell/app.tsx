import AppLayout from '@cloudscape-design/components/app-layout'
import { I18nProvider } from '@cloudscape-design/components/i18n'
import messages from '@cloudscape-design/components/i18n/messages/all.en'
import SideNavigation from '@cloudscape-design/components/side-navigation'
import Spinner from '@cloudscape-design/components/spinner'
import TopNavigation from '@cloudscape-design/components/top-navigation'
import { lazy, Suspense, useEffect, useState } from 'react'
import type { Me } from '../../../src/portal/contract/common.ts'
import { useQuery } from '../api/use-query.ts'
import { InstancesPage } from '../instances/instances-page.tsx'
import { AuditPage } from '../pages/audit.tsx'
import { HostKeysPage } from '../pages/host-keys.tsx'
import { RecordingsPage } from '../pages/recordings.tsx'
import { SessionsPage } from '../pages/sessions.tsx'
import { SignedOutPage } from '../pages/signed-out.tsx'
import { StatusPage } from '../pages/status.tsx'
import { ProblemBox } from './problem-box.tsx'
import { follow, usePath } from './router.tsx'
import { useDarkMode } from './theme.ts'

const TerminalPage = lazy(async () => ({ default: (await import('../terminal/terminal-page.tsx')).TerminalPage }))
const PlayerPage = lazy(async () => ({ default: (await import('../player/player-page.tsx')).PlayerPage }))

const titles: Readonly<Record<string, string>> = {
  connect: 'Terminal',
  watch: 'Watching',
  'host-keys': 'Host keys',
  recordings: 'Recordings',
  sessions: 'Sessions',
  audit: 'Audit',
  status: 'Status',
}

export function App() {
  const path = usePath()
  const [dark, setDark] = useDarkMode()
  const me = useQuery<Me>('/api/v1/me')
  const [navigationOpen, setNavigationOpen] = useState(innerWidth > 900)
  useEffect(() => {
    document.title = `${titles[path.split('/')[1] ?? ''] ?? 'Instances'} - Enchilada`
  }, [path])
  if (me.error && me.error.status !== 401) {
    return (
      <main className="way-in">
        <ProblemBox error={me.error} retry={me.reload} />
      </main>
    )
  }
  if (me.error) return <SignedOutPage />
  if (!me.data) return <Spinner size="large" />

  const { may, name } = me.data
  const links = [
    { type: 'link' as const, text: 'Instances', href: '/' },
    { type: 'link' as const, text: 'Sessions', href: '/sessions' },
    { type: 'link' as const, text: 'Recordings', href: '/recordings' },
    ...(may.audit ? [{ type: 'link' as const, text: 'Audit', href: '/audit' }] : []),
    ...(may.administer ? [{ type: 'link' as const, text: 'Status', href: '/status' }] : []),
  ]
  const isFull = path.startsWith('/connect/') || path.startsWith('/watch/')
  return (
    <I18nProvider locale="en" messages={[messages]}>
      <div id="top">
        <TopNavigation
          identity={{ href: '/', title: 'Enchilada', onFollow: follow }}
          utilities={[
            { type: 'button', text: dark ? 'Light mode' : 'Dark mode', onClick: () => setDark(!dark) },
            {
              type: 'menu-dropdown',
              text: name,
              iconName: 'user-profile',
              ariaLabel: `Account of ${name}`,
              items: [{ id: 'sign-out', text: 'Sign out' }],
              onItemClick: () => location.assign('/sign-out'),
            },
          ]}
        />
      </div>
      <AppLayout
        headerSelector="#top"
        toolsHide
        navigationWidth={200}
        disableContentPaddings={isFull}
        navigationOpen={!isFull && navigationOpen}
        navigationHide={isFull}
        onNavigationChange={({ detail }) => setNavigationOpen(detail.open)}
        navigation={
          <SideNavigation
            header={{ text: 'Fleet', href: '/' }}
            activeHref={path === '/' ? '/' : `/${path.split('/')[1]}`}
            items={links}
            onFollow={follow}
          />
        }
        content={
          <Suspense fallback={<Spinner size="large" />}>
            <Page path={path} mayAdminister={may.administer} />
          </Suspense>
        }
        ariaLabels={{
          navigation: 'Pages',
          navigationClose: 'Close the list of pages',
          navigationToggle: 'Open the list of pages',
        }}
      />
    </I18nProvider>
  )
}

function Page({ path, mayAdminister }: { path: string; mayAdminister: boolean }) {
  const [, first = '', second] = path.split('/')
  if (first === 'connect' && second)
    return <TerminalPage key={path} purpose="open" id={second} mayAdminister={mayAdminister} />
  if (first === 'watch' && second)
    return <TerminalPage key={path} purpose="watch" id={second} mayAdminister={mayAdminister} />
  if (first === 'host-keys' && second) return <HostKeysPage key={path} id={second} />
  if (first === 'recordings' && second) return <PlayerPage key={path} id={second} />
  if (first === 'recordings') return <RecordingsPage />
  if (first === 'sessions') return <SessionsPage />
  if (first === 'audit') return <AuditPage />
  if (first === 'status') return <StatusPage />
  return <InstancesPage mayAdminister={mayAdminister} />
}
