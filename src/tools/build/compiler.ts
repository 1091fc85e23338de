/** The compiler of TypeScript 7, by its path: both versions of TypeScript offer a program `tsc`. */
import { fileURLToPath } from 'node:url'

export const compiler = fileURLToPath(
  new URL('bin/tsc', import.meta.resolve('typescript-native/package.json')),
)
