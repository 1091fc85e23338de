/** The end of the build: copies beside the compiled programs what they read and the compiler leaves behind. */
import { cp } from 'node:fs/promises'

for (const root of ['src', 'plugins', 'routes']) {
  await cp(root, `dist/${root}`, { recursive: true, filter: (path) => !path.endsWith('.ts') })
}
