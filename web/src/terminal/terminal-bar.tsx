import Badge from '@cloudscape-design/components/badge'
import Box from '@cloudscape-design/components/box'
import Button, { type ButtonProps } from '@cloudscape-design/components/button'
import Popover from '@cloudscape-design/components/popover'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import Toggle from '@cloudscape-design/components/toggle'
import type { Ref } from 'react'
import { go } from '../shell/router.tsx'
import type { TerminalState } from './use-terminal.ts'

const steps = {
  instance: 'looking the instance up in AWS',
  recording: 'opening the recording',
  port: 'reaching the host',
  boot: 'the instance is booting',
  credential: 'preparing the key',
  login: 'logging in',
} as const

type Props = {
  state: TerminalState
  name: string
  isEmpty: boolean
  first: Ref<ButtonProps.Ref>
  fontSize: number
  setFontSize(size: number): void
  screenReader: boolean
  setScreenReader(on: boolean): void
  copy(): void
  paste(): void
  find(): void
  fullScreen(): void
  /** Absent for who only watches. */
  end?: (() => void) | undefined
}

/** What stands above a terminal: how it is, and what can be done with it. */
export function TerminalBar(props: Props) {
  const { state, name, isEmpty, first, fontSize, setFontSize, end } = props
  const isConnected = state.phase === 'connected'
  return (
    <div className="terminal-bar" role="toolbar" aria-label="Session">
      <Box variant="h1" fontSize="heading-m">
        <bdi>{name}</bdi>
      </Box>
      <Status state={state} />
      {isConnected && <Badge color="red">Recorded</Badge>}
      {state.connected?.readOnly && <Badge>Read-only</Badge>}
      <span className="spacer" />
      {!isEmpty && (
        <>
          <Button ref={first} iconName="search" ariaLabel="Search in the terminal" onClick={props.find} />
          <Button iconName="copy" ariaLabel="Copy the selection" onClick={props.copy} />
          {end && <Button iconName="insert-row" ariaLabel="Paste" onClick={props.paste} />}
          <Button iconName="zoom-out" ariaLabel="Smaller text" onClick={() => setFontSize(Math.max(8, fontSize - 1))} />
          <Button iconName="zoom-in" ariaLabel="Larger text" onClick={() => setFontSize(Math.min(32, fontSize + 1))} />
          <Button iconName="full-screen" ariaLabel="Full screen" onClick={props.fullScreen} />
          <KeyboardHelp {...props} />
        </>
      )}
      {isConnected && end && <Button onClick={end}>End session</Button>}
      <Button onClick={() => go('/')}>Back to instances</Button>
    </div>
  )
}

function Status({ state: { phase, step } }: { state: TerminalState }) {
  return (
    <span aria-live="polite">
      {phase === 'connecting' && <StatusIndicator type="loading">{step ? steps[step] : 'connecting'}</StatusIndicator>}
      {phase === 'connected' && <StatusIndicator type="success">Connected</StatusIndicator>}
      {phase === 'lost' && (
        <StatusIndicator type="warning">Connection lost, coming back to the same shell</StatusIndicator>
      )}
      {phase === 'ended' && <StatusIndicator type="stopped">Ended</StatusIndicator>}
      {phase === 'refused' && <StatusIndicator type="error">Refused</StatusIndicator>}
    </span>
  )
}

const shortcuts = [
  ['Ctrl+Shift+X', 'leave the terminal: the focus goes to the buttons above it'],
  ['Ctrl+Shift+C', 'copy the selection'],
  ['Ctrl+Shift+V', 'paste'],
  ['Ctrl+Shift+F', 'search what the terminal has shown'],
] as const

function KeyboardHelp({ screenReader, setScreenReader }: Pick<Props, 'screenReader' | 'setScreenReader'>) {
  return (
    <Popover
      triggerType="custom"
      header="Keyboard"
      dismissAriaLabel="Close"
      size="large"
      content={
        <>
          <p>Every other key goes to the shell, Tab and Escape too.</p>
          <dl>
            {shortcuts.map(([keys, does]) => (
              <div key={keys}>
                <dt>
                  <kbd>{keys}</kbd>
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
          <Toggle checked={screenReader} onChange={({ detail }) => setScreenReader(detail.checked)}>
            Read the output aloud with a screen reader
          </Toggle>
        </>
      }
    >
      <Button iconName="keyboard" ariaLabel="Keyboard shortcuts" />
    </Popover>
  )
}
