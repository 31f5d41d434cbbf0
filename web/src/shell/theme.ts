import { applyMode, Mode } from '@cloudscape-design/global-styles'
import { useEffect, useState } from 'react'

const KEY = 'enchilada.theme'
const system = matchMedia('(prefers-color-scheme: dark)')

const stored = (): boolean => {
  const value = localStorage.getItem(KEY)
  return value === null ? system.matches : value === 'dark'
}

/** Follows the system until the person chooses; the choice is remembered in this browser. */
export function useDarkMode(): [boolean, (dark: boolean) => void] {
  const [dark, setDark] = useState(stored)
  useEffect(() => {
    applyMode(dark ? Mode.Dark : Mode.Light)
    // Controls of the browser's own, and our style sheet, follow what was chosen here.
    document.documentElement.style.colorScheme = dark ? 'dark' : 'light'
  }, [dark])
  useEffect(() => {
    const onChange = () => setDark(stored())
    system.addEventListener('change', onChange)
    return () => system.removeEventListener('change', onChange)
  }, [])
  return [
    dark,
    (next) => {
      localStorage.setItem(KEY, next ? 'dark' : 'light')
      setDark(next)
    },
  ]
}
