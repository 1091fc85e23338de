/** Reads the policy file; the only part of the policy that touches the world. */
import { readFile } from 'node:fs/promises'
import { builtinPolicy } from './builtin.ts'
import { Policy, readPolicy } from './policy.ts'

/**
 * @param file undefined: the built-in policy
 * @throws Error that names the file, the path in it and the reason, one per line
 */
export async function loadPolicy(file: string | undefined): Promise<Policy> {
  if (file === undefined) return new Policy(builtinPolicy)
  try {
    return readPolicy(JSON.parse(await readFile(file, 'utf8')))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(reason.replace(/^/gm, `${file}: `), { cause: error })
  }
}
