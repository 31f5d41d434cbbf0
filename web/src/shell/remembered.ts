import { useState } from 'react'

/** State that this browser keeps, under a name of its own; what is stored and does not fit is left out. */
export function useRemembered<T>(
  name: string,
  initial: T,
  fits: (value: unknown) => value is T,
): [T, (next: T) => void] {
  const key = `enchilada.${name}`
  const [value, setValue] = useState<T>(() => {
    try {
      const stored: unknown = JSON.parse(localStorage.getItem(key) ?? 'null')
      return fits(stored) ? stored : initial
    } catch {
      return initial
    }
  })
  return [
    value,
    (next) => {
      localStorage.setItem(key, JSON.stringify(next))
      setValue(next)
    },
  ]
}
