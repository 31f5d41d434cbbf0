import Badge from '@cloudscape-design/components/badge'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import Input from '@cloudscape-design/components/input'
import Select from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator'
import Table from '@cloudscape-design/components/table'
import { useCallback, useEffect, useState } from 'react'
import type { CatalogueEvent, Connection, ConnectionList } from '../../../src/portal/contract/connections.ts'
import { queryOf } from '../api/request.ts'
import { useEvents, useQuery } from '../api/use-query.ts'
import { when } from '../shell/format.ts'
import { ProblemBox } from '../shell/problem-box.tsx'
import { go, PageLink } from '../shell/router.tsx'

const PAGE = 100
const LIVE = ['ready', 'catalogue', 'reset'] as const

const indicators: Record<Connection['state'], StatusIndicatorProps.Type> = {
  running: 'success',
  pending: 'pending',
  stopping: 'in-progress',
  stopped: 'stopped',
  'shutting-down': 'in-progress',
  terminated: 'error',
}

const states = [
  { value: '', label: 'Any state' },
  ...Object.keys(indicators).map((state) => ({ value: state, label: state })),
]

export function InstancesPage({ mayAdminister }: { mayAdminister: boolean }) {
  const [typed, setTyped] = useState('')
  const [q, setQ] = useState('')
  const [state, setState] = useState('')
  const [cursors, setCursors] = useState<string[]>([])
  useEffect(() => {
    const timer = setTimeout(() => {
      setQ(typed.trim())
      setCursors([])
    }, 150)
    return () => clearTimeout(timer)
  }, [typed])

  const path = `/api/v1/connections${queryOf({ q, state, limit: PAGE, cursor: cursors.at(-1) })}`
  const list = useQuery<ConnectionList>(path)
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

  const total = list.data?.total ?? 0
  const next = list.data?.nextCursor
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
        ariaLabels={{ tableLabel: 'Instances' }}
        onRowClick={({ detail }) => detail.item && document.getSelection()?.removeAllRanges()}
        header={
          <Header
            variant="awsui-h1-sticky"
            counter={`(${total.toLocaleString('en')})`}
            description="Every instance that you may open. New ones appear by themselves."
          >
            Instances
          </Header>
        }
        filter={
          <SpaceBetween direction="horizontal" size="xs">
            <div className="search">
              <Input
                type="search"
                value={typed}
                ariaLabel="Search instances"
                placeholder="Name, id, address, account, tag=value"
                onChange={({ detail }) => setTyped(detail.value)}
                {...{ autoFocus: true }}
              />
            </div>
            <Select
              ariaLabel="State"
              options={states}
              selectedOption={states.find((one) => one.value === state) ?? null}
              onChange={({ detail }) => {
                setState(detail.selectedOption.value ?? '')
                setCursors([])
              }}
            />
          </SpaceBetween>
        }
        pagination={
          <SpaceBetween direction="horizontal" size="xs">
            <Button
              iconName="angle-left"
              ariaLabel="Page before"
              disabled={cursors.length === 0}
              onClick={() => setCursors(cursors.slice(0, -1))}
            />
            <Box padding={{ top: 'xxs' }}>Page {cursors.length + 1}</Box>
            <Button
              iconName="angle-right"
              ariaLabel="Next page"
              disabled={next === undefined}
              onClick={() => next && setCursors([...cursors, next])}
            />
          </SpaceBetween>
        }
        empty={
          <Box textAlign="center" padding="l">
            <b>No instances</b>
            <Box variant="p">
              {q || state
                ? 'Nothing fits the search.'
                : 'Nothing runs that you may see. It will appear here by itself.'}
            </Box>
          </Box>
        }
        columnDefinitions={[
          {
            id: 'connect',
            header: 'Open',
            width: 100,
            cell: (one) => (
              <Button
                ariaLabel={`Connect to ${one.name}`}
                variant="inline-link"
                disabled={one.state !== 'running' || one.protocol !== 'ssh'}
                onClick={() => go(`/connect/${one.id}`)}
              >
                Connect
              </Button>
            ),
          },
          {
            id: 'name',
            header: 'Name',
            width: 190,
            isRowHeader: true,
            cell: (one) => (
              <>
                {one.name} {fresh.has(one.id) && <Badge color="green">changed</Badge>}
              </>
            ),
          },
          { id: 'id', header: 'Instance id', width: 190, cell: (one) => one.instanceId },
          {
            id: 'state',
            header: 'State',
            width: 120,
            cell: (one) => <StatusIndicator type={indicators[one.state]}>{one.state}</StatusIndicator>,
          },
          { id: 'account', header: 'Account', width: 130, cell: (one) => one.accountName ?? one.account },
          { id: 'region', header: 'Region', width: 110, cell: (one) => one.region },
          { id: 'address', header: 'Address', width: 120, cell: (one) => one.privateIp ?? '–' },
          { id: 'accountId', header: 'Account id', width: 140, cell: (one) => one.account },
          { id: 'type', header: 'Type', width: 110, cell: (one) => one.instanceType },
          { id: 'group', header: 'Group', width: 200, cell: (one) => one.group.join(' / ') },
          { id: 'launched', header: 'Launched', width: 190, cell: (one) => when(one.launchedAt) },
          {
            id: 'tags',
            header: 'Tags',
            width: 260,
            cell: (one) =>
              Object.entries(one.tags)
                .filter(([key]) => key !== 'Name')
                .map(([key, value]) => `${key}=${value}`)
                .join(', '),
          },
          ...(mayAdminister
            ? [
                {
                  id: 'hostKeys',
                  header: 'Host keys',
                  width: 120,
                  cell: (one: Connection) => (
                    <PageLink href={`/host-keys/${one.id}`} label={`Host keys of ${one.name}`}>
                      Host keys
                    </PageLink>
                  ),
                },
              ]
            : []),
        ]}
      />
      <Box variant="small">
        Sessions are recorded. <PageLink href="/recordings">Recordings</PageLink>
      </Box>
    </SpaceBetween>
  )
}
