import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import FormField from '@cloudscape-design/components/form-field'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table from '@cloudscape-design/components/table'
import Textarea from '@cloudscape-design/components/textarea'
import { useState } from 'react'
import type { Connection } from '../../../src/portal/contract/connections.ts'
import type { HostKey, HostKeyList } from '../../../src/portal/contract/host-keys.ts'
import { ApiError, post } from '../api/request.ts'
import { useQuery } from '../api/use-query.ts'
import { words } from '../shell/format.ts'
import { ProblemBox } from '../shell/problem-box.tsx'
import { PageLink } from '../shell/router.tsx'

/** By which keys a host is known; an operator pins others, or lets the next connect learn them anew. */
export function HostKeysPage({ id }: { id: string }) {
  const path = `/api/v1/connections/${id}/host-keys`
  const list = useQuery<HostKeyList>(path)
  const { data: host } = useQuery<Connection>(`/api/v1/connections/${id}`)
  const [text, setText] = useState('')
  const [refused, setRefused] = useState<ApiError>()
  const [done, setDone] = useState('')

  const replace = async (keys: string[], said: string) => {
    setDone('')
    try {
      await post(path, { keys })
      setRefused(undefined)
      setText('')
      setDone(said)
      list.reload()
    } catch (cause) {
      if (cause instanceof ApiError) setRefused(cause)
    }
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return (
    <SpaceBetween size="l">
      {list.error && <ProblemBox error={list.error} retry={list.reload} />}
      {refused && <ProblemBox error={refused} />}
      {done && <Alert type="success">{done}</Alert>}
      <Table<HostKey>
        loading={list.loading && !list.data}
        loadingText="Reading the pinned keys"
        items={list.data?.items ?? []}
        trackBy="algorithm"
        wrapLines
        ariaLabels={{ tableLabel: 'Pinned host keys' }}
        header={
          <Header
            variant="h1"
            description={
              host ? (
                <>
                  Of <bdi>{host.name}</bdi>, {host.instanceId} in {host.account}. A host that shows another key is
                  refused.
                </>
              ) : (
                'A host that shows another key is refused.'
              )
            }
            actions={
              <Button
                disabled={!list.data?.items.length}
                onClick={() => void replace([], 'Forgotten. The next connect learns the keys anew.')}
              >
                Forget all
              </Button>
            }
          >
            Host keys
          </Header>
        }
        empty={<Box textAlign="center">None is pinned: the next connect learns them, as the configuration says.</Box>}
        columnDefinitions={[
          { id: 'algorithm', header: 'Algorithm', isRowHeader: true, cell: (one) => one.algorithm },
          {
            id: 'fingerprint',
            header: 'Fingerprint',
            cell: (one) => <code className="fingerprint">{one.fingerprint}</code>,
          },
          { id: 'learned', header: 'Known from', cell: (one) => words(one.learnedBy) },
        ]}
      />
      <Container header={<Header variant="h2">Pin others</Header>}>
        <SpaceBetween size="m">
          <FormField
            label="Public host keys"
            description="Lines of /etc/ssh/ssh_host_*_key.pub, read on the host itself. They replace all of the above."
          >
            <Textarea value={text} rows={4} spellcheck={false} onChange={({ detail }) => setText(detail.value)} />
          </FormField>
          <Button disabled={lines.length === 0} onClick={() => void replace(lines, 'Pinned.')}>
            Pin these
          </Button>
        </SpaceBetween>
      </Container>
      <PageLink href="/">Back to instances</PageLink>
    </SpaceBetween>
  )
}
