/** The end of the build: copies the files that the compiled programs read and that the compiler does not copy. */
import { cp } from 'node:fs/promises'

for (const root of ['src', 'plugins', 'routes']) {
  await cp(root, `dist/${root}`, { recursive: true, filter: (path) => !path.endsWith('.ts') })
}
await cp('package.json', 'dist/package.json')
