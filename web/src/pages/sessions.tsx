import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table from '@cloudscape-design/components/table'
import { useCallback, useState } from 'react'
import type { Session, SessionList } from '../../../src/portal/contract/sessions.ts'
import { ApiError, post } from '../api/request.ts'
import { useEvents, useQuery } from '../api/use-query.ts'
import { when } from '../shell/format.ts'
import { ProblemBox } from '../shell/problem-box.tsx'
import { go } from '../shell/router.tsx'

const LIVE = ['ready', 'session', 'reset'] as const

/** Sessions that go on: watch them read-only, or end them. */
export function SessionsPage() {
  const list = useQuery<SessionList>('/api/v1/sessions?live=true&limit=200')
  const { reload } = list
  const [refusal, setRefusal] = useState<ApiError>()
  useEvents(
    '/api/v1/sessions/events',
    LIVE,
    useCallback(() => reload(), [reload]),
  )
  const end = (session: Session) =>
    post(`/api/v1/sessions/${session.id}/end`).then(
      () => setRefusal(undefined),
      (cause: unknown) => cause instanceof ApiError && setRefusal(cause),
    )
  const error = refusal ?? list.error
  return (
    <SpaceBetween size="l">
      {error && <ProblemBox error={error} retry={reload} />}
      <Table<Session>
        variant="full-page"
        loading={list.loading && !list.data}
        loadingText="Looking up sessions"
        items={list.data?.items ?? []}
        trackBy="id"
        ariaLabels={{ tableLabel: 'Live sessions' }}
        header={
          <Header variant="awsui-h1-sticky" counter={`(${list.data?.items.length ?? 0})`}>
            Live sessions
          </Header>
        }
        empty={<Box textAlign="center">Nobody is connected.</Box>}
        columnDefinitions={[
          { id: 'name', header: 'Instance', isRowHeader: true, cell: (one) => one.connectionName },
          { id: 'person', header: 'Person', cell: (one) => one.personName },
          { id: 'account', header: 'Account', cell: (one) => one.account },
          { id: 'region', header: 'Region', cell: (one) => one.region },
          { id: 'started', header: 'Since', cell: (one) => when(one.startedAt) },
          {
            id: 'do',
            header: 'Actions',
            cell: (one) => (
              <SpaceBetween direction="horizontal" size="xs">
                <Button
                  variant="inline-link"
                  ariaLabel={`Watch ${one.personName} on ${one.connectionName}`}
                  onClick={() => go(`/watch/${one.id}`)}
                >
                  Watch
                </Button>
                <Button
                  variant="inline-link"
                  ariaLabel={`End the session of ${one.personName} on ${one.connectionName}`}
                  onClick={() => void end(one)}
                >
                  End
                </Button>
              </SpaceBetween>
            ),
          },
        ]}
      />
    </SpaceBetween>
  )
}
