import SpaceBetween from '@cloudscape-design/components/space-between'
import { useRef } from 'react'
import type { Recording } from '../../../src/portal/contract/recordings.ts'
import { ProblemBox } from '../shell/problem-box.tsx'
import { Controls } from './controls.tsx'
import { usePicture } from './use-picture.ts'

/** What guacd drew: a picture, with nothing in it to search. */
export function PicturePlayer({ recording }: { recording: Recording }) {
  const holder = useRef<HTMLDivElement>(null)
  const player = usePicture(holder, recording)
  return (
    <SpaceBetween size="m">
      {player.error && <ProblemBox error={player.error} />}
      <section className="player picture" aria-label="Recorded picture" ref={holder} />
      <Controls player={player} />
    </SpaceBetween>
  )
}
