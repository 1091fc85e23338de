/**
 * `npm run policy`. Exit code 1 where the answer is no: the file is not valid, or the query is rejected; 2 where it
 * cannot be said.
 */
import { existsSync } from 'node:fs'
import { UsageError } from './arguments.ts'
import { answer, Rejected } from './policy/run.ts'

const usage = `usage: npm run policy -- check FILE [--demo]
       npm run policy -- explain FILE --as EMAIL|ID --query QUERY
       npm run policy -- diff OLD NEW --as EMAIL|ID
       npm run -s policy -- init      prints the built-in policy, to start a file from
       npm run -s policy -- schema    prints a JSON Schema of policy files, for editors
FILE, OLD and NEW may be 'builtin', the policy of a gateway without POLICY_FILE.
check looks at the modules and fields of COREBOS_URL where it is set, or of the demo with --demo.
check, explain and diff read COREBOS_URL, COREBOS_USER and COREBOS_ACCESS_KEY from the environment and .env.`

try {
  if (existsSync('.env')) process.loadEnvFile('.env')
  for (const line of await answer(process.argv.slice(2), process.env)) console.log(line)
} catch (error) {
  for (const line of (error instanceof Error ? error.message : String(error)).split('\n'))
    console.error(error instanceof Rejected ? line : `error: ${line}`)
  if (error instanceof UsageError) console.error(usage)
  process.exitCode = error instanceof Rejected ? 1 : 2
}
