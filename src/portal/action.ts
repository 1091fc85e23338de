/** What a reader starts with a button or a form: it runs once at a time, and why it failed is kept to be shown. */
import { useRef, useState } from 'preact/hooks'

export interface Action<A extends readonly unknown[]> {
  readonly isBusy: boolean
  readonly error: unknown
  /** Does nothing while the last run goes on. */
  readonly run: (...args: A) => void
  /** For `onSubmit` of a form. */
  readonly submit: (event: Event, ...args: A) => void
  readonly forgetError: () => void
}

/** @param work what it throws is the error of the action */
export function useAction<A extends readonly unknown[] = []>(work: (...args: A) => Promise<void>): Action<A> {
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const isRunning = useRef(false)
  const go = async (...args: A): Promise<void> => {
    isRunning.current = true
    setBusy(true)
    setError(undefined)
    try {
      await work(...args)
    } catch (reason) {
      setError(reason)
    }
    isRunning.current = false
    setBusy(false)
  }
  const run = (...args: A): void => {
    if (!isRunning.current) void go(...args)
  }
  return {
    isBusy,
    error,
    run,
    submit: (event, ...args) => {
      event.preventDefault()
      run(...args)
    },
    forgetError: () => setError(undefined),
  }
}
