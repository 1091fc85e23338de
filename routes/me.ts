/** The facts that a page needs about its user: contact, account, rights, language, formats and limits. */
import { Type, type Static } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Config } from '../src/config/config.ts'
import { levels } from '../src/model/contact.ts'
import { limits } from '../src/model/limits.ts'
import type { Rate } from '../src/model/rate.ts'
import { Conditional, taggedAnswer, WebserviceId } from '../src/http/schemas.ts'
import { loginsByAddress } from '../src/auth/login-limits.ts'
import { me } from '../src/records/me.ts'
import { Rights, rightsOf } from '../src/write/rights.ts'

const nullable = (description: string) => Type.Union([Type.String(), Type.Null()], { description })
const RateView = Type.Object(
  {
    name: Type.Union([Type.Literal('address'), Type.Literal('contact'), Type.Literal('login')], {
      description: 'The name of the limit in the header `RateLimit`',
    }),
    max: Type.Integer({ description: 'Requests in a window' }),
    seconds: Type.Integer({ description: 'Length of the window' }),
  },
  { title: 'RateLimit' },
)

const Me = Type.Object(
  {
    contact: Type.Object({
      id: WebserviceId,
      entity: Type.Union([Type.Literal('Contacts'), Type.Literal('Employee')]),
      name: nullable('First and last name, or the name of an employee; null if the policy shows none'),
      firstName: nullable('Null if empty or not readable'),
      lastName: nullable('Null if empty or not readable'),
      email: nullable('Null if empty or not readable'),
    }),
    account: Type.Union(
      [Type.Object({ id: WebserviceId, name: nullable('Null if not readable') }), Type.Null()],
      {
        description: 'Null if the contact belongs to no account',
      },
    ),
    level: Type.Union(
      levels.map((level) => Type.Literal(level)),
      { description: 'How far the contact sees, unless a rule overrides it' },
    ),
    rights: Type.Record(Type.String(), Rights, { description: 'By the names of the readable modules' }),
    language: Type.String({ examples: ['en_us'] }),
    timeZone: Type.Literal('UTC', { description: 'The time zone of all times in requests and responses' }),
    formats: Type.Object(
      {
        date: Type.String({ examples: ['yyyy-mm-dd'] }),
        decimalSeparator: Type.String(),
        groupSeparator: Type.String(),
      },
      {
        description:
          'How coreBOS formats values for the mapped CRM user. Values of requests and responses do not follow it',
      },
    ),
    currency: Type.Union(
      [
        Type.Object({
          id: WebserviceId,
          code: Type.String({ description: 'ISO 4217', examples: ['EUR'] }),
          symbol: Type.String({ examples: ['€'] }),
          name: Type.String(),
        }),
        Type.Null(),
      ],
      { description: 'The base currency of coreBOS; null if the contact may not read it' },
    ),
    limits: Type.Object({
      uploads: Type.Object({
        maxBytes: Type.Integer(),
        types: Type.Array(Type.String(), { description: 'Accepted media types' }),
      }),
      pages: Type.Object({
        default: Type.Integer({ description: 'Records of a list without `limit`' }),
        max: Type.Integer({ description: 'The highest `limit`' }),
      }),
      downloads: Type.Integer({ description: 'Concurrent downloads' }),
      rates: Type.Array(RateView),
    }),
  },
  { title: 'Me' },
)

const example: Static<typeof Me> = {
  contact: {
    id: '12x8549',
    entity: 'Contacts',
    name: 'alice Aliceson',
    firstName: 'alice',
    lastName: 'Aliceson',
    email: 'alice@example.com',
  },
  account: { id: '11x8546', name: 'Acme' },
  level: 'account',
  rights: {
    HelpDesk: {
      create: true,
      update: true,
      delete: false,
      comment: true,
      relate: ['Documents'],
      actions: [],
    },
  },
  language: 'en_us',
  timeZone: 'UTC',
  formats: { date: 'yyyy-mm-dd', decimalSeparator: '.', groupSeparator: ',' },
  currency: { id: '21x1', code: 'EUR', symbol: '€', name: 'Euro' },
  limits: {
    uploads: { maxBytes: 20_971_520, types: ['application/pdf', 'image/png'] },
    pages: { default: limits.defaultRows, max: limits.rows },
    downloads: 20,
    rates: [{ name: 'contact', max: 1200, seconds: 60 }],
  },
}

export type MeOptions = Pick<
  Config,
  | 'UPLOAD_MAX_BYTES'
  | 'UPLOAD_TYPES'
  | 'DOWNLOADS_PER_CONTACT'
  | 'RATE_LIMIT_IP'
  | 'RATE_LIMIT_CONTACT'
  | 'RATE_LIMIT_LOGIN'
>

function limitsOf(config: MeOptions): Static<typeof Me>['limits'] {
  const rate = (name: Static<typeof RateView>['name'], { max, seconds }: Rate) => ({ name, max, seconds })
  return {
    uploads: { maxBytes: config.UPLOAD_MAX_BYTES, types: [...config.UPLOAD_TYPES] },
    pages: { default: limits.defaultRows, max: limits.rows },
    downloads: config.DOWNLOADS_PER_CONTACT,
    rates: [
      rate('address', config.RATE_LIMIT_IP),
      rate('contact', config.RATE_LIMIT_CONTACT),
      rate('login', loginsByAddress(config.RATE_LIMIT_LOGIN)),
    ],
  }
}

const meRoute: FastifyPluginAsyncTypebox<MeOptions> = async (app, config) => {
  app.get(
    '/me',
    {
      onRequest: app.authenticate,
      schema: {
        tags: ['auth'],
        security: [{ bearer: [] }],
        summary: 'Show contact, account, rights, language, currency and limits',
        description: 'What a page needs to know of its user after the log-in.',
        headers: Conditional,
        response: {
          ...taggedAnswer(Me, 'The contact', { example }),
        },
      },
    },
    async (request, reply) => {
      const contact = app.contactOf(request)
      const context = await app.access.readContextOf(request)
      const { visible } = context
      const [names, { currency = null, ...formats }] = await Promise.all([
        me(contact, context),
        app.formatsOf(request),
      ])
      const answered: Static<typeof Me> = {
        ...names,
        level: contact.level,
        rights: Object.fromEntries(
          visible.names.map((name) => [name, rightsOf(visible.require(name), visible)]),
        ),
        language: contact.language,
        timeZone: 'UTC' as const,
        formats,
        currency,
        limits: limitsOf(config),
      }
      return reply.sendTagged(answered)
    },
  )
}

export default meRoute
