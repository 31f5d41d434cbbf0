import Badge from '@cloudscape-design/components/badge'
import Button from '@cloudscape-design/components/button'
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator'
import type { TableProps } from '@cloudscape-design/components/table'
import type { Connection } from '../../../src/portal/contract/connections.ts'
import { when } from '../shell/format.ts'
import { go, PageLink } from '../shell/router.tsx'

const indicators: Record<Connection['state'], StatusIndicatorProps.Type> = {
  running: 'success',
  pending: 'pending',
  stopping: 'in-progress',
  stopped: 'stopped',
  'shutting-down': 'in-progress',
  terminated: 'error',
}

type Column = TableProps.ColumnDefinition<Connection> & { id: string; label: string }

/** `label` names a column where its header does not stand beside it: in the preferences. */
export function columnsFor(mayAdminister: boolean, fresh: ReadonlySet<string>): Column[] {
  const columns: Column[] = [
    {
      id: 'name',
      header: 'Name',
      label: 'Name',
      width: 220,
      isRowHeader: true,
      cell: (one) => (
        <>
          <bdi>{one.name}</bdi> {fresh.has(one.id) && <Badge color="green">new</Badge>}
        </>
      ),
    },
    {
      id: 'connect',
      header: 'Session',
      label: 'Session',
      width: 110,
      cell: (one) => (
        <Button
          ariaLabel={`Connect to ${one.name}`}
          variant="inline-link"
          disabled={one.state !== 'running' || one.protocol !== 'ssh'}
          disabledReason={one.state === 'running' ? `Opens with ${one.protocol}` : `The instance is ${one.state}`}
          onClick={() => go(`/connect/${one.id}`)}
        >
          Connect
        </Button>
      ),
    },
    { id: 'id', header: 'Instance ID', label: 'Instance ID', width: 190, cell: (one) => one.instanceId },
    {
      id: 'state',
      header: 'State',
      label: 'State',
      width: 120,
      cell: (one) => <StatusIndicator type={indicators[one.state]}>{one.state}</StatusIndicator>,
    },
    { id: 'account', header: 'Account', label: 'Account', width: 190, cell: (one) => one.accountName ?? one.account },
    { id: 'accountId', header: 'Account ID', label: 'Account ID', width: 140, cell: (one) => one.account },
    { id: 'region', header: 'Region', label: 'Region', width: 130, cell: (one) => one.region },
    { id: 'address', header: 'Private IP', label: 'Private IP', width: 130, cell: (one) => one.privateIp ?? '–' },
    { id: 'type', header: 'Type', label: 'Type', width: 110, cell: (one) => one.instanceType },
    { id: 'group', header: 'Group', label: 'Group', width: 230, cell: (one) => one.group.join(' / ') },
    { id: 'launched', header: 'Launched', label: 'Launched', width: 200, cell: (one) => when(one.launchedAt) },
    { id: 'tags', header: 'Tags', label: 'Tags', width: 320, cell: ({ tags }) => <bdi>{textOfTags(tags)}</bdi> },
  ]
  if (mayAdminister) columns.push(hostKeys)
  return columns
}

const hostKeys: Column = {
  id: 'hostKeys',
  header: 'Host keys',
  label: 'Host keys',
  width: 120,
  cell: (one) => (
    <PageLink href={`/host-keys/${one.id}`} label={`Host keys of ${one.name}`}>
      Host keys
    </PageLink>
  ),
}

/** Tags are free text of whoever may tag: on one line, without what is not seen, and not endless. */
function textOfTags(tags: Connection['tags']): string {
  const text = Object.entries(tags)
    .filter(([key]) => key !== 'Name')
    .map(([key, value]) => `${key}=${value}`)
    .join(', ')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}
