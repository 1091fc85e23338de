/** Renders the environment variables of the gateway as `.env.example` and as the table of `docs/configuration.md`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { environment } from '../../src/config/variables.ts'
import type { Annotation } from '../../src/config/environment.ts'

/** Headings of `.env.example`, by the variable that they stand before. */
const headings: Readonly<Record<string, string>> = {
  COREBOS_URL: 'coreBOS',
  REDIS_URL: 'Sessions and tokens',
  POLICY_FILE: 'Policy, limits and files',
  HOST: 'Listeners and log',
}

/** Variables that most installations set; the other lines of `.env.example` are comments. */
const toFillIn: Readonly<Record<string, string>> = {
  COREBOS_URL: 'https://crm.example.com',
  COREBOS_USER: '',
  COREBOS_ACCESS_KEY: '',
}

/** A longer default makes the table unreadable. */
const longestDefault = 60

const required = new Set<string>(environment.required)
const variables = Object.entries<Partial<Annotation>>(environment.properties)

export function exampleFile(): string {
  return [
    '# Copy this file to `.env` and fill it in. Lines that begin with #NAME= show the default.',
    '# Variables of the environment take precedence. An empty value counts as absent.',
    '',
    ...variables.flatMap(([name, { description = '', default: text = '' }]) => [
      ...(headings[name] === undefined ? [] : [`## ${headings[name]}`, '']),
      ...wrapped(description).map((line) => `# ${line}`),
      name in toFillIn ? `${name}=${toFillIn[name] ?? ''}` : `#${name}=${quoted(text)}`,
      '',
    ]),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n')
}

export function variableTable(): string {
  return [
    '| name | meaning | default |',
    '| --- | --- | --- |',
    ...variables.map(([name, { description = '', default: text }]) => {
      const short = text !== undefined && text.length > longestDefault ? 'see `.env.example`' : undefined
      const shown = required.has(name) && text === undefined ? 'required' : text && `\`${text}\``
      return `| \`${name}\` | ${description} | ${short ?? shown ?? '–'} |`
    }),
  ].join('\n')
}

const table = /(?<=<!-- variables: npm run docs -->\n\n)[^]*(?=\n\n<!-- end -->)/

/** The text of `docs/configuration.md` with the table of today. */
export function withTable(page: string): string {
  if (!table.test(page)) throw new Error('docs/configuration.md has no place for the table')
  return page.replace(table, () => variableTable())
}

function quoted(text: string): string {
  return text.includes(' ') ? `"${text}"` : text
}

function wrapped(text: string): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line !== '' && line.length + word.length > 110) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines
}

// `npm run docs` writes both files; the tests only compare.
if (process.argv.includes('--write')) {
  writeFileSync('.env.example', exampleFile())
  writeFileSync('docs/configuration.md', withTable(readFileSync('docs/configuration.md', 'utf8')))
}
