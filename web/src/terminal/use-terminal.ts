import { type RefObject, useEffect, useRef, useState } from 'react'
import type { Problem } from '../../../src/portal/contract/common.ts'
import type { ToBrowser } from '../../../src/portal/contract/terminal.ts'
import { ApiError } from '../api/request.ts'
import { connect, type Line, type Wish } from './connect.ts'
import { openScreen, type TerminalScreen } from './open-screen.ts'

type Of<T extends ToBrowser['type']> = Extract<ToBrowser, { type: T }>

export type TerminalState = {
  phase: 'connecting' | 'connected' | 'lost' | 'ended' | 'refused'
  step?: Of<'connecting'>['step']
  connected?: Of<'connected'>
  problem?: Problem
  ended?: Of<'ended'>
  warning?: Of<'warning'>
}

/** Pauses before a lost connection is tried again; the last one repeats for as long as a gateway usually keeps the shell. */
const RETRIES_MS = [500, 1_000, 2_000, 4_000, 8_000]
const TRIES = 20

const problemOf = (cause: unknown): Problem =>
  cause instanceof ApiError
    ? cause.problem
    : { code: 'UNEXPECTED', message: String(cause), retryable: true, hint: 'Reload the page.' }

const lostProblem: Problem = {
  code: 'CONNECTION_LOST',
  message: 'The connection to the portal was lost',
  retryable: true,
  hint: 'Check the network, then try again. A shell waits for its browser only for a few minutes; what was recorded stays.',
}

/** Keys that the page keeps for itself; everything else goes to the shell. */
export type TerminalKey = 'copy' | 'paste' | 'find' | 'leave'
const keys: Readonly<Record<string, TerminalKey>> = { c: 'copy', v: 'paste', f: 'find', x: 'leave' }

const keyOf = ({ ctrlKey, shiftKey, altKey, metaKey, key }: KeyboardEvent): TerminalKey | undefined =>
  ctrlKey && shiftKey && !altKey && !metaKey ? keys[key.toLowerCase()] : undefined

/** A screen in `holder`, joined to a session; comes back to the same shell when the connection is lost. */
export function useTerminal(
  holder: RefObject<HTMLDivElement | null>,
  wish: { purpose: 'open' | 'watch'; id: string },
  look: { fontSize: number; screenReader: boolean },
  onKey: (key: TerminalKey) => void,
) {
  const { fontSize, screenReader } = look
  const heardKey = useRef(onKey)
  heardKey.current = onKey
  const [state, setState] = useState<TerminalState>({ phase: 'connecting' })
  const [round, setRound] = useState(0)
  const line = useRef<Line>(undefined)
  const screen = useRef<TerminalScreen>(undefined)

  // The font size is followed below; a new round connects again.
  useEffect(() => {
    const element = holder.current
    if (!element) return
    let over = false
    let sessionId: string | undefined
    let tries = 0
    /** No shell is there to take a key. */
    let dead = false
    const opened = openScreen(element, {
      fontSize,
      screenReader,
      readOnly: wish.purpose === 'watch',
      label: 'Terminal input. Control Shift X leaves the terminal.',
    })
    const { terminal } = opened
    screen.current = opened
    opened.fit()
    const size = () => ({ cols: terminal.cols, rows: terminal.rows })
    setState({ phase: 'connecting' })

    const refuse = (problem: Problem) => {
      dead = true
      setState({ phase: 'refused', problem })
    }
    const hear = (message: ToBrowser) => {
      if (message.type === 'connecting') setState((before) => ({ ...before, step: message.step }))
      if (message.type === 'connected') {
        sessionId = message.sessionId
        tries = 0
        dead = false
        setState({ phase: 'connected', connected: message })
        if (!message.readOnly) terminal.focus()
      }
      if (message.type === 'resized') terminal.resize(message.cols, message.rows)
      if (message.type === 'warning') setState((before) => ({ ...before, warning: message }))
      dead ||= message.type === 'ended'
      if (message.type === 'refused') refuse(message.problem)
      if (message.type === 'ended') setState((before) => ({ ...before, phase: 'ended', ended: message }))
    }
    const lost = () => {
      if (over) return
      const pause = RETRIES_MS[tries] ?? RETRIES_MS.at(-1)
      tries += 1
      if (tries > TRIES || sessionId === undefined) {
        refuse(lostProblem)
        return
      }
      setState((before) => ({ ...before, phase: 'lost' }))
      const back: Wish = { purpose: wish.purpose === 'watch' ? 'watch' : 'resume', id: sessionId }
      const retry = () => {
        clearTimeout(timer)
        removeEventListener('online', retry)
        if (over) return
        terminal.reset()
        void join(back, lost)
      }
      const timer = setTimeout(retry, pause)
      addEventListener('online', retry)
    }
    const join = async (how: Wish, onFailure: () => void) => {
      try {
        const next = await connect(how, size(), {
          bytes: (data) => terminal.write(data),
          message: hear,
          lost,
        })
        if (over) next.close()
        else line.current = next
      } catch (cause) {
        const isGone = cause instanceof ApiError && cause.status >= 400 && cause.status < 500
        if (!over && how.purpose !== 'open' && !isGone) onFailure()
        else if (!over) refuse(problemOf(cause))
      }
    }
    // React's strict mode runs effects twice: the first must not open a session.
    const start = setTimeout(() => void join(wish, lost), 0)

    terminal.attachCustomKeyEventHandler((event) => {
      if (dead && event.key === 'Tab') return false
      const key = keyOf(event)
      if (!key) return true
      event.preventDefault()
      if (event.type === 'keydown') heardKey.current(key)
      return false
    })
    terminal.onData((data) => line.current?.send(data))
    terminal.onResize(({ cols, rows }) => line.current?.say({ type: 'resize', cols, rows }))
    const observer = new ResizeObserver(() => wish.purpose === 'open' && opened.fit())
    observer.observe(element)
    return () => {
      over = true
      clearTimeout(start)
      observer.disconnect()
      line.current?.close()
      line.current = undefined
      opened.dispose()
    }
  }, [wish.purpose, wish.id, round])

  useEffect(() => {
    if (!screen.current) return
    screen.current.terminal.options.fontSize = fontSize
    screen.current.terminal.options.screenReaderMode = screenReader
    screen.current.fit()
  }, [fontSize, screenReader])

  return {
    state,
    focus: () => screen.current?.terminal.focus(),
    find: (text: string, direction: 'up' | 'down') => screen.current?.find(text, direction) ?? false,
    /** What is selected; empty when nothing is. */
    selection: () => screen.current?.terminal.getSelection() ?? '',
    paste: (text: string) => screen.current?.terminal.paste(text),
    end: () => line.current?.say({ type: 'close' }),
    again: () => setRound((n) => n + 1),
  }
}
