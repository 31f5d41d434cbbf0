import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import ButtonDropdown from '@cloudscape-design/components/button-dropdown'
import Checkbox from '@cloudscape-design/components/checkbox'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { ApiError } from '../api/request.ts'
import { span } from '../shell/format.ts'

/** What plays, whatever it draws. */
export type Player = {
  /** ms since the recording's beginning. */
  position: number
  duration: number
  ready: boolean
  playing: boolean
  speed: number
  skipIdle: boolean
  error: ApiError | undefined
  setSpeed(speed: number): void
  setSkipIdle(skip: boolean): void
  seek(ms: number): void
  toggle(): void
}

const speeds = [0.5, 1, 2, 4, 8]

export function Controls({ player }: { player: Player }) {
  return (
    <>
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
    </>
  )
}
