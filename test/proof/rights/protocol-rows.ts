/** Rows about coreBOS's own protocol at /webservice.php. */
import type { CrmRecord } from '../../../src/demo/database.ts'
import { stored } from '../../support/portal.ts'
import { rowsAt } from '../../support/webservice-client.ts'
import { reads, type Row } from './row.ts'
import { statement, type Vocabulary } from './vocabulary.ts'

/** An operation about one record. */
function operation(
  words: Vocabulary,
  name: string,
  record: CrmRecord,
  parameters: (id: string) => Readonly<Record<string, string>>,
  { right, holds = () => undefined }: Pick<Row, 'right' | 'holds'>,
): Row {
  return {
    route: 'POST /webservice.php',
    ...words.about(record),
    ask: (id, context) => ({
      body: { operation: name, ...parameters(id) },
      headers: { 'corebos-authorization': context?.session ?? '' },
    }),
    holds,
    // The protocol has one word for what is not there and for what may not be done.
    right: (context) => {
      const expected = right(context)
      return expected === 'NOT_WRITABLE' ? 'ACCESS_DENIED' : expected
    },
  }
}

export function protocolRows(words: Vocabulary): readonly Row[] {
  const { tested, subjects } = words
  const { ticket } = subjects
  const { admin } = tested.portal
  const revised = (id: string) => ({ element: JSON.stringify({ id, ticket_title: 'revised' }) })
  return [
    {
      route: 'GET /webservice.php',
      ...words.about(ticket),
      ask: (id, context) => ({ query: { operation: 'retrieve', id, sessionName: context?.session ?? '' } }),
      right: reads(ticket),
      holds: (t, { body }, { oracle }) => t.match(body['result'], oracle.shown(ticket)),
    },
    operation(words, 'query', ticket, (id) => ({ query: `${statement(id)};` }), {
      right: reads(ticket),
      holds: (t, { body }, { oracle }) => t.match(rowsAt(body, 'result'), [oracle.shown(ticket)]),
    }),
    ...tested.among('HelpDesk').map((record) =>
      operation(words, 'revise', record, revised, {
        right: words.writes(record, ['HelpDesk']),
        holds: async (t) => t.match(await stored(admin, tested.id(record)), { ticket_title: 'revised' }),
      }),
    ),
    ...tested.among('Invoice').map((record) =>
      operation(words, 'delete', record, (id) => ({ id }), {
        right: words.writes(record, ['Invoice']),
        holds: async (t) => t.same(await stored(admin, tested.id(record)), {}),
      }),
    ),
  ]
}
