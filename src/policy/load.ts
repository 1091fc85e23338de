/** Reads the policy file; the only part of the policy with I/O. */
import { readFile } from 'node:fs/promises'
import { fileText } from '../model/file-text.ts'
import { builtinPolicy } from './builtin.ts'
import { JsonError, parseJson, placeAt, positionOf, type TextPosition } from './json.ts'
import { Policy, readPolicy } from './policy.ts'

/** A policy with the text that it was read from. */
export interface LoadedPolicy {
  readonly policy: Policy
  /**
   * Prefixes a message about a path in the file (`/modules/HelpDesk/where: …`) with the file, its line and its column.
   */
  readonly located: (line: string) => string
}

/**
 * @param file undefined: the built-in policy
 * @throws Error with one line for each problem: file, line, column, path in the file, and what was expected
 */
export async function loadPolicy(file: string | undefined): Promise<Policy> {
  return (await loadWithText(file)).policy
}

/** @throws Error as {@link loadPolicy} */
export async function loadWithText(file: string | undefined): Promise<LoadedPolicy> {
  if (file === undefined) return { policy: new Policy(builtinPolicy), located: (line) => `builtin: ${line}` }
  let located = (line: string): string => `${file}: ${line}`
  try {
    const text = fileText(await readFile(file))
    located = (line) => locate(file, text, line)
    return { policy: readPolicy(read(file, text)), located }
  } catch (error) {
    if (error instanceof Misread) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(reason.split('\n').map(located).join('\n'), { cause: error })
  }
}

/** The text is not JSON. */
class Misread extends Error {}

function read(file: string, text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw new Misread(`${file}${shown(placeAt(text, error.at))}: ${error.message}`, { cause: error })
  }
}

function locate(file: string, text: string, line: string): string {
  const [pointer] = /^\/.*?(?=: )/.exec(line) ?? []
  if (pointer === undefined) return `${file}: ${line}`
  return `${file}${shown(positionOf(text, pointer === '/' ? '' : pointer))}: ${line}`
}

function shown({ line, column }: TextPosition): string {
  return `:${line}:${column}`
}
