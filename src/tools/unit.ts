/**
 * `npm run unit`: runs tap and shows its result in short: each file, what tests say, what failed and what
 * was skipped. The last line is the sum: `N passed, N failed`.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const tap = spawn('tap', ['--reporter=tap', ...process.argv.slice(2)], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const exitCode = new Promise<number | null>((resolve) => tap.on('close', resolve))

/** tap's own sum over all files: `# { total: 9, pass: 7, fail: 1, skip: 1 }`, without what is zero. */
let sum = ''
/** How deep the details of a failure stand that are being shown. */
let details: string | undefined

for await (const line of createInterface({ input: tap.stdout })) {
  const [, indent = '', text = ''] = /^( *)(.*)$/.exec(line) ?? []
  if (details !== undefined) {
    console.log(line)
    if (text === '...' && indent === details) details = undefined
  } else if (/^# \{ total: /.test(line)) sum = text
  else if (/^not ok /.test(text)) console.log(line)
  else if (text === '---') {
    details = indent
    console.log(line)
  } else if (/^ok .* # SKIP/.test(text) || (indent === '' && /^ok /.test(text))) console.log(line)
  else if (/^# (?!Subtest: |time=|No coverage|\{ total)/.test(text)) console.log(`${indent}${text.slice(2)}`)
}

const count = (what: string): number => Number(new RegExp(` ${what}: (\\d+)`).exec(sum)?.[1] ?? 0)
if (sum === '') console.error('tap did not come to its end')
else console.log(`${count('pass')} passed, ${count('fail')} failed`)
process.exitCode = (await exitCode) === 0 && sum !== '' ? 0 : 1
