import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import ExpandableSection from '@cloudscape-design/components/expandable-section'
import Header from '@cloudscape-design/components/header'
import Input from '@cloudscape-design/components/input'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table from '@cloudscape-design/components/table'
import { useState } from 'react'
import type { AuditList, AuditRecord } from '../../../src/portal/contract/audit.ts'
import type { Verification } from '../../../src/portal/contract/recordings.ts'
import { ApiError, post, queryOf } from '../api/request.ts'
import { useQuery } from '../api/use-query.ts'
import { when } from '../shell/format.ts'
import { ProblemBox } from '../shell/problem-box.tsx'

const fields = ['kind', 'actor', 'subject', 'session'] as const

/** The trail, newest first, and whether it is what was written. */
export function AuditPage() {
  const [filter, setFilter] = useState<Record<string, string>>({})
  const [cursors, setCursors] = useState<string[]>([])
  const [checking, setChecking] = useState(false)
  const [verification, setVerification] = useState<Verification>()
  const [refusal, setRefusal] = useState<ApiError>()
  const list = useQuery<AuditList>(`/api/v1/audit${queryOf({ ...filter, limit: 100, cursor: cursors.at(-1) })}`)
  const next = list.data?.nextCursor
  const verify = async () => {
    setChecking(true)
    try {
      setVerification(await post<Verification>('/api/v1/audit/verification'))
    } catch (cause) {
      if (cause instanceof ApiError) setRefusal(cause)
    }
    setChecking(false)
  }
  const error = refusal ?? list.error
  return (
    <SpaceBetween size="l">
      {error && <ProblemBox error={error} retry={list.reload} />}
      {verification && <Verdict {...verification} />}
      <Table<AuditRecord>
        variant="full-page"
        stickyHeader
        loading={list.loading && !list.data}
        loadingText="Reading the trail"
        items={list.data?.items ?? []}
        trackBy={(one) => `${one.writer} ${one.seq}`}
        ariaLabels={{ tableLabel: 'Audit records' }}
        header={
          <Header
            variant="awsui-h1-sticky"
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button disabled={cursors.length === 0} onClick={() => setCursors(cursors.slice(0, -1))}>
                  Newer
                </Button>
                <Button disabled={next === undefined} onClick={() => next && setCursors([...cursors, next])}>
                  Older
                </Button>
                <Button variant="primary" loading={checking} onClick={() => void verify()}>
                  Verify
                </Button>
              </SpaceBetween>
            }
          >
            Audit
          </Header>
        }
        filter={
          <SpaceBetween direction="horizontal" size="xs">
            {fields.map((field) => (
              <Input
                key={field}
                type="search"
                ariaLabel={`Filter by ${field}`}
                placeholder={field}
                value={filter[field] ?? ''}
                onChange={({ detail }) => {
                  setFilter({ ...filter, [field]: detail.value.trim() })
                  setCursors([])
                }}
              />
            ))}
          </SpaceBetween>
        }
        empty={<Box textAlign="center">No records fit.</Box>}
        columnDefinitions={[
          { id: 'at', header: 'At', isRowHeader: true, cell: (one) => when(Date.parse(one.at)) },
          { id: 'kind', header: 'Kind', cell: (one) => one.kind },
          { id: 'actor', header: 'Actor', cell: (one) => one.actor },
          { id: 'subject', header: 'Subject', cell: (one) => one.subject },
          { id: 'scope', header: 'Scope', cell: (one) => one.scope ?? '–' },
          { id: 'source', header: 'Source', cell: (one) => one.source },
          {
            id: 'record',
            header: 'Record',
            cell: (one) => (
              <ExpandableSection headerText={`${one.writer} ${one.seq}`} variant="footer">
                <Box variant="pre">{JSON.stringify(one, null, 2)}</Box>
              </ExpandableSection>
            ),
          },
        ]}
      />
    </SpaceBetween>
  )
}

export function Verdict({ ok, checked, coveredUntil, fault }: Verification) {
  if (!ok) {
    return (
      <Alert type="error" header="Not what was written">
        {fault?.message} – {fault?.where} <code>{fault?.code}</code>
      </Alert>
    )
  }
  const covered = coveredUntil === undefined ? '' : ` Signed until ${when(coveredUntil)}.`
  return (
    <Alert type="success" header="Verified">
      {checked} checked.{covered}
    </Alert>
  )
}
