/** Loads the content of a page and shows the state: loading, failed with a button to try again, or done. */
import type { ComponentChildren, JSX } from 'preact'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { Failure } from './components/failure.tsx'
import { Skeleton } from './components/skeleton.tsx'

export type Loaded<T> = {
  /** The last value, also while a newer one is loaded. */
  readonly value: T | undefined
  readonly error: unknown
  readonly isLoading: boolean
  readonly reload: () => void
  /** Shows a value that is known already, such as the answer to a change. */
  readonly set: (value: T) => void
}

/** @param key the value is loaded again when the key changes; undefined: not loaded */
export function useLoad<T>(key: string | undefined, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{
    key?: string | undefined
    value?: T
    error?: unknown
    isLoading: boolean
  }>({
    isLoading: key !== undefined,
  })
  const [round, setRound] = useState(0)
  const latest = useRef(load)
  latest.current = load
  useEffect(() => {
    if (key === undefined) return undefined
    const abort = new AbortController()
    setState(({ value }) => ({ key, ...(value !== undefined && { value }), isLoading: true }))
    latest.current(abort.signal).then(
      (value) => {
        if (!abort.signal.aborted) setState({ key, value, isLoading: false })
      },
      (error: unknown) => {
        if (!abort.signal.aborted) setState({ key, error, isLoading: false })
      },
    )
    return () => abort.abort()
  }, [key, round])
  return {
    value: state.value,
    error: state.error,
    isLoading: state.isLoading,
    reload: useCallback(() => setRound((last) => last + 1), []),
    set: useCallback((value: T) => setState({ key, value, isLoading: false }), [key]),
  }
}

interface LoadingProps<T> {
  readonly of: Loaded<T>
  /** Shown before the first value. */
  readonly meanwhile?: ComponentChildren
  readonly children: (value: T) => JSX.Element | null
}

export function Loading<T>({ of: loaded, meanwhile, children }: LoadingProps<T>): JSX.Element {
  if (loaded.value !== undefined)
    return (
      <div class="loaded" aria-busy={loaded.isLoading}>
        {children(loaded.value)}
      </div>
    )
  if (loaded.error !== undefined) return <Failure error={loaded.error} retry={loaded.reload} />
  return <>{meanwhile ?? <Skeleton />}</>
}
