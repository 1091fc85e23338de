/** The version of the package; the build copies `package.json` to `dist/`. */
import { readFileSync } from 'node:fs'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

export const { version } = Value.Decode(
  Type.Object({ version: Type.String() }),
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')),
)
