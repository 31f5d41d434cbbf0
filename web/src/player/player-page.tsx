import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Spinner from '@cloudscape-design/components/spinner'
import { lazy, Suspense, useState } from 'react'
import type { Recording, Verification } from '../../../src/portal/contract/recordings.ts'
import { ApiError, post } from '../api/request.ts'
import { useQuery } from '../api/use-query.ts'
import { Verdict } from '../pages/audit.tsx'
import { bytes, when } from '../shell/format.ts'
import { ProblemBox } from '../shell/problem-box.tsx'
import { TerminalPlayer } from './terminal-player.tsx'

/** Guacamole's player comes only where something of Guacamole is played. */
const PicturePlayer = lazy(async () => ({ default: (await import('./picture-player.tsx')).PicturePlayer }))

export function PlayerPage({ id }: { id: string }) {
  const recording = useQuery<Recording>(`/api/v1/recordings/${id}`)
  const [verification, setVerification] = useState<Verification>()
  const [refusal, setRefusal] = useState<ApiError>()
  const verify = async () => {
    try {
      setVerification(await post(`/api/v1/recordings/${id}/verification`))
      setRefusal(undefined)
    } catch (cause) {
      if (cause instanceof ApiError) setRefusal(cause)
    }
  }
  const error = refusal ?? recording.error
  const session = recording.data?.session
  const kept = recording.data?.stream === 'guacamole' ? 'guac' : 'cast'
  return (
    <SpaceBetween size="m">
      <Header
        variant="h1"
        description={
          session &&
          `${session.personName}, ${when(session.startedAt)}, ${session.account} ${session.region}, ${bytes(recording.data?.bytes ?? 0)}`
        }
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button onClick={() => void verify()}>Verify</Button>
            <Button href={`/api/v1/recordings/${id}/${kept}`} download={`${id}.${kept}`}>
              Export
            </Button>
          </SpaceBetween>
        }
      >
        {session?.connectionName ?? 'Recording'}
      </Header>
      {error && <ProblemBox error={error} retry={recording.reload} />}
      {verification && <Verdict {...verification} />}
      {recording.data &&
        (recording.data.stream === 'guacamole' ? (
          <Suspense fallback={<Spinner />}>
            <PicturePlayer recording={recording.data} />
          </Suspense>
        ) : (
          <TerminalPlayer recording={recording.data} />
        ))}
    </SpaceBetween>
  )
}
