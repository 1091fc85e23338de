/** The composition root: the parts of the gateway, in the order in which they are registered. */
import { readFile } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { fastify, type FastifyInstance } from 'fastify'
import login from '../plugins/auth.ts'
import answers from '../plugins/answers.ts'
import auditFile from '../plugins/audit-file.ts'
import authenticate from '../plugins/authenticate.ts'
import bodies from '../plugins/bodies.ts'
import compression from '../plugins/compression.ts'
import changeWatch from '../plugins/change-watch.ts'
import closing from '../plugins/graceful-shutdown.ts'
import cookies from '../plugins/cookies.ts'
import corebos from '../plugins/corebos.ts'
import access from '../plugins/access.ts'
import edge from '../plugins/security-headers.ts'
import formats from '../plugins/formats.ts'
import languages from '../plugins/languages.ts'
import limits from '../plugins/limits.ts'
import logging from '../plugins/logging.ts'
import metadata from '../plugins/metadata.ts'
import metrics from '../plugins/metrics.ts'
import openapi from '../plugins/openapi.ts'
import operatorAccess from '../plugins/operator-access.ts'
import operatorOpenapi from '../plugins/operator-openapi.ts'
import parameters from '../plugins/strict-querystring.ts'
import policy from '../plugins/policy.ts'
import problem from '../plugins/problem.ts'
import proxyWarning from '../plugins/proxy-warning.ts'
import requestScope from '../plugins/request-scope.ts'
import repeats from '../plugins/idempotency.ts'
import requestCalls from '../plugins/request-calls.ts'
import sessions from '../plugins/sessions.ts'
import tokens from '../plugins/tokens.ts'
import tracing from '../plugins/tracing.ts'
import unread from '../plugins/unread.ts'
import webservice from '../plugins/webservice.ts'
import actions from '../routes/actions.ts'
import auth from '../routes/auth.ts'
import comments from '../routes/comments.ts'
import description from '../routes/description.ts'
import documents from '../routes/documents.ts'
import health from '../routes/health.ts'
import jwks from '../routes/jwks.ts'
import me from '../routes/me.ts'
import modules from '../routes/modules.ts'
import operator from '../routes/operator.ts'
import operatorPages from '../routes/operator-page.ts'
import passwordRoutes from '../routes/passwords.ts'
import printing from '../routes/pdf.ts'
import portal, { type OfferedLogin, type PortalOptions } from '../routes/portal.ts'
import query from '../routes/query.ts'
import recordWrites from '../routes/record-writes.ts'
import records from '../routes/records.ts'
import relations from '../routes/relations.ts'
import search from '../routes/search.ts'
import sessionRoutes from '../routes/sessions.ts'
import webserviceRoute from '../routes/webservice.ts'
import { ConfigError, type Config } from './config/config.ts'
import { loadPortalSettings } from './config/portal-settings.ts'
import { believeAddressesAlone } from './http/client-address.ts'
import { connectionBounds, Connections } from './http/connections.ts'
import { loggingOptions, type LogSink } from './http/logging.ts'
import { cachedProbe } from './http/probe.ts'
import { missingOf, shuttingDown, type Missing, type Probes } from './http/readiness.ts'
import { readFolder } from './http/static-files.ts'
import { generateSigningKeys, readSigningKeys, type SigningKeys } from './tokens/signing-keys.ts'
import { serializerCompiler, validatorCompiler } from './http/validation.ts'
import { serverOptions } from './webservice/server-options.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The reasons why requests cannot be served; empty: ready. */
    readonly missing: () => Promise<readonly Missing[]>
    /** From now on the gateway is not ready; requests are served until it closes. */
    readonly leave: () => void
  }
}

export interface AppOptions {
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** The destination of log lines; default: standard output. */
  readonly sink?: LogSink
  /** Languages offered by the log-in page of the reference portal. */
  readonly logins?: readonly OfferedLogin[]
}

/** Builds the gateway without listening. @throws ConfigError if a file that the configuration names is invalid */
export async function buildApp(config: Config, options: AppOptions = {}): Promise<FastifyInstance> {
  const bare = bareApp(config, options.sink)
  try {
    await registerAll(bare, config, options)
  } catch (error) {
    // Parts that have started hold connections, which would keep the process from ending.
    await bare.app.close().catch(() => undefined)
    throw error
  }
  return bare.app
}

/** Fastify looks for a plugin without this name among all modules that are loaded, at each start of a gateway. */
function named<P extends { readonly name: string }>(routes: P): P {
  return Object.assign(routes, { [Symbol.for('fastify.display-name')]: routes.name })
}

async function registerAll(
  { app, connections }: ReturnType<typeof bareApp>,
  config: Config,
  { now = Date.now, logins = [] }: AppOptions,
): Promise<void> {
  await app.register(problem)
  await app.register(logging)
  await app.register(proxyWarning, config)
  await app.register(metrics)
  await app.register(unread, { connections })
  await app.register(tracing, config)
  await app.register(requestScope)
  await app.register(edge, config)
  await app.register(compression)
  await app.register(bodies)
  await app.register(closing)
  await app.register(requestCalls)
  await app.register(cookies, config)
  await app.register(corebos, { ...config, now })
  await app.register(sessions, {
    life: {
      idle: config.SESSION_IDLE_TTL * 1000,
      max: config.SESSION_MAX_TTL * 1000,
      grace: config.REFRESH_GRACE * 1000,
    },
    now,
    redis: redisOf(config),
    endUpstream: async ({ upstream }) => app.endUpstream(upstream),
  })
  await app.register(metadata, { isShared: config.REDIS_URL !== undefined, languages: config.LANGUAGES })
  await app.register(tokens, {
    keys: await signingKeys(config.JWT_KEYS_FILE),
    issuer: config.JWT_ISSUER,
    audience: config.JWT_AUDIENCE,
    ttl: config.ACCESS_TOKEN_TTL,
    now,
  })
  await app.register(policy, { ...config, now })
  await app.register(login, { config, policy: app.policy, now })
  await app.register(authenticate)
  await app.register(changeWatch, { ...config, now })
  await app.register(auditFile, { ...config, now })
  await app.register(access, { config, policy: app.policy, now })
  await app.register(formats)
  await app.register(languages, config)
  await app.register(repeats, { secrets: config.SESSION_KEYS, now })
  await app.register(answers, { ...config, now })
  await app.register(limits, config)
  await app.register(openapi)
  await app.register(parameters)

  let isLeaving = false
  const missing = readiness(app, now)
  app.decorate('missing', async () => (isLeaving ? shuttingDown : missing()))
  app.decorate('leave', () => void (isLeaving = true))
  await app.register(named(health), { missing: app.missing })
  await app.register(named(jwks))
  await app.register(named(auth))
  await app.register(named(sessionRoutes))
  await app.register(named(passwordRoutes))
  await app.register(named(me), config)
  await app.register(named(description))
  await app.register(named(modules))
  await app.register(named(records))
  await app.register(named(recordWrites))
  await app.register(named(relations))
  await app.register(named(comments))
  await app.register(named(documents), config)
  await app.register(named(printing))
  await app.register(named(actions))
  await app.register(named(search))
  await app.register(named(query))
  await app.register(webservice, config)
  await app.register(named(webserviceRoute), config)
  if (config.PORTAL) await app.register(named(portal), await portalOptions(config, logins))
}

/** The folder of the built portal, beside the compiled program or, for sources, in the last build. */
const portalFolder = new URL(
  import.meta.url.endsWith('.ts') ? '../dist/portal/' : '../portal/',
  import.meta.url,
)

async function portalOptions(
  { PORTAL_SETTINGS, LOGIN_MODE, COOKIE_SESSIONS }: Config,
  logins: readonly OfferedLogin[],
): Promise<PortalOptions> {
  const settings = await loadPortalSettings(PORTAL_SETTINGS).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigError(reason.split('\n').map((line) => `PORTAL_SETTINGS: ${line}`))
  })
  const files = await readFolder(fileURLToPath(portalFolder))
  return { ...settings, files, logins, loginMode: LOGIN_MODE, hasCookies: COOKIE_SESSIONS }
}

function readiness(app: FastifyInstance, now: () => number): () => Promise<readonly Missing[]> {
  const probe = (ask: () => Promise<void>) => cachedProbe(ask, { fresh: 1000, timeout: 2000, now })
  const { corebos, sessions, policyInForce } = app
  const { service } = corebos
  const policyFits = probe(() => policyInForce.requireFit())
  const probes: Probes = {
    corebos: probe(() => corebos.ping()),
    redis: probe(() => sessions.ping()),
    ...(service !== undefined && { serviceUser: probe(() => service.check()) }),
    // What the check has found is known here and changes at once; only an unchecked policy asks coreBOS.
    policy: async () => (policyInForce.state.isChecked ? policyInForce.requireFit() : policyFits()),
  }
  return async () => missingOf(probes)
}

/** An instance without registrations. It is not returned by itself, because awaiting it starts it. */
function bareApp(config: Config, sink: LogSink | undefined) {
  const connections = new Connections(connectionBounds, () => performance.now())
  const app: FastifyInstance = fastify({
    ...loggingOptions(config, sink),
    ...serverOptions(config.TRUST_PROXY, connections),
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  if (config.TRUST_PROXY !== undefined) believeAddressesAlone(app.server)
  return { app, connections }
}

/** Builds the operators' listener of a gateway that is ready. It closes with the gateway. */
export async function buildOperator(
  gateway: FastifyInstance,
  config: Config,
  { sink }: AppOptions = {},
): Promise<FastifyInstance> {
  const { app, connections } = bareApp(config, sink)
  await app.register(problem)
  await app.register(logging)
  await app.register(unread, { connections })
  await app.register(bodies)
  await app.register(closing)
  await app.register(operatorAccess, { token: config.OPERATOR_TOKEN })
  await app.register(parameters)
  await app.register(operatorOpenapi)
  await app.register(named(operator), { gateway })
  await app.register(named(operatorPages), {
    gateway,
    policyFile: config.POLICY_FILE,
    hasToken: config.OPERATOR_TOKEN !== undefined,
  })
  gateway.addHook('onClose', async () => app.close())
  return app
}

function redisOf({ REDIS_URL: url, SESSION_KEYS: keys }: Config) {
  return url === undefined || keys === undefined ? undefined : { url, keys }
}

async function signingKeys(file: string | undefined): Promise<SigningKeys> {
  if (file === undefined) return generateSigningKeys()
  try {
    return readSigningKeys(await readFile(file, 'utf8'))
  } catch (error) {
    throw new ConfigError([
      `JWT_KEYS_FILE: ${file}: ${error instanceof Error ? error.message : String(error)}`,
    ])
  }
}
