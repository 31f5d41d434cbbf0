import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import ButtonDropdown from '@cloudscape-design/components/button-dropdown'
import Checkbox from '@cloudscape-design/components/checkbox'
import Header from '@cloudscape-design/components/header'
import Input from '@cloudscape-design/components/input'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useRef, useState } from 'react'
import type { Recording, RecordingHits, Verification } from '../../../src/portal/contract/recordings.ts'
import { ApiError, get, post, queryOf } from '../api/request.ts'
import { useQuery } from '../api/use-query.ts'
import { Verdict } from '../pages/audit.tsx'
import { bytes, span, when } from '../shell/format.ts'
import { ProblemBox } from '../shell/problem-box.tsx'
import { usePlayer } from './use-player.ts'

const speeds = [0.5, 1, 2, 4, 8]

export function PlayerPage({ id }: { id: string }) {
  const recording = useQuery<Recording>(`/api/v1/recordings/${id}`)
  const holder = useRef<HTMLDivElement>(null)
  const player = usePlayer(holder, recording.data)
  const [verification, setVerification] = useState<Verification>()
  const [hits, setHits] = useState<RecordingHits>()
  const [text, setText] = useState('')
  const [refusal, setRefusal] = useState<ApiError>()
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work()
      setRefusal(undefined)
    } catch (cause) {
      if (cause instanceof ApiError) setRefusal(cause)
    }
  }
  const verify = () => attempt(async () => setVerification(await post(`/api/v1/recordings/${id}/verification`)))
  const search = () =>
    attempt(async () => setHits(await get<RecordingHits>(`/api/v1/recordings/${id}/search${queryOf({ q: text })}`)))
  const error = refusal ?? recording.error ?? player.error
  const session = recording.data?.session
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
            <Button href={`/api/v1/recordings/${id}/cast`} download={`${id}.cast`}>
              Export
            </Button>
          </SpaceBetween>
        }
      >
        {session?.connectionName ?? 'Recording'}
      </Header>
      {error && <ProblemBox error={error} retry={recording.reload} />}
      {verification && <Verdict {...verification} />}
      <section className="player" aria-label="Recorded terminal" ref={holder} />
      <input
        className="seek"
        type="range"
        aria-label="Position"
        aria-valuetext={span(player.position)}
        min={0}
        max={Math.max(1, player.duration)}
        step={100}
        value={player.position}
        onChange={(event) => player.seek(Number(event.target.value))}
      />
      <SpaceBetween direction="horizontal" size="s" alignItems="center">
        <Button
          variant="primary"
          iconName={player.playing ? 'pause' : 'play'}
          disabled={!player.ready}
          onClick={player.toggle}
        >
          {player.playing ? 'Pause' : 'Play'}
        </Button>
        <ButtonDropdown
          items={speeds.map((speed) => ({ id: String(speed), text: `${speed}×` }))}
          onItemClick={({ detail }) => player.setSpeed(Number(detail.id))}
        >
          Speed {player.speed}×
        </ButtonDropdown>
        <Checkbox checked={player.skipIdle} onChange={({ detail }) => player.setSkipIdle(detail.checked)}>
          Skip pauses
        </Checkbox>
        <Box>
          {span(player.position)} / {span(player.duration)}
        </Box>
      </SpaceBetween>
      <SpaceBetween direction="horizontal" size="xs">
        <Input
          type="search"
          ariaLabel="Search the text of this recording"
          placeholder="Text on the screen"
          value={text}
          onChange={({ detail }) => setText(detail.value)}
          onKeyDown={({ detail }) => detail.key === 'Enter' && void search()}
        />
        <Button onClick={() => void search()} disabled={text === ''}>
          Search
        </Button>
      </SpaceBetween>
      {hits && (
        <SpaceBetween size="xxs">
          <Box>
            {hits.hits.length === 0 ? 'Nowhere.' : `${hits.hits.length} places${hits.truncated ? ', and more' : ''}`}
          </Box>
          {hits.hits.map((hit) => (
            <Button key={`${hit.ms} ${hit.line}`} variant="inline-link" onClick={() => player.seek(hit.ms)}>
              {span(hit.ms)} {hit.line}
            </Button>
          ))}
        </SpaceBetween>
      )}
    </SpaceBetween>
  )
}
