/** A write without the writing. */
import type { AuditLine, WriteContext } from '../access/context.ts'
import type { CheckedValues } from '../model/checked-values.ts'
import { toRejection } from './envelope.ts'

class Passed extends Error {}

/** Receives the values that would be written, and may reject them. `isNew`: of a new record. */
export type Look = (values: CheckedValues, isNew: boolean) => Promise<void>

/**
 * Runs all checks of a write without sending it to coreBOS.
 *
 * @throws the error for which the write is rejected, which is then audited as well
 */
export async function rehearse(
  write: (author: WriteContext) => Promise<unknown>,
  author: WriteContext,
  look: Look,
): Promise<void> {
  const lines: AuditLine[] = []
  const pass = async (): Promise<never> => {
    throw new Passed()
  }
  const writer = {
    create: async (values: CheckedValues) => look(values, true).then(pass),
    revise: async (_id: unknown, values: CheckedValues) => look(values, false).then(pass),
    replaceFile: async (_id: unknown, values: CheckedValues) => look(values, false).then(pass),
    remove: pass,
    relate: pass,
    unrelate: pass,
    act: pass,
    addComment: pass,
  }
  try {
    await write({ ...author, writer, audit: (line) => lines.push(line) })
  } catch (error) {
    if (error instanceof Passed) return
    const { code } = toRejection(error)
    for (const line of lines) author.audit({ ...line, outcome: code })
    throw error
  }
}
