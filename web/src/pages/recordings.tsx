import Box from '@cloudscape-design/components/box'
import Header from '@cloudscape-design/components/header'
import Input from '@cloudscape-design/components/input'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import Table from '@cloudscape-design/components/table'
import { useState } from 'react'
import type { Session, SessionList } from '../../../src/portal/contract/sessions.ts'
import { queryOf } from '../api/request.ts'
import { useQuery } from '../api/use-query.ts'
import { span, when, words } from '../shell/format.ts'
import { ProblemBox } from '../shell/problem-box.tsx'
import { PageLink } from '../shell/router.tsx'

/** Sessions that may be played, newest first. */
export function RecordingsPage() {
  const [q, setQ] = useState('')
  const list = useQuery<SessionList>(`/api/v1/recordings${queryOf({ q, limit: 200 })}`)
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
            onChange={({ detail }) => setQ(detail.value)}
          />
        }
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
          { id: 'account', header: 'Account', cell: (one) => one.account },
          { id: 'region', header: 'Region', cell: (one) => one.region },
          { id: 'started', header: 'Began', cell: (one) => when(one.startedAt) },
          {
            id: 'length',
            header: 'Length',
            cell: (one) => (one.endedAt === undefined ? 'goes on' : span(one.endedAt - one.startedAt)),
          },
          { id: 'reason', header: 'End', cell: (one) => words(one.endReason) },
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
        ]}
      />
    </SpaceBetween>
  )
}
