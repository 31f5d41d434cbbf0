import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Input from '@cloudscape-design/components/input'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useRef, useState } from 'react'
import type { Recording, RecordingHits } from '../../../src/portal/contract/recordings.ts'
import { ApiError, get, queryOf } from '../api/request.ts'
import { span } from '../shell/format.ts'
import { ProblemBox } from '../shell/problem-box.tsx'
import { Controls } from './controls.tsx'
import { usePlayer } from './use-player.ts'

/** Text on a terminal: it can be searched. */
export function TerminalPlayer({ recording }: { recording: Recording }) {
  const holder = useRef<HTMLDivElement>(null)
  const player = usePlayer(holder, recording)
  const [hits, setHits] = useState<RecordingHits>()
  const [text, setText] = useState('')
  const [refusal, setRefusal] = useState<ApiError>()
  const search = async () => {
    try {
      setHits(await get<RecordingHits>(`/api/v1/recordings/${recording.session.id}/search${queryOf({ q: text })}`))
      setRefusal(undefined)
    } catch (cause) {
      if (cause instanceof ApiError) setRefusal(cause)
    }
  }
  const error = refusal ?? player.error
  return (
    <SpaceBetween size="m">
      {error && <ProblemBox error={error} />}
      <section className="player" aria-label="Recorded terminal" ref={holder} />
      <Controls player={player} />
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
