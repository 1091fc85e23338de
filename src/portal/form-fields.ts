/** What the forms of records share: a draft of their fields, the values to send, and the fields that are wrong. */
import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { useShell } from './context.ts'
import { useDraft, type Draft } from './draft.ts'
import { wrongFields } from './errors.ts'
import { changedValues, textsFor, type Texts } from './form-values.ts'
import type { TextKey } from './texts/index.ts'
import type { Field, Item, Value } from './types.ts'

export interface FormFields {
  readonly form: RefObject<HTMLFormElement | null>
  readonly before: Texts
  readonly draft: Draft<Texts>
  /** @returns undefined where a text is not a value of its field; its field says so then */
  readonly take: () => Readonly<Record<string, Value>> | undefined
  readonly messageFor: (name: string, error: unknown) => string | undefined
  readonly wrong: ReadonlyMap<string, TextKey>
}

/** @param item undefined: a new record, of which every field with a text is sent, defaults included */
export function useFormFields(
  draftName: string,
  fields: readonly Field[],
  item: Item | undefined,
): FormFields {
  const { t } = useShell()
  const before = textsFor(fields, item)
  const draft = useDraft<Texts>(draftName, before)
  const [wrong, setWrong] = useState<ReadonlyMap<string, TextKey>>(new Map())
  const form = useRef<HTMLFormElement>(null)
  return {
    form,
    before,
    draft,
    take: () => {
      const sendable = changedValues(fields, draft.values, item === undefined ? {} : before)
      setWrong(sendable.wrong)
      return sendable.wrong.size > 0 ? undefined : sendable.values
    },
    messageFor: (name, error) => {
      const key = wrong.get(name) ?? (wrongFields(error).has(name) ? 'field.not-accepted' : undefined)
      return key && t(key)
    },
    wrong,
  }
}

/** Leads the reader to the first wrong field. */
export function useFocusOnWrong({ form, wrong }: FormFields, error: unknown): void {
  useEffect(() => {
    form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus()
  }, [error, wrong])
}
