import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import DateRangePicker, { type DateRangePickerProps } from '@cloudscape-design/components/date-range-picker'
import Header from '@cloudscape-design/components/header'
import Pagination from '@cloudscape-design/components/pagination'
import PropertyFilter, { type PropertyFilterProps } from '@cloudscape-design/components/property-filter'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table from '@cloudscape-design/components/table'
import { useState } from 'react'
import type { AuditList, AuditRecord } from '../../../src/portal/contract/audit.ts'
import type { Verification } from '../../../src/portal/contract/recordings.ts'
import { ApiError, post, queryOf } from '../api/request.ts'
import { usePages } from '../api/use-pages.ts'
import { useQuery } from '../api/use-query.ts'
import { when } from '../shell/format.ts'
import { Denied, ProblemBox } from '../shell/problem-box.tsx'
import { RecordDetails } from './record-details.tsx'

const filteringProperties: PropertyFilterProps.FilteringProperty[] = [
  { key: 'kind', propertyLabel: 'Kind', groupValuesLabel: 'Kinds', operators: ['='] },
  { key: 'actor', propertyLabel: 'Actor', groupValuesLabel: 'Actors', operators: ['='] },
  { key: 'subject', propertyLabel: 'Subject', groupValuesLabel: 'Subjects', operators: ['='] },
  { key: 'session', propertyLabel: 'Session', groupValuesLabel: 'Sessions', operators: ['='] },
]
/** An area finds all its kinds. */
const kinds = [
  'sign-in',
  'sign-out',
  'access',
  'session',
  'host-key',
  'recording',
  'discovery',
  'guacamole',
  'tunnel',
  'policies',
  'configuration',
  'node',
]

type Range = DateRangePickerProps.Value | null

function moments(range: Range): { from?: string; to?: string } {
  if (range?.type === 'absolute') {
    return { from: new Date(range.startDate).toISOString(), to: new Date(range.endDate).toISOString() }
  }
  if (range?.type !== 'relative') return {}
  const unit = { hour: 3_600_000, day: 86_400_000 }[String(range.unit)] ?? 86_400_000
  return { from: new Date(Date.now() - range.amount * unit).toISOString() }
}

/** The trail, newest first, and whether it is what was written. */
export function AuditPage() {
  const [tokens, setTokens] = useState<readonly PropertyFilterProps.Token[]>([])
  const [range, setRange] = useState<Range>(null)
  const [between, setBetween] = useState<{ from?: string; to?: string }>({})
  const pages = usePages()
  const [checking, setChecking] = useState(false)
  const [verification, setVerification] = useState<Verification>()
  const [refusal, setRefusal] = useState<ApiError>()
  const [open, setOpen] = useState<AuditRecord>()
  const filter = Object.fromEntries(
    tokens.map(({ propertyKey, value }) => [propertyKey ?? 'subject', String(value).trim()]),
  )
  const list = useQuery<AuditList>(
    `/api/v1/audit${queryOf({ ...filter, ...between, limit: 100, cursor: pages.cursor })}`,
  )
  const items = list.data?.items ?? []
  const verify = async () => {
    setChecking(true)
    try {
      setVerification(await post<Verification>('/api/v1/audit/verification'))
      setRefusal(undefined)
    } catch (cause) {
      if (cause instanceof ApiError) setRefusal(cause)
    }
    setChecking(false)
  }
  const error = refusal ?? list.error
  if (list.error?.status === 403) return <Denied title="Audit" error={list.error} />
  return (
    <SpaceBetween size="l">
      {error && <ProblemBox error={error} retry={list.reload} />}
      {verification && <Verdict {...verification} />}
      {open && <RecordDetails record={open} close={() => setOpen(undefined)} />}
      <Table<AuditRecord>
        variant="full-page"
        stickyHeader
        stickyColumns={{ last: 1 }}
        resizableColumns
        enableKeyboardNavigation
        loading={list.loading && !list.data}
        loadingText="Reading the trail"
        items={items}
        trackBy={(one) => `${one.writer} ${one.seq}`}
        ariaLabels={{ tableLabel: 'Audit records' }}
        header={
          <Header
            variant="awsui-h1-sticky"
            description="Chained records of sign-ins, refusals, sessions, playbacks and discovery, newest first."
            actions={
              <Button variant="primary" loading={checking} loadingText="Verifying" onClick={() => void verify()}>
                Verify
              </Button>
            }
          >
            Audit
          </Header>
        }
        filter={
          <div className="filters">
            <PropertyFilter
              query={{ operation: 'and', tokens }}
              hideOperations
              disableFreeTextFiltering
              filteringProperties={filteringProperties}
              filteringOptions={[
                ...kinds.map((value) => ({ propertyKey: 'kind', value })),
                ...[...new Set(items.map((one) => one.actor))].map((value) => ({ propertyKey: 'actor', value })),
              ]}
              filteringAriaLabel="Filter records"
              filteringPlaceholder="Kind, actor, subject, session"
              expandToViewport
              onChange={({ detail }) => {
                setTokens(detail.tokens)
                pages.back()
              }}
            />
            <DateRangePicker
              value={range}
              placeholder="Any time"
              ariaLabel="Time of the records"
              expandToViewport
              relativeOptions={[
                { key: 'hour', type: 'relative', amount: 1, unit: 'hour' },
                { key: 'day', type: 'relative', amount: 1, unit: 'day' },
                { key: 'week', type: 'relative', amount: 7, unit: 'day' },
              ]}
              isValidRange={() => ({ valid: true })}
              i18nStrings={{
                formatRelativeRange: ({ amount, unit }) => `Last ${amount === 1 ? unit : `${amount} ${unit}s`}`,
              }}
              onChange={({ detail }) => {
                setRange(detail.value)
                setBetween(moments(detail.value))
                pages.back()
              }}
            />
          </div>
        }
        pagination={<Pagination {...pages.props(list.data?.nextCursor)} />}
        empty={
          <Box textAlign="center" padding="l">
            No records fit.
          </Box>
        }
        columnDefinitions={[
          { id: 'at', header: 'Time', width: 158, isRowHeader: true, cell: (one) => when(Date.parse(one.at)) },
          { id: 'kind', header: 'Kind', width: 182, cell: (one) => one.kind },
          { id: 'actor', header: 'Actor', width: 170, cell: (one) => <bdi>{nameOf(one)}</bdi> },
          { id: 'summary', header: 'What', width: 300, cell: (one) => <bdi>{summaryOf(one)}</bdi> },
          { id: 'subject', header: 'Subject', width: 230, cell: (one) => withoutIssuer(one.subject) },
          { id: 'scope', header: 'Scope', width: 280, cell: (one) => one.scope ?? '–' },
          {
            id: 'record',
            header: 'Record',
            width: 110,
            cell: (one) => (
              <Button
                variant="inline-link"
                ariaLabel={`Details of ${one.kind}, ${one.writer} ${one.seq}`}
                onClick={() => setOpen(one)}
              >
                Details
              </Button>
            ),
          },
        ]}
      />
    </SpaceBetween>
  )
}

/** People's ids are `<issuer> <subject>`: where the record has the name, it is shown. */
function nameOf({ actor, data }: AuditRecord): string {
  if (typeof data?.['person'] === 'string') return data['person']
  return withoutIssuer(actor)
}

const withoutIssuer = (id: string): string => (id.startsWith('http') ? (id.split(' ').at(-1) ?? id) : id)

/** What most readers look for in the data of a record. */
function summaryOf({ data }: AuditRecord): string {
  const told = ['message', 'code', 'reason', 'why', 'action', 'name', 'address', 'path'].flatMap((key) => {
    const value = data?.[key]
    return typeof value === 'string' ? [value] : []
  })
  return told[0] ?? '–'
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
      {checked.toLocaleString('en')} checked.{covered}
    </Alert>
  )
}
