/** `npm run types`: writes TypeScript types of the modules that a contact sees through a gateway. */
import { writeFile } from 'node:fs/promises'
import { Gateway } from '../client/index.ts'
import { mapLimited } from '../model/map-limited.ts'
import { complain, readArguments, UsageError } from './arguments.ts'
import { secret } from './secret.ts'
import { declarations, type ModuleDescription } from './types/declarations.ts'

const usage = `usage: npm run types -- --gateway URL --as EMAIL [--out FILE]
The password is read from CONTACT_PASSWORD or from a prompt. Without --out the types go to standard output.`

/** @throws UsageError */
function readOptions(args: readonly string[]): { url: string; username: string; out: string | undefined } {
  const text = { type: 'string' } as const
  const {
    gateway: url,
    as: username,
    out,
  } = readArguments(args, {
    options: { gateway: text, as: text, out: text },
  }).values
  if (url === undefined || !/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new UsageError('--gateway: expected http:// or https://')
  if (username === undefined) throw new UsageError('--as: expected the e-mail address of a contact')
  return { url, username, out }
}

async function describe(url: string, username: string): Promise<readonly ModuleDescription[]> {
  const gateway = new Gateway({ url })
  await gateway.login({ username, password: await secret('CONTACT_PASSWORD', `password of ${username}`) })
  try {
    const { modules } = await gateway.json<{ modules: readonly { name: string }[] }>({ path: '/modules' })
    return await mapLimited(modules, async ({ name }) =>
      gateway.json<ModuleDescription>({ path: `/modules/${encodeURIComponent(name)}` }),
    )
  } finally {
    await gateway.logout()
  }
}

try {
  const { url, username, out } = readOptions(process.argv.slice(2))
  const text = declarations(await describe(url, username))
  if (out === undefined) process.stdout.write(text)
  else await writeFile(out, text)
} catch (error) {
  complain(error, usage)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
