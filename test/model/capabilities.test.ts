/** States what the three capability types guarantee: the compiler rejects each use below, and it rejects this file where one compiles. */
/* eslint-disable @typescript-eslint/no-unsafe-class-instance-assignment, @typescript-eslint/no-misused-spread --
   the compiler alone must reject these uses */
import t from 'tap'
import { businessActions, detailViewActions } from '../../src/corebos/actions.ts'
import type { Caller } from '../../src/corebos/caller.ts'
import { printed, recordImages } from '../../src/corebos/files.ts'
import { query, relatedRecords, retrieve, retrieveAttachment } from '../../src/corebos/read.ts'
import * as write from '../../src/corebos/write.ts'
import { CheckedValues } from '../../src/model/checked-values.ts'
import { ClearedId } from '../../src/model/cleared-id.ts'
import { SendableQuery } from '../../src/model/sendable-query.ts'
import type { FoundRecord } from '../../src/read/send.ts'

const statement = 'select user_name,accesskey from Users;'
const id = '12x1'

/** Statements, ids and values that have the members of a capability, but were not made by the code that proves them. */
const lookAlikes = {
  query: { text: statement, dialect: 'basic' },
  id: { text: id, prefix: '12' },
  values: { module: 'Contacts', idPrefix: '12', values: { lastname: 'x' } },
} as const

/** Checked by the compiler and never called. */
export const rejectedByTheCompiler = {
  constructors: () => {
    // @ts-expect-error: the constructor is private
    new SendableQuery(statement, 'basic')
    // @ts-expect-error: the constructor is private
    new ClearedId({ text: id, prefix: '12', number: '1' })
    // @ts-expect-error: the constructor is private
    new CheckedValues({}, {})
  },

  strings: () => {
    // @ts-expect-error: a text is not a sendable query
    const sendable: SendableQuery = statement
    // @ts-expect-error: a text is not a cleared id
    const cleared: ClearedId = id
    // @ts-expect-error: an object is not checked values
    const checked: CheckedValues = { lastname: 'x' }
    return [sendable, cleared, checked]
  },

  lookAlikes: () => {
    // @ts-expect-error: the type has a private member
    const sendable: SendableQuery = lookAlikes.query
    // @ts-expect-error: the type has a private member
    const cleared: ClearedId = lookAlikes.id
    // @ts-expect-error: the type has a private member
    const checked: CheckedValues = lookAlikes.values
    return [sendable, cleared, checked]
  },

  copies: (sendable: SendableQuery, cleared: ClearedId, checked: CheckedValues) => {
    // @ts-expect-error: a copy lacks the private member
    const sendableCopy: SendableQuery = { ...sendable, text: statement }
    // @ts-expect-error: a copy lacks the private member
    const clearedCopy: ClearedId = { ...cleared, text: id, prefix: '12' }
    // @ts-expect-error: a copy lacks the private member
    const checkedCopy: CheckedValues = { ...checked, module: 'Contacts', idPrefix: '12', values: {} }
    return [sendableCopy, clearedCopy, checkedCopy]
  },

  exchanges: (sendable: SendableQuery, cleared: ClearedId, checked: CheckedValues) => {
    // @ts-expect-error: one capability does not stand for another
    const one: ClearedId = sendable
    // @ts-expect-error: one capability does not stand for another
    const two: CheckedValues = cleared
    // @ts-expect-error: one capability does not stand for another
    const three: SendableQuery = checked
    return [one, two, three]
  },

  changes: (sendable: SendableQuery, cleared: ClearedId, checked: CheckedValues) => {
    // @ts-expect-error: the text has only a getter
    sendable.text = statement
    // @ts-expect-error: the text has only a getter
    cleared.text = id
    // @ts-expect-error: the values are read-only
    checked.values['lastname'] = 'x'
  },

  records: () => {
    // @ts-expect-error: a row with an id is not a found record
    const found: FoundRecord = { id, row: { id } }
    return found
  },

  reads: async (caller: Caller) => {
    // @ts-expect-error: coreBOS receives no text as a statement
    await query(caller, statement)
    // @ts-expect-error: coreBOS receives no look-alike as a statement
    await query(caller, lookAlikes.query)
    // @ts-expect-error: coreBOS receives no text as an id
    await retrieve(caller, id)
    // @ts-expect-error: coreBOS receives no text as an id
    await relatedRecords(caller, { id, module: 'Contacts', relatedModule: 'HelpDesk' })
    // @ts-expect-error: coreBOS receives no text as an id
    await retrieveAttachment(caller, id)
    // @ts-expect-error: coreBOS receives no text as an id
    await printed(caller, id)
    // @ts-expect-error: coreBOS receives no text as an id
    await recordImages(caller, id)
    // @ts-expect-error: coreBOS receives no text as an id
    await detailViewActions(caller, id, 'HelpDesk')
    // @ts-expect-error: coreBOS receives no text as an id
    await businessActions(caller, id, { module: 'HelpDesk', view: 'DetailView', type: 'x' })
  },

  writes: async (caller: Caller, cleared: ClearedId, checked: CheckedValues) => {
    // @ts-expect-error: coreBOS receives no unchecked values
    await write.create(caller, lookAlikes.values)
    // @ts-expect-error: coreBOS receives no text as an id
    await write.create(caller, checked, [id])
    // @ts-expect-error: coreBOS receives no text as an id
    await write.revise(caller, id, checked)
    // @ts-expect-error: coreBOS receives no unchecked values
    await write.revise(caller, cleared, { lastname: 'x' })
    // @ts-expect-error: coreBOS receives no text as an id
    await write.remove(caller, id)
    // @ts-expect-error: coreBOS receives no text as an id
    await write.relate(caller, cleared, id)
    // @ts-expect-error: coreBOS receives no text as an id
    await write.unrelate(caller, id, cleared)
    // @ts-expect-error: coreBOS receives no text as an id
    await write.act(caller, '1', id)
    // @ts-expect-error: coreBOS receives no text as an id
    await write.addComment(caller, id, 'text', undefined)
  },
}

t.test('a look-alike that the compiler was made to accept has nothing to send', (t) => {
  for (const [{ prototype }, members, lookAlike] of [
    [SendableQuery, ['text'], lookAlikes.query],
    [ClearedId, ['text', 'prefix'], lookAlikes.id],
    [CheckedValues, ['module', 'idPrefix', 'values'], lookAlikes.values],
  ] as const) {
    const copy: object = Object.assign(Object.create(prototype) as object, {})
    for (const member of members) {
      t.throws(() => void Reflect.get(copy, member), TypeError, `${member} of a copy`)
      t.throws(() => void Reflect.get(prototype, member, lookAlike), TypeError, `${member} of a look-alike`)
    }
  }
  t.end()
})
