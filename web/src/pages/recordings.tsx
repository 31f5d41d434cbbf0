import Box from '@cloudscape-design/components/box'
import Header from '@cloudscape-design/components/header'
import Input from '@cloudscape-design/components/input'
import Pagination from '@cloudscape-design/components/pagination'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import Table from '@cloudscape-design/components/table'
import { useState } from 'react'
import type { RecordingList } from '../../../src/portal/contract/recordings.ts'
import type { Session } from '../../../src/portal/contract/sessions.ts'
import { queryOf } from '../api/request.ts'
import { usePages } from '../api/use-pages.ts'
import { useQuery } from '../api/use-query.ts'
import { span, when, words } from '../shell/format.ts'
import { ProblemBox } from '../shell/problem-box.tsx'
import { PageLink } from '../shell/router.tsx'

/** Sessions that may be played, newest first. */
export function RecordingsPage() {
  const [q, setQ] = useState('')
  const pages = usePages()
  const list = useQuery<RecordingList>(`/api/v1/recordings${queryOf({ q, limit: 50, cursor: pages.cursor })}`)
  return (
    <SpaceBetween size="l">
      {list.error && <ProblemBox error={list.error} retry={list.reload} />}
      <Table<Session>
        variant="full-page"
        stickyHeader
        loading={list.loading && !list.data}
        loadingText="Looking up recordings"
        items={list.data?.items ?? []}
        trackBy="id"
        ariaLabels={{ tableLabel: 'Recordings' }}
        header={
          <Header
            variant="awsui-h1-sticky"
            description="Sealed at the end of each session; playing one is recorded in the trail."
          >
            Recordings
          </Header>
        }
        filter={
          <Input
            type="search"
            value={q}
            ariaLabel="Search recordings"
            placeholder="Instance, person, account"
            onChange={({ detail }) => {
              setQ(detail.value)
              pages.back()
            }}
          />
        }
        pagination={<Pagination {...pages.props(list.data?.nextCursor)} />}
        empty={<Box textAlign="center">No recordings that you may play.</Box>}
        columnDefinitions={[
          {
            id: 'name',
            header: 'Instance',
            isRowHeader: true,
            cell: (one) => (
              <PageLink href={`/recordings/${one.id}`} label={`Play ${one.connectionName}`}>
                {one.connectionName}
              </PageLink>
            ),
          },
          { id: 'person', header: 'Person', cell: (one) => one.personName },
          { id: 'started', header: 'Began', cell: (one) => when(one.startedAt) },
          {
            id: 'length',
            header: 'Length',
            cell: (one) => (one.endedAt === undefined ? 'goes on' : span(one.endedAt - one.startedAt)),
          },
          {
            id: 'seal',
            header: 'Seal',
            cell: (one) => (
              <StatusIndicator
                type={one.recording === 'sealed' ? 'success' : one.recording === 'recording' ? 'in-progress' : 'error'}
              >
                {one.recording}
              </StatusIndicator>
            ),
          },
          { id: 'reason', header: 'End', cell: (one) => (one.endReason === undefined ? '–' : words(one.endReason)) },
          { id: 'account', header: 'Account', cell: (one) => one.account },
          { id: 'region', header: 'Region', cell: (one) => one.region },
        ]}
      />
    </SpaceBetween>
  )
}
