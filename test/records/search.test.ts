/** Search over all modules, against an independent evaluator. */
import t from 'tap'
import { builtinPolicy } from '../../src/policy/builtin.ts'
import { usualModes } from '../support/portal.ts'
import { names, startDocumentPortal } from '../support/documents.ts'
import { json } from '../support/posted.ts'

t.test(
  'search finds what an evaluator finds in the text fields, and nothing in what is hidden',
  async (t) => {
    for (const mode of usualModes) {
      const portal = await startDocumentPortal(t, { mode })
      const modules = Object.keys(builtinPolicy.modules)
      for (const name of names) {
        for (const term of ['alice', 'a', 'open', 'md5', '100%', "it's"]) {
          const response = await portal.fetch(name, `/search?limit=100&q=${encodeURIComponent(term)}`)
          const { results } = (await response.json()) as {
            results: { module: string; total: number; records: { id: string }[] }[]
          } // as the schema says
          const wanted = portal.oracle(name).search(term, modules)
          t.same(
            new Map(results.map(({ module, records }) => [module, records.map(({ id }) => id).toSorted()])),
            wanted,
            `${mode}: ${name} ${term}`,
          )
          for (const { module, total } of results) t.equal(total, wanted.get(module)?.length, module)
        }
      }
      const some = await json(
        await portal.fetch('alice', '/search?q=ALICE&modules=helpdesk,%20Contacts&limit=1'),
      )
      const results = some['results'] as { module: string; total: number; records: unknown[] }[] // as the schema says
      t.same(
        results.map(({ module, records }) => [module, records.length]),
        [
          ['HelpDesk', 1],
          ['Contacts', 1],
        ],
      )
      t.notMatch(JSON.stringify(some), /portalloginuser|_downloadurl/)
      for (const [query, status] of [
        ['q=a&modules=Users', 404],
        ['q=a&modules=HelpDesk,Leads', 404],
        ['q=a&modules=x%20y', 400],
        ['q=', 400],
        ['q=%20', 400],
        ['', 400],
        ['q=a%5Cb', 200],
        ['q=a&limit=101', 400],
      ] as const) {
        t.equal((await portal.fetch('alice', `/search?${query}`)).status, status, query)
      }
      t.equal((await portal.fetch(undefined, '/search?q=a')).status, 401)
    }
  },
)
