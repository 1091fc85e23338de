/** Parses the command line of a tool. */
import { parseArgs, type ParseArgsConfig } from 'node:util'

/** The command line is not one of this program's. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** @throws UsageError */
export function readArguments<const T extends Omit<ParseArgsConfig, 'args'>>(
  args: readonly string[],
  config: T,
): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs<T>({ ...config, args: [...args] })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** Says on standard error why a tool cannot begin, with `usage` where it was asked wrongly. */
export function complain(error: unknown, usage: string): void {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`)
  if (error instanceof UsageError) console.error(usage)
}
