/** A contact and its coreBOS in memory, for unit tests of writes: it holds records, and what was sent to it. */
import { Readable } from 'node:stream'
import type { AuditLine, Reader, WriteBy, WriteContext, Writer } from '../../src/access/context.ts'
import type { BusinessAction } from '../../src/model/business-action.ts'
import type { CheckedValues } from '../../src/model/checked-values.ts'
import type { Contact } from '../../src/model/contact.ts'
import type { DocumentFile } from '../../src/model/document-file.ts'
import { FormFile } from '../../src/model/form-file.ts'
import { FieldLengths } from '../../src/model/lengths.ts'
import type { ModuleShape } from '../../src/model/module.ts'
import { parseId } from '../../src/model/webservice-id.ts'
import { builtinPolicy } from '../../src/policy/builtin.ts'
import { Policy } from '../../src/policy/policy.ts'
import type { PolicySource } from '../../src/policy/schema.ts'
import { ownerIdsWithoutLookup } from '../../src/scope/owner-ids.ts'
import type { Row } from '../../src/scope/verify.ts'
import { VisibleModules, type ModuleView } from '../../src/scope/view.ts'
import { unused } from './reading.ts'
import { moduleOf, modulesOf, person } from './shapes.ts'

const document = [
  'notes_title',
  'notecontent',
  'filename:file',
  'filelocationtype',
  'filestatus:boolean',
  'filesize:integer',
  'filetype',
  'assigned_user_id:owner',
  'created_user_id',
]

export const standardModules: readonly ModuleShape[] = [
  moduleOf('Accounts', '11', 'accountname', 'phone'),
  moduleOf('Contacts', '12', 'lastname', 'phone', 'account_id:>Accounts'),
  moduleOf(
    'HelpDesk',
    '17',
    'ticket_title',
    'description',
    'ticketstatus',
    'parent_id:>Contacts,Accounts',
    'product_id:>Products',
    'assigned_user_id:owner',
  ),
  moduleOf('Project', '33', 'projectname', 'linktoaccountscontacts:>Contacts,Accounts'),
  moduleOf('Documents', '15', ...document),
  moduleOf('ModComments', '28', 'commentcontent', 'related_to:>HelpDesk,Project', 'assigned_user_id:owner'),
  moduleOf('Products', '14', 'productname', 'discontinued'),
  moduleOf('Faq', '3', 'question', 'faqstatus'),
]

/** The contact 12x1 of the account 11x1. */
const alice = person('account', 'Contacts', '11x1')

export interface WritingParts {
  readonly contact?: Contact
  readonly policy?: PolicySource
  readonly modules?: readonly ModuleShape[]
  /** The records of coreBOS, each with its `id`. */
  readonly records?: readonly Row[]
  /** For each record, such as `12x1 → Documents`, the related ids. */
  readonly related?: Readonly<Record<string, readonly string[]>>
  /** The buttons beside every record. */
  readonly actions?: readonly BusinessAction[]
}

/**
 * It answers a statement with every record of the module, or with those that the statement names by id, and ignores
 * all other conditions: what the contact may not see, the gateway has to withhold.
 */
export class Writing {
  readonly author: WriteContext
  readonly records: Map<string, Row>
  /** Such as `contact: revise 17x1 {"ticket_title":"b"}`. */
  readonly sent: string[] = []
  readonly audited: AuditLine[] = []
  /** The modules whose cached answers were invalidated; `all` for any. */
  readonly outdated: (readonly string[] | 'all')[] = []
  readonly learnt = new Map<string, number>()
  /** What coreBOS answers to the next write, in place of doing it. */
  failure: Error | undefined
  /** What answers the reads that follow a write. */
  failureAfterwards: Error | undefined
  /** What coreBOS makes of values that it stores. */
  storing: (values: Row) => Row = (values) => values
  #isOutdated = false

  constructor({
    contact = alice,
    policy = builtinPolicy,
    modules = standardModules,
    records = [],
    related = {},
    actions = [],
  }: WritingParts = {}) {
    this.records = new Map(records.map((row) => [row['id'] ?? '', row]))
    this.author = {
      visible: new VisibleModules(contact, new Policy(policy), modulesOf(modules), true),
      reader: this.#reader(modules, related, actions),
      writer: this.#writer(),
      wording: { userNames: unused, currencyCodes: unused, labels: unused, moduleLabels: unused },
      language: undefined,
      lengths: new FieldLengths((learnt) => {
        for (const [name, length] of learnt) this.learnt.set(name, length)
      }),
      ownerIds: async (level) =>
        ownerIdsWithoutLookup(contact, level) ?? { contacts: ['12x1', '12x2'], accounts: ['11x1'] },
      remember: async (_key, _modules, load) => load(),
      keeping: undefined,
      withheld: () => undefined,
      audit: (line) => this.audited.push(line),
      changed: async (names) => {
        this.outdated.push(names ?? 'all')
        this.#isOutdated = true
        return this.author
      },
    }
  }

  view(module: string): ModuleView {
    return this.author.visible.require(module)
  }

  #reader(
    modules: readonly ModuleShape[],
    related: NonNullable<WritingParts['related']>,
    actions: readonly BusinessAction[],
  ): Reader {
    return {
      query: async ({ text }) => {
        if (this.#isOutdated && this.failureAfterwards !== undefined) throw this.failureAfterwards
        const [, name = ''] = / from (\w+)/.exec(text) ?? []
        const prefix = modules.find((each) => each.name === name)?.idPrefix ?? ''
        const conditions = [...text.matchAll(/(?<!\w)id(?:=| in )('[^']*'|\([^)]*\))/g)]
        const named = conditions.flatMap(([, ids = '']) => ids.replace(/[()']/g, '').split(','))
        const rows = [...this.records.values()].filter(({ id = '' }) =>
          conditions.length === 0 ? id.startsWith(`${prefix}x`) : named.includes(id),
        )
        return { rows, totalRows: rows.length }
      },
      relatedIds: async ({ text }, _parentModule, module) => related[`${text} → ${module}`] ?? [],
      comments: undefined,
      idOfUuid: unused,
      lines: unused,
      pricedLines: unused,
      attachment: unused,
      printed: unused,
      actions: async () => actions,
    }
  }

  #writer(): Writer {
    return {
      create: async (values, relations, by, file) => {
        const parts = [values.module, ...relations.map(({ text }) => text)]
        await this.#send(by, 'create', parts.join(' '), values, file)
        const id = parseId(`${values.idPrefix}x99`)
        if (id === undefined) throw new Error('an id has a prefix and a number')
        this.#store(id.text, values)
        return id
      },
      revise: async ({ text }, values, by) => {
        await this.#send(by, 'revise', text, values)
        this.#store(text, values)
      },
      replaceFile: async ({ text }, values, by, file) => {
        await this.#send(by, 'replaceFile', text, values, file)
        this.#store(text, values)
      },
      remove: async ({ text }, by) => {
        await this.#send(by, 'remove', text)
        this.records.delete(text)
      },
      relate: async (id, other, by) => this.#send(by, 'relate', `${id.text} ${other.text}`),
      unrelate: async (id, other, by) => this.#send(by, 'unrelate', `${id.text} ${other.text}`),
      act: async (action, { text }, by) => {
        await this.#send(by, `act ${action}`, text)
        return 'done'
      },
      addComment: async ({ text }, content, speaker, by) => {
        await this.#send(by, 'addComment', `${text} by ${speaker?.text ?? 'nobody'}: ${content}`)
        return '2026-01-01 00:00:00'
      },
    }
  }

  async #send(by: WriteBy, operation: string, what: string, values?: CheckedValues, file?: DocumentFile) {
    const { failure } = this
    this.failure = undefined
    const parts = [
      `${by}: ${operation} ${what}`,
      ...(values === undefined ? [] : [JSON.stringify(values.values)]),
      ...(file === undefined ? [] : [file.name]),
    ]
    this.sent.push(parts.join(' '))
    if (failure !== undefined) throw failure
  }

  #store(id: string, { values }: CheckedValues): void {
    this.records.set(id, { ...this.records.get(id), id, ...this.storing(values) })
  }
}

export async function textFile(name: string): Promise<DocumentFile> {
  return { name, mediaType: 'text/plain', content: await FormFile.read(Readable.from([Buffer.from('x')])) }
}
