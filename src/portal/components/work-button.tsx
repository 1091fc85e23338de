/** A button for work that takes a while: pressed again, it waits; what fails is said in a notice. */
import type { ComponentChildren, JSX } from 'preact'
import { useAction } from '../action.ts'
import { useFailureNotice } from '../errors.ts'

interface WorkButtonProps {
  readonly class?: string
  /** @throws what the notice says */
  readonly work: () => Promise<void>
  /** @param isBusy while the work goes on */
  readonly children: (isBusy: boolean) => ComponentChildren
}

export function WorkButton({ class: style = '', work, children }: WorkButtonProps): JSX.Element {
  const failed = useFailureNotice()
  const { isBusy, run } = useAction(async () => work().catch(failed))
  return (
    <button type="button" class={`button ${style}`} aria-disabled={isBusy} onClick={() => run()}>
      {children(isBusy)}
    </button>
  )
}
