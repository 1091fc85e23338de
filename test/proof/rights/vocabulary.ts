/** The words in which the rows of the table of rights are written, for one running portal. */
import { FormData } from 'undici'
import type { CrmRecord } from '../../../src/demo/database.ts'
import { inJson } from '../../support/json-types.ts'
import { difference } from '../../support/oracle.ts'
import { related, stored, type Answer } from '../../support/portal.ts'
import { rowsAt, textAt } from '../../support/webservice-client.ts'
import type { OneMoreSession, PortalUnderTest } from './portal-under-test.ts'
import type { Holds, ReadContext, Rights } from './row.ts'

export function upload(fields: Readonly<Record<string, string>>): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  form.append('file', new File(['what was uploaded'], 'note.txt', { type: 'text/plain' }))
  return form
}

/** What a record is called by, of modules in which a change is tried. */
export const titles: Readonly<Record<string, string>> = {
  HelpDesk: 'ticket_title',
  Contacts: 'phone',
  Documents: 'notes_title',
  Invoice: 'subject',
  Accounts: 'accountname',
  Project: 'projectname',
  Products: 'productname',
}

/** The query for one ticket. */
export const statement = (id: string) => `select * from HelpDesk where id = '${id}'`

/** The texts of one field in a list of an answer. */
export function named(answer: Answer, list: string, name = 'name'): string[] {
  return rowsAt(answer.body, list).map((row) => textAt(row, name))
}

/** What several rows are about. */
interface Subjects {
  /** A ticket and a document of alice's own. */
  readonly ticket: CrmRecord
  readonly document: CrmRecord
  /** A document that alice has uploaded. */
  readonly uploaded: CrmRecord
  /** Two more sessions of alice's. */
  readonly second: OneMoreSession
  readonly third: OneMoreSession
}

export class Vocabulary {
  readonly tested: PortalUnderTest
  readonly subjects: Subjects

  private constructor(tested: PortalUnderTest, subjects: Subjects) {
    this.tested = tested
    this.subjects = subjects
  }

  /** Uploads a document and logs alice in twice. */
  static async prepare(tested: PortalUnderTest): Promise<Vocabulary> {
    const { portal, alice } = tested
    // Before the upload: that document is hers as well.
    const [ticket, document] = [tested.the('HelpDesk'), tested.the('Documents')]
    const { body } = await portal.as('alice', 'POST', '/documents', { body: upload({}) })
    const uploaded = tested.record(body.id)
    const [second, third] = [await tested.login(alice), await tested.login(alice)]
    return new Vocabulary(tested, { ticket, document, uploaded, second, third })
  }

  /** A row about a record, and about one of its module that is not there. */
  about(record: CrmRecord) {
    const { database } = this.tested
    return {
      about: database.webserviceId(record),
      absent: `${database.module(record.module)?.prefix ?? ''}x999999`,
    }
  }

  /** A record is changed by the contact whose own it is, in modules that are open to changes. */
  writes(record: CrmRecord, open: readonly string[]): Rights {
    return ({ oracle, own }) => {
      if (!open.includes(record.module)) return 'NOT_WRITABLE'
      if (!oracle.sees(record)) return 'absent'
      // Documents that the staff has put there are not the contact's to change.
      const isMade = record.module !== 'Documents' || record === this.subjects.uploaded
      return isMade && own.sees(record) ? 'done' : 'NOT_WRITABLE'
    }
  }

  /** The answer is the record, as its receiver sees it. */
  readonly shows: Holds = (t, { body }, { oracle }) => {
    const record = this.tested.record(body.id)
    t.same(body, inJson(oracle.shown(record), record.module, this.tested.database))
  }

  /** The answer holds the rows of a statement that its receiver sees. */
  finds(query: string): Holds {
    const module = / from (\w+)/i.exec(query)?.[1] ?? ''
    return (t, { body }, { oracle }) => {
      const records = rowsAt(body, 'records')
      const { total = records.length } = body
      const expected = oracle.answer(query)
      const rows = expected.rows.map((row) => inJson(row, module, this.tested.database))
      t.equal(difference({ records, total: Number(total) }, { ...expected, rows }), undefined)
    }
  }

  /** What was written is shown, and the administrator reads the same. */
  writesDown(field: string, value: string): Holds {
    return async (t, answer, context) => {
      this.shows(t, answer, context)
      const record = await stored(this.tested.portal.admin, answer.body.id ?? '')
      t.match(record, { [field]: new RegExp(`^${value}`) })
    }
  }

  /** The values of a field of what is related to a record, as the administrator reads them. */
  async relatedBy(record: CrmRecord, module: string, field: string) {
    const { portal, database } = this.tested
    const rows = await related(portal.admin, database.webserviceId(record), record.module, module)
    return rows.map((row) => row[field])
  }

  fileOf({ number }: CrmRecord): string | undefined {
    return this.tested.database.attachments.get(number)?.at(-1)?.content.toString()
  }

  /** A ticket of each contact's own. */
  readonly ownTicket = ({ own }: ReadContext): CrmRecord => own.visible('HelpDesk')[0] ?? this.subjects.ticket
}
