/** The context of one request: what the contact may see, and how coreBOS is read and written for it. */
import type { Attachment, PricedLine } from '../corebos/read.ts'
import type { BusinessAction } from '../model/business-action.ts'
import type { CheckedValues } from '../model/checked-values.ts'
import type { ClearedId } from '../model/cleared-id.ts'
import type { Level } from '../model/contact.ts'
import type { DocumentFile } from '../model/document-file.ts'
import type { FieldLengths } from '../model/lengths.ts'
import type { InventoryLine } from '../model/inventory-line.ts'
import type { RecordUuid } from '../model/record-uuid.ts'
import type { SendableQuery } from '../model/sendable-query.ts'
import type { WebserviceId } from '../model/webservice-id.ts'
import type { OwnerIds } from '../scope/owner-ids.ts'
import type { Row, WithheldRow } from '../scope/verify.ts'
import type { VisibleModules } from '../scope/view.ts'
import type { Asked } from './kept-answers.ts'
import type { Provenance } from './provenance.ts'
import type { Wording } from './wording.ts'

export type { Attachment, PricedLine } from '../corebos/read.ts'

export type ReadBy = 'contact' | 'service' | 'service-preferred'

/** Reads from coreBOS on behalf of one contact, through its own coreBOS session or the service user's. */
export interface Reader {
  /** @param bypassCache does not use rows that other requests have read */
  query(
    statement: SendableQuery,
    by: ReadBy,
    bypassCache?: 'bypassCache',
  ): Promise<{ readonly rows: readonly Row[]; readonly totalRows: number | undefined }>
  /** The id of the record with this uuid, unchecked; undefined if coreBOS shows none. */
  idOfUuid(uuid: RecordUuid, by: ReadBy): Promise<string | undefined>
  /** The webservice ids of the records of `module` that are related to a record of `parentModule`. */
  relatedIds(parent: ClearedId, parentModule: string, module: string, by: ReadBy): Promise<readonly string[]>
  /**
   * The comments on a record from coreBOS's related list, unchecked. Undefined if no session of the gateway can read
   * them.
   */
  readonly comments: ((parent: ClearedId, parentModule: string) => Promise<readonly Row[]>) | undefined
  /** The lines of an inventory record in their order, unchecked. */
  lines(record: ClearedId, module: string, by: ReadBy): Promise<readonly InventoryLine[]>
  /** The lines of an inventory record from `retrieve`, under `pdoInformation`. */
  pricedLines(record: ClearedId, by: ReadBy): Promise<readonly PricedLine[]>
  /** The file of a document; undefined if it has none in coreBOS. */
  attachment(document: ClearedId, by: ReadBy): Promise<Attachment | undefined>
  /** A record as PDF; undefined if coreBOS does not create PDFs of its module. */
  printed(id: ClearedId, by: ReadBy): Promise<Buffer | undefined>
  /** The links and buttons that coreBOS shows beside a record of `module`. */
  actions(id: ClearedId, module: string, by: ReadBy): Promise<readonly BusinessAction[]>
}

/** The caller, and its access to coreBOS for reading. */
export interface ReadContext {
  readonly visible: VisibleModules
  readonly reader: Reader
  readonly wording: Wording
  /** The language of labels, as coreBOS names it; undefined: that of the CRM user. */
  readonly language: string | undefined
  /** The ids that ties are compared with at a level. */
  ownerIds(level: Level): Promise<OwnerIds>
  /** Ids that make up a scope, as long as they may be cached. @param modules the modules from which they are read */
  remember(
    key: string,
    modules: readonly string[],
    load: () => Promise<readonly string[]>,
  ): Promise<readonly string[]>
  /** What answers are kept under, and what one that is made in this context rests on so far. Absent: none may be kept. */
  readonly keeping: (Asked & { readonly provenance: Provenance }) | undefined
  /** Reports rows that coreBOS answered and the rule does not let through; in normal operation there are none. */
  withheld(rows: readonly WithheldRow[], rule: string): void
}

export type WriteBy = 'contact' | 'service'

/** Writes to coreBOS on behalf of one contact, in its own coreBOS session or the service user's. */
export interface Writer {
  create(
    values: CheckedValues,
    relations: readonly ClearedId[],
    by: WriteBy,
    file?: DocumentFile,
  ): Promise<WebserviceId>
  revise(id: ClearedId, values: CheckedValues, by: WriteBy): Promise<void>
  /** @param values all writable values of the document */
  replaceFile(id: ClearedId, values: CheckedValues, by: WriteBy, file: DocumentFile): Promise<void>
  remove(id: ClearedId, by: WriteBy): Promise<void>
  relate(id: ClearedId, other: ClearedId, by: WriteBy): Promise<void>
  unrelate(id: ClearedId, other: ClearedId, by: WriteBy): Promise<void>
  /** @param action its record number. @returns the text that the action returns */
  act(action: string, id: ClearedId, by: WriteBy): Promise<string>
  /** @returns the time of the comment, `YYYY-MM-DD hh:mm:ss` in UTC */
  addComment(id: ClearedId, text: string, author: ClearedId | undefined, by: WriteBy): Promise<string>
}

/** The kind of a write: to a record, a relation, a comment, a business action, or the contact's password. */
export type WriteOperation =
  'create' | 'update' | 'delete' | 'relate' | 'unrelate' | 'comment' | 'action' | 'password'

/** The logged facts of every write, including rejected ones. They never include a value. */
export interface AuditLine {
  readonly operation: WriteOperation
  /** The name of a business action. */
  readonly action?: string
  readonly module: string | undefined
  readonly ids: readonly string[]
  /** The rule of the policy that the write was checked against. */
  readonly rule: string | undefined
  /** `ok`, `unchanged`, or the code of the error. */
  readonly outcome: string
  /** Fields in which coreBOS stored another value than was written, including forced values. */
  readonly storedOtherwise?: readonly string[]
}

export interface Auditor {
  /** @param line entries of its ids that are not ids are left out */
  audit(line: AuditLine): void
}

/** The context of a request that may write. */
export interface WriteContext extends ReadContext, Auditor {
  readonly writer: Writer
  /** The lengths of texts that coreBOS stores, as far as this instance knows. */
  readonly lengths: FieldLengths
  /**
   * Must be called when something was or may have been written: cached answers about it are invalidated.
   *
   * @param modules those of the written records; related modules that coreBOS changes with them are added. Absent:
   *   all.
   */
  changed(modules?: readonly string[]): Promise<ReadContext>
}
