import { useCallback, useEffect, useState } from 'react'
import { ApiError, get } from './request.ts'

export type Query<T> = { data: T | undefined; error: ApiError | undefined; loading: boolean; reload: () => void }

/** Reads a path, again when it changes; what comes late for an older path is dropped. */
export function useQuery<T>(path: string | undefined): Query<T> {
  const [data, setData] = useState<T>()
  const [error, setError] = useState<ApiError>()
  const [loading, setLoading] = useState(path !== undefined)
  const [round, setRound] = useState(0)
  // A new round reads the same path again.
  useEffect(() => {
    if (path === undefined) return
    const abort = new AbortController()
    setLoading(true)
    get<T>(path, abort.signal)
      .then(
        (value) => {
          setData(value)
          setError(undefined)
        },
        (cause: unknown) => {
          if (!abort.signal.aborted && cause instanceof ApiError) setError(cause)
        },
      )
      .finally(() => {
        if (!abort.signal.aborted) setLoading(false)
      })
    return () => abort.abort()
  }, [path, round])
  const reload = useCallback(() => setRound((n) => n + 1), [])
  return { data, error, loading, reload }
}

/** Calls back for each named server-sent event while the page shows. The browser reconnects by itself. */
export function useEvents(path: string, names: readonly string[], onEvent: (name: string, data: string) => void): void {
  // The names are constants of the page.
  useEffect(() => {
    const source = new EventSource(path)
    for (const name of names) source.addEventListener(name, (event) => onEvent(name, String(event.data)))
    return () => source.close()
  }, [path, onEvent])
}
