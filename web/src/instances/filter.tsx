import PropertyFilter, { type PropertyFilterProps } from '@cloudscape-design/components/property-filter'
import { useEffect, useRef } from 'react'
import type { Connection, ConnectionFilters } from '../../../src/portal/contract/connections.ts'
import { useQuery } from '../api/use-query.ts'

/** What the list is cut down to; the same names stand in the address of the page, so that a list can be sent to a colleague. */
export type Filter = { q: string; account: string[]; region: string[]; state: string[]; tag: string[] }
type Property = Exclude<keyof Filter, 'q'>

const properties: readonly Property[] = ['account', 'region', 'state', 'tag']
const states: readonly Connection['state'][] = ['pending', 'running', 'stopping', 'stopped', 'shutting-down']
const isProperty = (key: string | undefined): key is Property => properties.some((one) => one === key)

const filteringProperties: PropertyFilterProps.FilteringProperty[] = [
  { key: 'account', propertyLabel: 'Account', groupValuesLabel: 'Accounts', operators: ['='] },
  { key: 'region', propertyLabel: 'Region', groupValuesLabel: 'Regions', operators: ['='] },
  { key: 'state', propertyLabel: 'State', groupValuesLabel: 'States', operators: ['='] },
  { key: 'tag', propertyLabel: 'Tag (key=value)', groupValuesLabel: 'Tags', operators: ['='] },
]

export function readFilter(search: string): Filter {
  const query = new URLSearchParams(search)
  const values = (name: Property) => query.getAll(name).filter(Boolean)
  return {
    q: query.get('q') ?? '',
    account: values('account'),
    region: values('region'),
    state: values('state'),
    tag: values('tag'),
  }
}

export function writeFilter(filter: Filter): string {
  const query = new URLSearchParams(filter.q ? { q: filter.q } : {})
  for (const name of properties) for (const value of filter[name]) query.append(name, value)
  return query.size === 0 ? '' : `?${query}`
}

/** As the API takes it: a tag is words of the search. */
export const toQuery = ({ q, account, region, state, tag }: Filter) => ({
  q: [q, ...tag].filter(Boolean).join(' '),
  account: account.join(','),
  region: region.join(','),
  state: state.join(','),
})

type Props = { filter: Filter; onChange(next: Filter): void; onType(text: string): void; countText: string }

/** What is typed searches at once; Enter keeps it, and a property narrows the list. */
export function InstanceFilter({ filter, onChange, onType, countText }: Props) {
  const input = useRef<PropertyFilterProps.Ref>(null)
  const { data } = useQuery<ConnectionFilters>('/api/v1/connections/filters')
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof HTMLElement && event.target.matches('input, textarea')
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping) return
      event.preventDefault()
      input.current?.focus()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
  const options: PropertyFilterProps.FilteringOption[] = [
    ...(data?.accounts ?? []).map(({ id, name }) => ({
      propertyKey: 'account',
      value: id,
      label: name === undefined ? id : `${name} (${id})`,
    })),
    ...(data?.regions ?? []).map((value) => ({ propertyKey: 'region', value })),
    ...states.map((value) => ({ propertyKey: 'state', value })),
  ]
  const tokens: PropertyFilterProps.Token[] = [
    ...filter.q
      .split(' ')
      .filter(Boolean)
      .map((value) => ({ operator: ':', value })),
    ...properties.flatMap((propertyKey) => filter[propertyKey].map((value) => ({ propertyKey, operator: '=', value }))),
  ]
  return (
    <PropertyFilter
      ref={input}
      query={{ operation: 'and', tokens }}
      hideOperations
      filteringProperties={filteringProperties}
      filteringOptions={options}
      filteringAriaLabel="Search instances"
      filteringPlaceholder="Name, id, address, account, tag=value"
      countText={countText}
      expandToViewport
      onLoadItems={({ detail }) => onType(detail.filteringProperty ? '' : detail.filteringText)}
      onChange={({ detail }) => {
        const next: Filter = { q: '', account: [], region: [], state: [], tag: [] }
        for (const { propertyKey, value } of detail.tokens) {
          if (isProperty(propertyKey)) next[propertyKey].push(String(value))
          else next.q = `${next.q} ${String(value)}`.trim()
        }
        onType('')
        onChange(next)
      }}
    />
  )
}
