import Alert from '@cloudscape-design/components/alert'
import Button, { type ButtonProps } from '@cloudscape-design/components/button'
import { useRef, useState } from 'react'
import type { Connection } from '../../../src/portal/contract/connections.ts'
import { useQuery } from '../api/use-query.ts'
import { words } from '../shell/format.ts'
import { ProblemAlert } from '../shell/problem-box.tsx'
import { useRemembered } from '../shell/remembered.ts'
import { PageLink } from '../shell/router.tsx'
import { FindBar } from './find-bar.tsx'
import { TerminalBar } from './terminal-bar.tsx'
import { type TerminalKey, useTerminal } from './use-terminal.ts'

type Props = { purpose: 'open' | 'watch'; id: string; mayAdminister: boolean }

const isFontSize = (value: unknown): value is number => typeof value === 'number' && value >= 8 && value <= 32
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean'

const needsSignIn = (reason: string): boolean => reason === 'access-ended' || reason === 'signed-out'

/** A shell, or somebody's shell to watch. */
export function TerminalPage({ purpose, id, mayAdminister }: Props) {
  const [fontSize, setFontSize] = useRemembered('fontSize', 14, isFontSize)
  const [screenReader, setScreenReader] = useRemembered('screenReader', false, isBoolean)
  const [finding, setFinding] = useState(false)
  const page = useRef<HTMLDivElement>(null)
  const holder = useRef<HTMLDivElement>(null)
  const firstButton = useRef<ButtonProps.Ref>(null)
  const copy = () => {
    const text = selection()
    if (text !== '') void navigator.clipboard.writeText(text)
    focus()
  }
  const readClipboard = async () => {
    paste(await navigator.clipboard.readText().catch(() => ''))
    focus()
  }
  const onKey = (key: TerminalKey) => {
    if (key === 'copy') copy()
    else if (key === 'paste') void readClipboard()
    else if (key === 'find') setFinding(true)
    else firstButton.current?.focus()
  }
  const terminal = useTerminal(holder, { purpose, id }, { fontSize, screenReader }, onKey)
  const { state, end, again, find, focus, selection, paste } = terminal
  const { problem, ended, warning } = state
  const instance = useQuery<Connection>(purpose === 'open' ? `/api/v1/connections/${id}` : undefined)
  /** Nothing was ever shown: there is nothing to search, copy or enlarge. */
  const isEmpty = state.phase === 'refused' && !state.connected
  return (
    <div className="terminal-page" ref={page}>
      <TerminalBar
        state={state}
        name={state.connected?.connectionName ?? instance.data?.name ?? 'Terminal'}
        isEmpty={isEmpty}
        first={firstButton}
        fontSize={fontSize}
        setFontSize={setFontSize}
        screenReader={screenReader}
        setScreenReader={setScreenReader}
        copy={copy}
        paste={() => void readClipboard()}
        find={() => setFinding(true)}
        fullScreen={() =>
          void (document.fullscreenElement ? document.exitFullscreen() : page.current?.requestFullscreen())
        }
        end={purpose === 'open' ? end : undefined}
      />
      {problem && (
        <ProblemAlert problem={problem} retry={again}>
          {mayAdminister && problem.code.startsWith('HOST_KEY') && (
            <PageLink href={`/host-keys/${id}`}>Host keys of this instance</PageLink>
          )}
        </ProblemAlert>
      )}
      {ended && (
        <Alert
          type={ended.reason.startsWith('closed-by') ? 'info' : 'warning'}
          header={ended.message}
          action={purpose === 'open' && <Button onClick={again}>Connect again</Button>}
        >
          Reason: {words(ended.reason)}. {needsSignIn(ended.reason) && <a href="/sign-in">Sign in again</a>}
        </Alert>
      )}
      {warning && !ended && (
        <Alert type="warning">
          {warning.reason === 'idle-limit'
            ? 'No key was pressed for long: the session will be ended soon.'
            : 'The session will soon reach its longest time.'}
        </Alert>
      )}
      <div className={isEmpty ? 'terminal-holder empty' : 'terminal-holder'}>
        <section className="terminal" aria-label="Terminal" ref={holder} />
        {finding && (
          <FindBar
            find={find}
            close={() => {
              setFinding(false)
              focus()
            }}
          />
        )}
      </div>
    </div>
  )
}
