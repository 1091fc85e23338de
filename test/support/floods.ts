/** Requests that ask for more than is accepted, with what is answered. */
import { limits } from '../../src/model/limits.ts'
import type { Sent } from './portal.ts'
import type { Params } from './webservice-client.ts'

export const ticket = '17x8625'

export const times = (count: number, text: (i: number) => string, between = ','): string =>
  Array.from({ length: count }, (_, i) => text(i)).join(between)

/** `or`s of so many alternatives, and single conditions, joined by `and`. */
export function conjunction(ors: readonly number[], singles: number): string {
  const test = (i: number) => `ticket_title='${i}'`
  const parts = ors.map((width) => `(${times(width, test, ' or ')})`)
  return [...parts, ...Array.from({ length: singles }, (_, i) => test(i))].join(' and ')
}

/** The same as coreBOS's workflows have it: a group for each part. */
function inJson(ors: readonly number[], singles: number): string {
  const entry = (group: number) => ({
    fieldname: 'ticket_title',
    operation: 'is',
    value: 'x',
    joincondition: 'or',
    groupid: String(group),
    groupjoin: 'and',
  })
  return JSON.stringify(
    [...ors, ...Array.from({ length: singles }, () => 1)].flatMap((width, group) =>
      Array.from({ length: width }, () => entry(group)),
    ),
  )
}

export type Request = readonly [method: string, path: string, sent?: Sent]
export const posted = (where: string): Request => [
  'POST',
  '/query',
  { body: { query: `select id from HelpDesk where ${where}` } },
]
const listed = (name: string, value: string): Request => [
  'GET',
  `/modules/HelpDesk/records?${name}=${encodeURIComponent(value)}`,
]

export const tooLarge: readonly (readonly [what: string, request: Request, detail: RegExp])[] = [
  [
    '460 conditions in each of 1,000 terms',
    posted(conjunction([10, 10, 10], 460)),
    /463,000 conditions in 1,000 terms were received/,
  ],
  [
    '102 conditions in each of 100 terms',
    posted(conjunction([100], 102)),
    /10,300 conditions in 100 terms were received/,
  ],
  [
    'the same in a list',
    listed('where', conjunction([100], 102)),
    /10,300 conditions in 100 terms were received/,
  ],
  [
    'the same of related records',
    ['GET', `/records/11x8546/related/HelpDesk?where=${encodeURIComponent(conjunction([100], 102))}`],
    /10,400 conditions in 100 terms were received/,
  ],
  ['the same in JSON', posted(inJson([100], 102)), /10,300 conditions in 100 terms were received/],
  [
    'the same under not',
    posted(
      `not (${conjunction([100], 102).replaceAll(' or ', ' OR ').replaceAll(' and ', ' or ').replaceAll(' OR ', ' and ')})`,
    ),
    /10,300 conditions in 100 terms were received/,
  ],
  [
    'values that are left out, in each term',
    posted(`ticket_title not in (${times(500, (i) => `'${i}'`)}) and (${conjunction([5], 0)})`),
    /2,505 conditions in 5 terms were received/,
  ],
  [
    'more terms than are accepted',
    posted(conjunction([40, 40], 0)),
    /3,200 conditions in 1,600 terms were received/,
  ],
  [
    'more than can be counted',
    posted(
      conjunction(
        Array.from({ length: 60 }, () => 8),
        0,
      ),
    ),
    /more than 1,000,000,000 conditions in more than 1,000,000,000 terms/,
  ],
  ['conditions', posted(conjunction([501], 0)), /500 conditions at most; more were received/],
  ['conditions in JSON', posted(inJson([501], 0)), /500 conditions at most; 501 were received/],
  [
    'values in a list',
    posted(`ticket_title in (${times(2_001, (i) => `'${i}'`)})`),
    /2000 values in a list at most; more were received/,
  ],
  [
    'related records',
    posted(times(101, (i) => `Contacts.lastname='${i}'`, ' or ')),
    /100 look-ups at most, 101 are needed/,
  ],
  [
    'values that coreBOS would misread',
    posted(times(480, (i) => `ticket_title='${i} not in ('`, ' or ')),
    /100 look-ups at most, 480 are needed/,
  ],
  ['parentheses', posted(`${'('.repeat(60_000)}ticket_title='x'`), /a depth of 32 at most/],
  ['characters', posted(`ticket_title='${'x'.repeat(limits.text)}'`), /131072/],
  [
    'fields',
    listed(
      'fields',
      times(501, () => 'id'),
    ),
    /500 fields at most; more were received/,
  ],
  [
    'expanded fields',
    listed(
      'expand',
      times(501, () => 'parent_id'),
    ),
    /500 fields at most; more were received/,
  ],
  [
    'fields to sort by',
    listed(
      'orderBy',
      times(51, () => 'id'),
    ),
    /50 fields behind 'order by' at most; more were received/,
  ],
]

export const ids = (count: number) => times(count, (i) => `17x${i + 1}`)
const phpIds = (count: number) => `a:${count}:{${times(count, (i) => `i:${i};s:4:"17x1";`, '')}}`
const names = (count: number) => times(count, () => 'parent_id')
const objects = (count: number) => Array.from({ length: count }, () => ({ id: ticket }))
const fields = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, 'x']))
export const search = { filter: 'contains', searchinmodule: 'HelpDesk', fields: 'ticket_title', term: 'x' }

export const tooManyInParameters: readonly (readonly [operation: string, params: Params, message: RegExp])[] =
  [
    [
      'query',
      { query: `select id from HelpDesk where ${conjunction([100], 102)};` },
      /10,300 conditions in 100 terms/,
    ],
    ['getFieldAutocomplete', { ...search, fields: names(20_000) }, /'fields' holds 20,000 .* at most 500/],
    ['getFieldAutocomplete', { ...search, fields: names(60_000) }, /'fields' holds 60,000 .* at most 500/],
    [
      'getFieldAutocomplete',
      { ...search, returnfields: names(501) },
      /'returnfields' holds 501 .* at most 500/,
    ],
    [
      'getFieldAutocomplete',
      { ...search, term: 'x'.repeat(1_001) },
      /'term' holds 1,001 characters; at most 1,000/,
    ],
    [
      'getReferenceAutocomplete',
      { ...search, searchinmodules: names(20_000) },
      /'searchinmodules' holds 20,000/,
    ],
    ['getReferenceAutocomplete', { ...search, term: 'x'.repeat(1_001) }, /'term' holds 1,001 characters/],
    ...['getSearchResults', 'getSearchResultsArray', 'getSearchResultsArrayWithTotals'].flatMap(
      (operation) => [
        [operation, { query: 'x', search_onlyin: names(20_000) }, /'search_onlyin' holds 20,000/] as const,
        [operation, { query: 'x'.repeat(1_001) }, /'query' holds 1,001 characters/] as const,
      ],
    ),
    ['describe', { elementType: times(60_000, () => 'HelpDesk') }, /'elementType' holds 60,000/],
    [
      'listtypes',
      { fieldTypeList: Array.from({ length: 501 }, () => 'text') },
      /'fieldTypeList' holds 501 types/,
    ],
    [
      'gettranslation',
      { totranslate: Array.from({ length: 501 }, () => 'x'), language: 'en_us' },
      /'totranslate' holds 501 texts/,
    ],
    ['gettranslation', { totranslate: fields(501), language: 'en_us' }, /'totranslate' holds 501 texts/],
    ['MassRetrieve', { ids: ids(501) }, /'ids' holds 501 different ids; at most 500/],
    ['MassRetrieve', { ids: times(10_001, () => ticket) }, /'ids' holds 10,001 .* at most 10,000/],
    ['getReferenceValue', { id: phpIds(10_001) }, /'id' holds 10,001 ids; at most 10,000/],
    ['retrievedocattachment', { id: times(501, () => '15x8644'), returnfile: '1' }, /'id' holds 501/],
    [
      'retrievedocattachment',
      { id: times(11, (i) => `15x${i + 1}`), returnfile: '1' },
      /'id' holds 11 documents; at most 10/,
    ],
    [
      'getRelatedRecords',
      {
        id: '11x8546',
        module: 'Accounts',
        relatedModule: 'HelpDesk',
        queryParameters: { orderby: names(51) },
      },
      /50 fields behind 'order by' at most/,
    ],
    ['create', { elementType: 'HelpDesk', element: fields(501) }, /'element' holds 501 fields; at most 500/],
    [
      'create',
      { elementType: 'Documents', element: { relations: ids(51).split(',') } },
      /'relations' holds 51 ids; at most 50/,
    ],
    ['revise', { element: { id: ticket, ...fields(500) } }, /'element' holds 501 fields/],
    ['update', { element: { id: ticket, ...fields(500) } }, /'element' holds 501 fields/],
    [
      'upsert',
      { elementType: 'HelpDesk', element: { ticket_title: 'x' }, searchOn: names(501) },
      /'searchOn' holds 501/,
    ],
    [
      'ValidateInformation',
      { context: { module: 'HelpDesk', ...fields(501) } },
      /'element' holds 501 fields/,
    ],
    ['MassCreate', { elements: objects(51) }, /'elements' holds 51 records; at most 50/],
    ['MassUpdate', { elements: objects(51) }, /'elements' holds 51 records/],
    ['MassDelete', { ids: ids(51) }, /'ids' holds 51 records/],
    ['MassDelete', { ids: times(20_000, () => ticket) }, /'ids' holds 20,000/],
    [
      'SetRelation',
      { relate_this_id: ticket, with_these_ids: ids(51).split(',') },
      /'with_these_ids' holds 51 records/,
    ],
    [
      'UnsetRelation',
      { unrelate_this_id: ticket, with_these_ids: ids(51).split(',') },
      /'with_these_ids' holds 51 records/,
    ],
  ]
