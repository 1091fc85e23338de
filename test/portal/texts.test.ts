/** The texts of the reference portal: each one is shown somewhere, and has its values in every language. */
import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import t from 'tap'
import { de } from '../../src/portal/texts/de.ts'
import { en } from '../../src/portal/texts/en.ts'
import { es } from '../../src/portal/texts/es.ts'

const languages = { en, es, de }

t.test('each text is used', async (t) => {
  const files = (await readdir('src/portal', { recursive: true })).filter(
    (path) => /\.tsx?$/.test(path) && !path.startsWith('texts/'),
  )
  const source = files.map((path) => readFileSync(`src/portal/${path}`, 'utf8')).join('\n')
  const unused = Object.keys(en).filter((key) => !source.includes(`'${key.replace(/\.(one|other)$/, '')}'`))
  t.strictSame(unused, [])
})

t.test('each language has the same values in a text', async (t) => {
  const valuesOf = (text: string): string[] =>
    [...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name).sort()
  for (const [language, texts] of Object.entries(languages))
    for (const [key, text] of Object.entries<string>(texts)) {
      const expected = Object.entries<string>(en).find(([name]) => name === key)?.[1] ?? ''
      t.strictSame(valuesOf(text), valuesOf(expected), `${language}: ${key}`)
    }
})
