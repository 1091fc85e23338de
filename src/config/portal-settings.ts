/** The settings file of the reference portal: its schema, and how it is read and checked. */
import { readFile } from 'node:fs/promises'
import { dirname, extname, resolve } from 'node:path'
import { Type, type Static } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { fileText } from '../model/file-text.ts'

const closed = { additionalProperties: false } as const
const color = Type.String({ pattern: '^#[0-9a-fA-F]{6}$', expected: 'a colour such as "#0b6e4f"' })
const link = Type.String({
  pattern: '^(https?://|mailto:|tel:).+',
  maxLength: 2000,
  expected: 'an address that begins with https://, http://, mailto: or tel:',
})
/** A text, or one for each language: `{"en": "…", "es": "…"}`. */
const text = (maxLength: number) => {
  const one = Type.String({ minLength: 1, maxLength })
  const expected = `a text of at most ${maxLength} characters, or one for each of "en", "es" and "de"`
  return Type.Union([one, Type.Partial(Type.Object({ en: one, es: one, de: one }, closed))], { expected })
}

export const portalSettings = Type.Partial(
  Type.Object(
    {
      name: Type.String({ minLength: 1, maxLength: 60, expected: 'a name of at most 60 characters' }),
      logo: Type.String({ minLength: 1, expected: 'the path of an image, relative to the settings file' }),
      colors: Type.Partial(Type.Object({ accent: color }, closed)),
      welcome: text(2000),
      links: Type.Array(Type.Object({ label: text(60), url: link }, closed), {
        maxItems: 10,
        expected: 'at most 10 links, each with "label" and "url"',
      }),
      modules: Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        uniqueItems: true,
        expected: 'names of modules such as "HelpDesk", each once',
      }),
    },
    closed,
  ),
)
export type PortalSettings = Static<typeof portalSettings>

export interface LoadedPortalSettings {
  readonly settings: PortalSettings
  readonly logo: { readonly name: string; readonly bytes: Buffer } | undefined
}

const logoTypes = ['.svg', '.png', '.jpg', '.jpeg', '.webp', '.gif']
/** Bytes. Every page shows the logo. */
const largestLogo = 256 * 1024

/** @throws Error with one line for each problem, each with the file and the path in it */
export async function loadPortalSettings(file: string | undefined): Promise<LoadedPortalSettings> {
  if (file === undefined) return { settings: {}, logo: undefined }
  const content = parsed(await readable(file, file))
  const problems = problemsOf(content)
  if (problems.length > 0 || !Value.Check(portalSettings, content))
    throw new Error(problems.map((line) => `${file}: ${line}`).join('\n'))
  const { logo } = content
  return {
    settings: content,
    logo: logo === undefined ? undefined : await readLogo(file, logo),
  }

  function parsed(bytes: Buffer): unknown {
    try {
      return JSON.parse(fileText(bytes))
    } catch (error) {
      throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    }
  }
}

/** One line for each invalid path: what was received, and what is accepted. */
export function problemsOf(content: unknown): string[] {
  const problems = new Map<string, string>()
  for (const { path, schema, value, message } of Value.Errors(portalSettings, content)) {
    const expected: unknown = schema['expected']
    const known =
      path.startsWith('/links/') || path.startsWith('/colors/') ? '' : `; known: ${names.join(', ')}`
    const line =
      message === 'Unexpected property'
        ? `unknown setting${known}`
        : `expected ${typeof expected === 'string' ? expected : message.toLowerCase()}, got ${shown(value)}`
    if (!problems.has(path)) problems.set(path, line)
  }
  return [...problems].map(([path, line]) => `${path === '' ? '/' : path}: ${line}`)
}

const names = Object.keys(portalSettings.properties)

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

async function readLogo(file: string, logo: string): Promise<LoadedPortalSettings['logo']> {
  if (!logoTypes.includes(extname(logo).toLowerCase()))
    throw new Error(
      `${file}: /logo: expected a file that ends in ${logoTypes.join(', ')}, got ${shown(logo)}`,
    )
  const bytes = await readable(resolve(dirname(file), logo), `${file}: /logo`)
  if (bytes.length > largestLogo)
    throw new Error(`${file}: /logo: expected at most ${largestLogo} bytes, got ${bytes.length}`)
  return { name: logo, bytes }
}

async function readable(path: string, source: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    throw new Error(`${source}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
