import Box from '@cloudscape-design/components/box'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator'
import Table from '@cloudscape-design/components/table'
import TextFilter from '@cloudscape-design/components/text-filter'
import { useEffect, useState } from 'react'
import type { ScopeList, ScopeStatus } from '../../../src/portal/contract/scopes.ts'
import { useQuery } from '../api/use-query.ts'
import { ago, when } from '../shell/format.ts'
import { Denied, ProblemBox } from '../shell/problem-box.tsx'

const indicators: Record<ScopeStatus['state'], StatusIndicatorProps.Type> = {
  fresh: 'success',
  stale: 'warning',
  throttled: 'warning',
  denied: 'error',
  closed: 'stopped',
  disabled: 'stopped',
  gone: 'stopped',
  never: 'pending',
}

const REFRESH_MS = 10_000

/** How fresh what we know of each account and region is. */
export function StatusPage() {
  const [text, setText] = useState('')
  const list = useQuery<ScopeList>('/api/v1/scopes')
  const { reload } = list
  useEffect(() => {
    const timer = setInterval(reload, REFRESH_MS)
    return () => clearInterval(timer)
  }, [reload])
  if (list.error?.status === 403) return <Denied title="Status" error={list.error} />
  const items = (list.data?.items ?? []).filter((one) =>
    `${one.scope} ${one.accountName ?? ''} ${one.state}`.toLowerCase().includes(text.toLowerCase()),
  )
  return (
    <SpaceBetween size="l">
      {list.error && <ProblemBox error={list.error} retry={list.reload} />}
      <Table<ScopeStatus>
        variant="full-page"
        stickyHeader
        loading={list.loading && !list.data}
        loadingText="Reading the state of discovery"
        items={items}
        trackBy="scope"
        ariaLabels={{ tableLabel: 'Accounts and regions' }}
        header={
          <Header
            variant="awsui-h1-sticky"
            counter={`(${items.length})`}
            description="How fresh the list of each account and region is. Drift: what the last sweep found that events had missed."
          >
            Status
          </Header>
        }
        filter={
          <TextFilter
            filteringText={text}
            filteringAriaLabel="Search accounts and regions"
            filteringPlaceholder="Account, region, state"
            onChange={({ detail }) => setText(detail.filteringText)}
          />
        }
        empty={<Box textAlign="center">Nothing was swept yet.</Box>}
        columnDefinitions={[
          { id: 'account', header: 'Account', isRowHeader: true, cell: (one) => one.accountName ?? one.account },
          { id: 'region', header: 'Region', cell: (one) => one.region },
          {
            id: 'state',
            header: 'State',
            cell: (one) => (
              <StatusIndicator type={indicators[one.state]}>
                {one.detail ? `${one.state}: ${one.detail}` : one.state}
              </StatusIndicator>
            ),
          },
          { id: 'event', header: 'Last event', cell: (one) => <Ago at={one.lastEventAt} /> },
          { id: 'sweep', header: 'Last sweep', cell: (one) => <Ago at={one.lastSweepAt} /> },
          { id: 'drift', header: 'Drift', cell: (one) => one.drift },
          { id: 'held', header: 'Held back', cell: (one) => one.heldBack },
          { id: 'instances', header: 'Instances', cell: (one) => one.instances },
          { id: 'id', header: 'Account id', cell: (one) => one.account },
        ]}
      />
    </SpaceBetween>
  )
}

/** How long ago says more of freshness than when. */
function Ago({ at }: { at: number | undefined }) {
  if (at === undefined) return '–'
  return (
    <time dateTime={new Date(at).toISOString()} title={when(at)}>
      {ago(at, Date.now())}
    </time>
  )
}
