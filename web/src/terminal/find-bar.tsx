import Button from '@cloudscape-design/components/button'
import Input, { type InputProps } from '@cloudscape-design/components/input'
import { useEffect, useRef, useState } from 'react'

type Props = { find(text: string, direction: 'up' | 'down'): boolean; close(): void }

/** Searches what the terminal has shown: Enter goes up, as the newest stands at the end; Escape closes. */
export function FindBar({ find, close }: Props) {
  const input = useRef<InputProps.Ref>(null)
  const [text, setText] = useState('')
  const [isThere, setIsThere] = useState(true)
  useEffect(() => input.current?.focus(), [])
  const go = (direction: 'up' | 'down') => setIsThere(text === '' || find(text, direction))
  return (
    <search className="find-bar">
      <Input
        ref={input}
        type="search"
        value={text}
        ariaLabel="Text to find in the terminal"
        placeholder="Find in the terminal"
        invalid={!isThere}
        onChange={({ detail }) => {
          setText(detail.value)
          setIsThere(true)
        }}
        onKeyDown={({ detail }) => {
          if (detail.key === 'Enter') go(detail.shiftKey ? 'down' : 'up')
          if (detail.key === 'Escape') close()
        }}
      />
      <Button iconName="angle-up" ariaLabel="Find above" onClick={() => go('up')} />
      <Button iconName="angle-down" ariaLabel="Find below" onClick={() => go('down')} />
      <Button iconName="close" ariaLabel="Close the search" onClick={close} />
      <span aria-live="polite">{isThere ? '' : 'Not found'}</span>
    </search>
  )
}
