import Alert from '@cloudscape-design/components/alert'
import Badge from '@cloudscape-design/components/badge'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import { useRef, useState } from 'react'
import { words } from '../shell/format.ts'
import { go, PageLink } from '../shell/router.tsx'
import { useTerminal } from './use-terminal.ts'

type Props = { purpose: 'open' | 'watch'; id: string; mayAdminister: boolean }

const steps = {
  instance: 'looking the instance up in AWS',
  recording: 'opening the recording',
  credential: 'preparing the key',
  port: 'reaching the host',
  login: 'logging in',
} as const

/** A shell, or somebody's shell to watch. */
export function TerminalPage({ purpose, id, mayAdminister }: Props) {
  const [fontSize, setFontSize] = useState(14)
  const holder = useRef<HTMLDivElement>(null)
  const { state, end, again } = useTerminal(holder, { purpose, id }, fontSize)
  const title = state.connected?.connectionName ?? ''
  return (
    <Box padding={{ horizontal: 'l', vertical: 's' }}>
      <SpaceBetween size="s">
        <SpaceBetween direction="horizontal" size="s" alignItems="center">
          <Box variant="h1" fontSize="heading-m">
            {title || 'Terminal'}
          </Box>
          <span aria-live="polite">
            {state.phase === 'connecting' && (
              <StatusIndicator type="loading">{state.step ? steps[state.step] : 'connecting'}</StatusIndicator>
            )}
            {state.phase === 'connected' && <StatusIndicator type="success">Connected</StatusIndicator>}
            {state.phase === 'lost' && <StatusIndicator type="warning">Connection lost, coming back</StatusIndicator>}
            {state.phase === 'ended' && <StatusIndicator type="stopped">Ended</StatusIndicator>}
            {state.phase === 'refused' && <StatusIndicator type="error">Refused</StatusIndicator>}
          </span>
          {state.phase === 'connected' && <Badge color="red">Recorded</Badge>}
          {state.connected?.readOnly && <Badge>Read-only</Badge>}
          <Button iconName="zoom-out" ariaLabel="Smaller text" onClick={() => setFontSize(Math.max(8, fontSize - 1))} />
          <Button iconName="zoom-in" ariaLabel="Larger text" onClick={() => setFontSize(Math.min(32, fontSize + 1))} />
          <Button onClick={() => void holder.current?.requestFullscreen()}>Full screen</Button>
          {state.phase === 'connected' && purpose === 'open' && <Button onClick={end}>End session</Button>}
          <Button onClick={() => go('/')}>Back to instances</Button>
        </SpaceBetween>
        {state.problem && (
          <Alert type="error" header={`${state.problem.message}.`} action={<Button onClick={again}>Try again</Button>}>
            {state.problem.hint} <code>{state.problem.code}</code>{' '}
            {mayAdminister && state.problem.code.startsWith('HOST_KEY') && (
              <PageLink href={`/host-keys/${id}`}>Host keys of this instance</PageLink>
            )}
          </Alert>
        )}
        {state.ended && (
          <Alert type="info" header={state.ended.message} action={<Button onClick={again}>Connect again</Button>}>
            Reason: {words(state.ended.reason)}.
          </Alert>
        )}
        {state.warning && (
          <Alert type="warning">
            {state.warning.reason === 'idle-limit'
              ? 'No key was pressed for long: the session will be ended soon.'
              : 'The session will soon reach its longest time.'}
          </Alert>
        )}
        <section className="terminal" aria-label="Terminal" ref={holder} />
      </SpaceBetween>
    </Box>
  )
}
