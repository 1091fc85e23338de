/** Filters over every module, of several contacts in each log-in mode, held against the independent evaluator. */
import t from 'tap'
import { generatedListings } from './support/listings.ts'
import { ownerIdsOf, difference, Oracle } from './support/oracle.ts'
import { modes, startPortal } from './support/portal.ts'
import { isThorough, sample } from './support/thorough.ts'

const people = { alice: 8549, carol: 8551, erin: 8553 } as const

for (const mode of isThorough ? modes : (['portal'] as const)) {
  t.test(
    `in ${mode} mode filters find exactly what they mean, or are rejected with their parameter`,
    async (t) => {
      const portal = await startPortal(t, { mode, env: { LOG_LEVEL: 'warn' } })
      const { database } = portal.corebos
      const listings = sample(generatedListings(database, 400), 40)
      const wrong: string[] = []
      let [found, rejected, asked] = [0, 0, 0]
      for (const [name, number] of Object.entries(people)) {
        const oracle = new Oracle(database, ownerIdsOf(database, number, 'account'))
        for (const { path, statement } of listings) {
          const { status, body, text } = await portal.as(name, 'GET', path)
          asked++
          if (status === 400 || status === 422) {
            rejected++
            continue
          }
          const expected = oracle.answer(statement)
          const total = body['total'] === undefined ? undefined : Number(body['total'])
          const records = (body.records ?? []).map(({ id }) => ({ id: String(id) }))
          const problem = status === 200 ? difference({ records, total }, expected) : text
          if (problem !== undefined)
            wrong.push(`${name}: ${problem}: ${decodeURIComponent(path)} as ${statement}`)
          found += records.length
        }
      }
      t.strictSame(wrong.slice(0, 10), [], `${wrong.length} of ${asked} differ`)
      t.ok(found > asked / 4, `${found} records were found`)
      t.ok(rejected < asked / 4, `${rejected} of ${asked} were rejected`)
    },
  )
}
