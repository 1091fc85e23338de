/** Every way in, and the requests that are put through it. */
import type { Attempt } from './attempt.ts'
import { pickPresentation } from './display.ts'
import * as hostile from './hostile.ts'
import { openModules } from './scope.ts'
import { aggregate, pickFilters, pickNamedExpansion, pickSort } from './lists.ts'
import { pickExpansion, pickModule, pickPath, type Maker } from './pick.ts'
import { Random } from './random.ts'
import { spoil } from './spoil.ts'
import { makeStatement, type Statement } from './statement.ts'

export interface Access {
  readonly name: string
  /** A request that tells whether there is such a route. */
  readonly probe: string
  /** How often it is tried, beside the others. */
  readonly weight: number
  /** One request, or several that come one after the other. */
  readonly make: (maker: Maker) => Attempt | readonly Attempt[]
}

type Draft = Pick<Attempt, 'label' | 'path' | 'text'> & Partial<Attempt>

export function attempt(draft: Draft): Attempt {
  return {
    answerKind: 'other',
    writes: false,
    method: 'GET',
    headers: {},
    body: undefined,
    modules: [],
    closed: undefined,
    secret: undefined,
    meaning: undefined,
    ...draft,
  }
}

const percent = (text: string): string => encodeURIComponent(text.toWellFormed())

/** Further parameters of a URL with their values. */
function presented({ random }: Maker): { readonly query: string; readonly said: string } {
  const parameters = pickPresentation(random)
  return {
    query: parameters.map(([name, value]) => `&${name}=${percent(value)}`).join(''),
    said: parameters.map(([, value]) => ` ${value}`).join(''),
  }
}

/** A statement as it was made, or broken. */
export interface Said {
  readonly text: string
  readonly statement: Statement
  readonly spoiled: boolean
}

export function say(maker: Maker): Said {
  const statement = makeStatement(maker)
  const spoiled = maker.random.chance(0.35)
  return { statement, spoiled, text: spoiled ? spoil(statement.text, maker.random) : statement.text }
}

/** What is known of a statement's answer; of a broken one that it is of the modules it names. */
export function known({ statement, spoiled, text }: Said): Pick<Attempt, 'modules' | 'closed' | 'meaning'> {
  if (!spoiled) return { modules: [statement.module], closed: statement.closed, meaning: statement.meaning }
  const modules = [...text.matchAll(/\bfrom[^A-Za-z]+([A-Za-z_]+)/gi)].map(([, name]) => name ?? '')
  return { modules: [statement.module, ...modules], closed: undefined, meaning: undefined }
}

const labelOf = ({ statement, spoiled }: Said): string =>
  `${spoiled ? 'a broken ' : 'a '}${statement.form} statement (${statement.selection})`

function json(path: string, body: unknown): Pick<Attempt, 'method' | 'path' | 'headers' | 'body'> {
  return { method: 'POST', path, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

function getQuery(maker: Maker): Attempt {
  const said = say(maker)
  const more = presented(maker)
  const path = `/query?q=${percent(said.text)}${more.query}`
  return attempt({
    ...known(said),
    answerKind: 'rows',
    label: `GET /query: ${labelOf(said)}`,
    path,
    text: said.text + more.said,
  })
}

/** Any statement by POST. */
export function postQuery(label: string, text: string, facts: Partial<Attempt> = {}): Attempt {
  return attempt({ ...facts, ...json('/query', { query: text }), answerKind: 'rows', label, text })
}

function postStatement(maker: Maker): Attempt {
  const said = say(maker)
  return postQuery(`POST /query: ${labelOf(said)}`, said.text, known(said))
}

/** The same statement with other values: the gateway answers the later ones from what it remembers of the first. */
function postAgain(maker: Maker): readonly Attempt[] {
  const [shape, values] = [maker.random.below(2 ** 31), maker.random.below(2 ** 31)]
  return [0, 1, 2].map((number) => {
    const statement = makeStatement({
      ...maker,
      random: new Random(shape, 0),
      values: new Random(values, number),
    })
    const said = { statement, spoiled: false, text: statement.text }
    return postQuery(`POST /query again: ${labelOf(said)}`, said.text, known(said))
  })
}

function explain(maker: Maker): Attempt {
  const said = say(maker)
  const request = json('/query/explain', { query: said.text })
  return attempt({ ...request, label: `POST /query/explain: ${labelOf(said)}`, text: said.text })
}

function listRecords(maker: Maker): Attempt {
  const { random } = maker
  const statement = makeStatement(maker)
  const { module, select, selection, where, orderBy, offset, limit } = statement
  const listed = selection === 'fields' ? select : undefined
  const broken = random.chance(0.3)
  const maybe = (text: string | undefined): string | undefined =>
    text !== undefined && broken && random.chance(0.6) ? spoil(text, random) : text
  // JSON conditions belong to statements alone.
  const isList = statement.form !== 'json'
  const parameters: [string, string | undefined][] = [
    ['fields', maybe(listed)],
    ['where', isList ? maybe(where) : undefined],
    ['orderBy', maybe(orderBy)],
    ['limit', limit === undefined ? undefined : String(limit)],
    ['offset', offset === 0 ? undefined : String(offset)],
    ['count', random.chance(0.6) ? 'true' : undefined],
    ['expand', expansionOf(maker, module)],
  ]
  const extra = random.chance(0.35)
    ? [pickFilters(maker, module), ...(orderBy === undefined ? [pickSort(maker, module)] : [])]
    : []
  const given = [
    ...parameters.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
    ...extra.flatMap((each) => each.given),
    ...pickPresentation(random),
  ]
  if (random.chance(0.03))
    given.push([random.pick(['where', 'limit', 'scope', 'Fields', 'fields']), random.pick(hostile.values)])
  const query = given.map(([name, value]) => `${percent(name)}=${percent(value)}`).join('&')
  const asIs =
    !broken &&
    isList &&
    (selection === 'fields' || selection === 'all') &&
    given.every(([name]) => name !== 'expand')
  return attempt({
    answerKind: 'rows',
    label: `GET /modules/:module/records: ${broken ? 'broken ' : ''}parameters (${statement.form})`,
    path: `/modules/${percent(module)}/records?${query}`,
    text: `${module} ${given.flat().join(' ')}`,
    modules: [module],
    closed: asIs ? (statement.closed ?? extra.find(({ closed }) => closed !== undefined)?.closed) : undefined,
    meaning:
      asIs && extra.length === 0 && new Set(given.map(([name]) => name)).size === given.length
        ? statement.meaning
        : undefined,
  })
}

function expansionOf(maker: Maker, name: string): string | undefined {
  const { random, world } = maker
  if (random.chance(0.9)) return undefined
  return random.chance(0.4) ? pickNamedExpansion(maker, name) : pickExpansion(maker, world.modules.get(name))
}

/** An id of this contact, of another contact, of another kind, or none. */
export function pickId({ random, world, scope }: Maker): string {
  return random.weighted<() => string>([
    [6, () => random.pick([...world.records.keys()])],
    [
      2,
      () => random.pick([...scope.of(random.pick(['HelpDesk', 'Contacts', 'Products'])), { id: '12x1' }]).id,
    ],
    [1, () => `${random.below(64)}x${8500 + random.below(400)}`],
    [
      1,
      () =>
        random.pick([
          '19x1',
          '12x0',
          '017x8625',
          '17x08625',
          '17x8625 ',
          "17x8625'",
          '17X8625',
          '17x8625x1',
          '17x-1',
          '99999x99999999999',
        ]),
    ],
    [world.deleted.length, () => random.pick(world.deleted)],
  ])()
}

function oneRecord(maker: Maker): Attempt {
  const id = pickId(maker)
  const { random, world } = maker
  const module = world.modules.get(world.records.get(id)?.module ?? '')
  const { via, field } = pickPath(maker, module, 0.3)
  const more = presented(maker)
  const query = random.weighted<() => string>([
    [8, () => ''],
    [1, () => `?expand=${percent(random.pick(hostile.values))}`],
    [1, () => `?fields=${percent(via === undefined ? field : `${via}.${field}`)}`],
    [2, () => `?expand=${percent(pickExpansion(maker, module))}`],
    [3, () => `?expand=${percent(pickNamedExpansion(maker, module?.name ?? ''))}${more.query}`],
    [4, () => `?${more.query.slice(1)}`],
  ])()
  return attempt({
    answerKind: 'rows',
    label: `GET /records/:id${query === '' ? '' : ' with parameters'}`,
    path: `/records/${percent(id)}${query}`,
    text: `${id} ${query}${more.said}`,
  })
}

const below =
  (path: (maker: Maker) => string, label: string) =>
  (maker: Maker): Attempt => {
    const id = pickId(maker)
    const rest = path(maker)
    return attempt({
      label,
      path: `/records/${percent(id)}${rest}`,
      text: `${id} ${rest}`,
      modules: [...openModules],
    })
  }

function modules(maker: Maker): Attempt {
  const module = maker.random.chance(0.2) ? undefined : pickModule(maker)
  const path = module === undefined ? '/modules' : `/modules/${percent(module)}`
  return attempt({ label: 'GET /modules', path, text: module ?? '' })
}

function search(maker: Maker): Attempt {
  const { random, world } = maker
  const records = [...world.records.values()]
  const value = random.pick([...random.pick(records).values.values()])
  const q = random.chance(0.6)
    ? value
    : random.pick([...hostile.values, 'secret', 'example.com', 'ticket', '1'])
  const wanted = random.chance(0.5)
    ? `&modules=${percent(
        random
          .some([1], 1, 3)
          .map(() => pickModule(maker))
          .join(','),
      )}`
    : ''
  const more = presented(maker)
  return attempt({
    label: 'GET /search',
    path: `/search?q=${percent(q.slice(0, 200))}${wanted}${more.query}`,
    text: `${q} ${wanted}${more.said}`,
    modules: [...openModules],
  })
}

function content(maker: Maker): Attempt {
  const documents = maker.world.byModule.get('Documents') ?? []
  const id =
    documents.length > 0 && maker.random.chance(0.8) ? maker.random.pick(documents).id : pickId(maker)
  return attempt({ label: 'GET /documents/:id/content', path: `/documents/${percent(id)}/content`, text: id })
}

/** The interfaces of the gateway besides coreBOS's own protocol. */
export const routes: readonly Access[] = [
  { name: 'GET /query', probe: '/query', weight: 18, make: getQuery },
  { name: 'POST /query', probe: '/query', weight: 30, make: postStatement },
  { name: 'POST /query/explain', probe: '/query', weight: 10, make: explain },
  { name: 'GET /modules/:module/records', probe: '/modules/HelpDesk/records', weight: 22, make: listRecords },
  {
    name: 'GET /modules/:module/aggregate',
    probe: '/modules/HelpDesk/aggregate?count=true',
    weight: 6,
    make: (maker) => attempt(aggregate(maker)),
  },
  { name: 'GET /records/:id', probe: '/records/12x1', weight: 8, make: oneRecord },
  { name: 'GET /modules', probe: '/modules', weight: 2, make: modules },
  { name: 'GET /search', probe: '/search?q=a', weight: 8, make: search },
  {
    name: 'GET /records/:id/related/:other',
    probe: '/records/12x1/related/HelpDesk',
    weight: 5,
    make: below(
      (maker) => `/related/${percent(pickModule(maker))}${maker.random.chance(0.3) ? '?display=true' : ''}`,
      'GET /records/:id/related/:other',
    ),
  },
  {
    name: 'GET /records/:id/comments',
    probe: '/records/12x1/comments',
    weight: 3,
    make: below(() => '/comments', 'GET /records/:id/comments'),
  },
  {
    name: 'GET /records/:id/actions',
    probe: '/records/12x1/actions',
    weight: 1,
    make: below(() => '/actions', 'GET /records/:id/actions'),
  },
  {
    name: 'GET /records/:id/pdf',
    probe: '/records/12x1/pdf',
    weight: 1,
    make: below(() => '/pdf', 'GET /records/:id/pdf'),
  },
  { name: 'GET /documents/:id/content', probe: '/documents/15x1/content', weight: 2, make: content },
  { name: 'POST /query again', probe: '/query', weight: 6, make: postAgain },
]
