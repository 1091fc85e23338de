/** A secret of a tool: from the environment, or typed at a prompt that does not show it. */
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { UsageError } from './arguments.ts'

/** @throws UsageError where the variable is missing and there is no terminal to ask at */
export async function secret(variable: string, what: string): Promise<string> {
  const value = process.env[variable]
  if (value !== undefined && value !== '') return value
  if (!process.stdin.isTTY) throw new UsageError(`${variable}: missing; expected ${what}`)
  // The terminal repeats what is typed; this output swallows it.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true })
  try {
    process.stderr.write(`${what}: `)
    return await terminal.question('')
  } finally {
    terminal.close()
    process.stderr.write('\n')
  }
}
