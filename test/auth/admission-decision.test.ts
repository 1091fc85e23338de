/** The decision whether a contact with a right password is admitted. */
import t from 'tap'
import { decideAdmission, type AdmissionFacts } from '../../src/auth/admission-decision.ts'
import type { Identity } from '../../src/corebos/trusted.ts'

const today = '2026-06-15'
const record: Identity = {
  id: '12x1084',
  accountId: '11x74',
  name: 'alice@example.com',
  portal: true,
  supportStart: '2026-01-01',
  supportEnd: '2026-12-31',
  passwordType: 'md5',
  userId: '19x5',
  language: 'en_us',
  level: '',
}

const rejections: readonly (readonly [string, AdmissionFacts, string])[] = [
  ['without a record', { record: undefined }, 'unreadable'],
  ['whose CRM user leads to no contact', { record: 'unmapped' }, 'unmapped'],
  ['whom coreBOS takes for another contact', { record, namedId: '12x1085' }, 'mismatch'],
  ['whose portal access is off', { record: { ...record, portal: false } }, 'portal-off'],
  ['whose support is over', { record: { ...record, supportEnd: '2026-06-14' } }, 'support'],
  ['whose support has not begun', { record: { ...record, supportStart: '2026-06-16' } }, 'support'],
  ['whose support has no beginning', { record: { ...record, supportStart: '' } }, 'support'],
  ['whose support has no end', { record: { ...record, supportEnd: '' } }, 'support'],
  ['whose session is that of an administrator', { record, administrator: true }, 'administrator'],
  ['whose CRM user belongs to another contact', { record, mapped: false }, 'unmapped'],
]

t.test('a contact is let in where every rule holds', async (t) => {
  const admitted = { identity: record }
  t.strictSame(decideAdmission({ record }, today), admitted)
  const facts = { record, namedId: record.id, administrator: false, mapped: true }
  t.strictSame(decideAdmission(facts, today), admitted)
  for (const day of [record.supportStart, record.supportEnd])
    t.strictSame(decideAdmission({ record }, day), admitted, 'the first and the last day count')
})

t.test('a contact is rejected', async (t) => {
  for (const [who, facts, rejected] of rejections)
    t.strictSame(decideAdmission(facts, today), { rejected }, who)
})

t.test(
  'a contact that is off is off in all its sessions, also where one session fails another rule',
  async (t) => {
    const off = { ...record, portal: false }
    t.strictSame(decideAdmission({ record: off, administrator: true, mapped: false }, today), {
      rejected: 'portal-off',
    })
  },
)
