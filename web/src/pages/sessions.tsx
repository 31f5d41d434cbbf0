import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import Modal from '@cloudscape-design/components/modal'
import Pagination from '@cloudscape-design/components/pagination'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table from '@cloudscape-design/components/table'
import { useCallback, useState } from 'react'
import type { ListedSession, SessionList } from '../../../src/portal/contract/sessions.ts'
import { ApiError, post, queryOf } from '../api/request.ts'
import { usePages } from '../api/use-pages.ts'
import { useEvents, useQuery } from '../api/use-query.ts'
import { when } from '../shell/format.ts'
import { ProblemBox } from '../shell/problem-box.tsx'
import { go } from '../shell/router.tsx'

const LIVE = ['ready', 'session', 'reset'] as const

/** Sessions that go on: watch them read-only, or end them. */
export function SessionsPage() {
  const pages = usePages()
  const list = useQuery<SessionList>(`/api/v1/sessions${queryOf({ live: 'true', limit: 50, cursor: pages.cursor })}`)
  const { reload } = list
  const [refusal, setRefusal] = useState<ApiError>()
  const [ending, setEnding] = useState<ListedSession>()
  useEvents(
    '/api/v1/sessions/events',
    LIVE,
    useCallback(() => reload(), [reload]),
  )
  const end = async ({ id }: ListedSession) => {
    setEnding(undefined)
    await post(`/api/v1/sessions/${id}/end`).then(
      () => setRefusal(undefined),
      (cause: unknown) => cause instanceof ApiError && setRefusal(cause),
    )
  }
  const error = refusal ?? list.error
  return (
    <SpaceBetween size="l">
      {error && <ProblemBox error={error} retry={reload} />}
      {ending && (
        <Modal
          visible
          header="End this session?"
          closeAriaLabel="Let it go on"
          onDismiss={() => setEnding(undefined)}
          footer={
            <Box float="right">
              <SpaceBetween direction="horizontal" size="xs">
                <Button variant="link" onClick={() => setEnding(undefined)}>
                  Cancel
                </Button>
                <Button variant="primary" onClick={() => void end(ending)}>
                  End session
                </Button>
              </SpaceBetween>
            </Box>
          }
        >
          The shell of <b>{ending.personName}</b> on <b>{ending.connectionName}</b> is closed within two seconds; the
          person is told that an operator did it. The recording is kept.
        </Modal>
      )}
      <Table<ListedSession>
        variant="full-page"
        loading={list.loading && !list.data}
        loadingText="Looking up sessions"
        items={list.data?.items ?? []}
        trackBy="id"
        stickyColumns={{ last: 1 }}
        ariaLabels={{ tableLabel: 'Live sessions' }}
        header={
          <Header
            variant="awsui-h1-sticky"
            description="Shells that are open now: your own, and those that you may watch or play."
          >
            Live sessions
          </Header>
        }
        pagination={<Pagination {...pages.props(list.data?.nextCursor)} />}
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
                {one.may.watch && (
                  <Button
                    variant="inline-link"
                    ariaLabel={`Watch ${one.personName} on ${one.connectionName}`}
                    onClick={() => go(`/watch/${one.id}`)}
                  >
                    Watch
                  </Button>
                )}
                {one.may.end && (
                  <Button
                    variant="inline-link"
                    ariaLabel={`End the session of ${one.personName} on ${one.connectionName}`}
                    onClick={() => setEnding(one)}
                  >
                    End
                  </Button>
                )}
                {!one.may.watch && !one.may.end && '–'}
              </SpaceBetween>
            ),
          },
        ]}
      />
    </SpaceBetween>
  )
}
