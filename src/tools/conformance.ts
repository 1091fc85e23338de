/**
 * `npm run conformance`: whether a coreBOS answers as the one did that the gateway was built on, and what about it should
 * be put right first. Exit code 1 if an answer differs, 2 where it cannot begin.
 */
import { complain, readArguments, UsageError } from './arguments.ts'
import type { Entry } from './conformance/ledger.ts'
import { conformance, type Conformance, type ConformanceOptions } from './conformance/run.ts'
import { secret } from './secret.ts'

const usage = `usage: npm run conformance -- --url URL --user NAME [--key ACCESSKEY]
         [--contact EMAIL [--password PW]]   looks through the eyes of this contact as well
         [--write]                           makes a ticket and a document, and deletes them; without it nothing is written
COREBOS_ACCESS_KEY and CONTACT_PASSWORD, or a prompt, give what the command line leaves out.`

/** @throws UsageError */
async function readOptions(args: readonly string[]): Promise<ConformanceOptions> {
  const text = { type: 'string' } as const
  const { values } = readArguments(args, {
    options: {
      url: text,
      user: text,
      key: text,
      contact: text,
      password: text,
      write: { type: 'boolean', default: false },
    },
  })
  const { url, user, contact, write } = values
  if (url === undefined || !/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new UsageError('--url: expected http:// or https://')
  if (user === undefined) throw new UsageError('--user: expected the name of the service user')
  if (contact === undefined && values.password !== undefined)
    throw new UsageError('--password: expected --contact as well')
  const key = values.key ?? (await secret('COREBOS_ACCESS_KEY', `access key of ${user}`))
  if (contact === undefined) return { url, user, key, contact, write }
  const password = values.password ?? (await secret('CONTACT_PASSWORD', `password of ${contact}`))
  return { url, user, key, contact: { email: contact, password }, write }
}

/** Longer texts are cut: the statements with lists of ids would fill the screen. */
const widest = 96

const cut = (text: string): string => (text.length > widest ? `${text.slice(0, widest - 1)}…` : text)

const marks = { agrees: 'ok', differs: 'DIFFERS', skipped: '-' } as const

function line({ asked, expected, got, verdict }: Entry, width: number): string {
  const came = verdict === 'differs' ? `${got} (measured: ${expected})` : got
  return `  ${marks[verdict].padEnd(7)}  ${cut(asked).padEnd(width)}  ${came}`
}

function show({ entries, remarks }: Conformance): void {
  const width = Math.max(...entries.map(({ asked }) => cut(asked).length))
  for (const area of new Set(entries.map((entry) => entry.area))) {
    console.log(`\n${area}`)
    for (const entry of entries) if (entry.area === area) console.log(line(entry, width))
  }
  console.log('\nthis installation')
  for (const { subject, text, isWarning } of remarks)
    console.log(`  ${(isWarning ? 'LOOK' : '').padEnd(7)}  ${subject}: ${text}`)
  const count = (verdict: Entry['verdict']) => entries.filter((entry) => entry.verdict === verdict).length
  console.log(
    `\nagrees ${count('agrees')}, differs ${count('differs')}, skipped ${count('skipped')}; ` +
      `to look at ${remarks.filter(({ isWarning }) => isWarning).length}`,
  )
}

try {
  const found = await conformance(await readOptions(process.argv.slice(2)))
  show(found)
  process.exitCode = found.entries.some(({ verdict }) => verdict === 'differs') ? 1 : 0
} catch (error) {
  complain(error, usage)
  process.exitCode = 2
}
