import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import CollectionPreferences from '@cloudscape-design/components/collection-preferences'
import Header from '@cloudscape-design/components/header'
import Pagination from '@cloudscape-design/components/pagination'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table from '@cloudscape-design/components/table'
import { useCallback, useEffect, useMemo, useState } from 'react'
import type { CatalogueEvent, Connection, ConnectionList } from '../../../src/portal/contract/connections.ts'
import { queryOf } from '../api/request.ts'
import { usePages } from '../api/use-pages.ts'
import { useEvents, useQuery } from '../api/use-query.ts'
import { ProblemBox } from '../shell/problem-box.tsx'
import { useRemembered } from '../shell/remembered.ts'
import { columnsFor } from './columns.tsx'
import { type Filter, InstanceFilter, readFilter, toQuery, writeFilter } from './filter.tsx'

const LIVE = ['ready', 'catalogue', 'reset'] as const
const HIDDEN_AT_FIRST = ['accountId', 'group']
/** Key strokes that come within this time are one search. */
const TYPING_MS = 120

type Preferences = { pageSize: number; hidden: string[] }
const isPreferences = (value: unknown): value is Preferences =>
  typeof value === 'object' &&
  value !== null &&
  'pageSize' in value &&
  typeof value.pageSize === 'number' &&
  'hidden' in value &&
  Array.isArray(value.hidden)

/** The filter of the list that was left last: a session that ends leads back to it. */
let left = ''

export function InstancesPage({ mayAdminister }: { mayAdminister: boolean }) {
  const [filter, setFilter] = useState<Filter>(() => readFilter(location.search || left))
  const [typed, setTyped] = useState('')
  const [settled, setSettled] = useState('')
  const pages = usePages()
  const [{ pageSize, hidden }, setPreferences] = useRemembered<Preferences>(
    'instances',
    { pageSize: 50, hidden: HIDDEN_AT_FIRST },
    isPreferences,
  )
  useEffect(() => {
    const timer = setTimeout(() => {
      setSettled(typed.trim())
      pages.back()
    }, TYPING_MS)
    return () => clearTimeout(timer)
  }, [typed])
  useEffect(() => {
    left = writeFilter(filter)
    history.replaceState(null, '', `/${left}`)
  }, [filter])

  const query = toQuery({ ...filter, q: `${filter.q} ${settled}`.trim() })
  const list = useQuery<ConnectionList>(
    `/api/v1/connections${queryOf({ ...query, limit: pageSize, cursor: pages.cursor })}`,
  )
  const { reload } = list
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set())
  const onEvent = useCallback(
    (name: string, data: string) => {
      if (name === 'catalogue') {
        const { changed }: CatalogueEvent = JSON.parse(data)
        setFresh(new Set(changed.map((one) => one.id)))
      }
      reload()
    },
    [reload],
  )
  useEvents('/api/v1/connections/events', LIVE, onEvent)

  const columns = useMemo(() => columnsFor(mayAdminister, fresh), [mayAdminister, fresh])
  const isNarrowed = typed !== '' || writeFilter(filter) !== ''
  const total = list.data?.total ?? 0
  const count = total.toLocaleString('en')
  return (
    <SpaceBetween size="l">
      {list.error && <ProblemBox error={list.error} retry={reload} />}
      <Table<Connection>
        variant="full-page"
        stickyHeader
        resizableColumns
        enableKeyboardNavigation
        loading={list.loading && !list.data}
        loadingText="Looking up instances"
        items={list.data?.items ?? []}
        trackBy="id"
        columnDefinitions={columns}
        columnDisplay={columns.map(({ id }) => ({ id, visible: !hidden.includes(id) }))}
        ariaLabels={{ tableLabel: 'Instances' }}
        header={
          <Header
            variant="awsui-h1-sticky"
            counter={`(${count})`}
            description="What you may open. Instances that start appear by themselves. Press / to search."
          >
            Instances
          </Header>
        }
        filter={
          <InstanceFilter
            filter={filter}
            onType={setTyped}
            onChange={(wanted) => {
              setFilter(wanted)
              pages.back()
            }}
            countText={total === 1 ? '1 match' : `${count} matches`}
          />
        }
        pagination={<Pagination {...pages.props(list.data?.nextCursor)} />}
        preferences={
          <CollectionPreferences
            title="Preferences"
            preferences={{
              pageSize,
              contentDisplay: columns.map(({ id }) => ({ id, visible: !hidden.includes(id) })),
            }}
            pageSizePreference={{
              options: [50, 100, 200, 500].map((value) => ({ value, label: `${value} instances` })),
            }}
            contentDisplayPreference={{
              title: 'Columns',
              options: columns.map(({ id, label }) => ({
                id,
                label,
                alwaysVisible: id === 'name' || id === 'connect',
              })),
            }}
            onConfirm={({ detail }) => {
              const gone = (detail.contentDisplay ?? []).filter(({ visible }) => !visible).map(({ id }) => id)
              setPreferences({ pageSize: detail.pageSize ?? pageSize, hidden: gone })
              pages.back()
            }}
          />
        }
        empty={<Nothing isNarrowed={isNarrowed} clear={() => setFilter(readFilter(''))} />}
      />
    </SpaceBetween>
  )
}

function Nothing({ isNarrowed, clear }: { isNarrowed: boolean; clear: () => void }) {
  return (
    <Box textAlign="center" padding="l">
      <b>{isNarrowed ? 'No matches' : 'No instances'}</b>
      <Box variant="p" color="text-body-secondary" padding={{ bottom: 's' }}>
        {isNarrowed ? 'Nothing fits the search.' : 'Nothing runs that you may see. It will appear here by itself.'}
      </Box>
      {isNarrowed && <Button onClick={clear}>Clear filter</Button>}
    </Box>
  )
}
