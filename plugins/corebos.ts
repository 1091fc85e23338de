/** Gives the application its coreBOS. */
import fp from 'fastify-plugin'
import type { Config } from '../src/config/config.ts'
import { Corebos } from '../src/corebos/corebos.ts'
import { SpoolLimit } from '../src/corebos/spool.ts'
import { watchCircuit } from '../src/http/metrics.ts'
import { observedBy } from '../src/tracing/observed-calls.ts'

declare module 'fastify' {
  interface FastifyInstance {
    corebos: Corebos
  }
}

type Settings = Config & {
  /** Milliseconds since 1970; the clock of the computer unless given. */
  readonly now?: () => number
}

export default fp<Settings>(
  async (app, settings) => {
    const { COREBOS_USER: name, COREBOS_ACCESS_KEY: accessKey, COREBOS_SESSIONS: sessions } = settings
    const corebos = new Corebos({
      url: settings.COREBOS_URL,
      timeoutMs: settings.COREBOS_TIMEOUT_MS,
      maxBytes: settings.COREBOS_MAX_BYTES,
      maxFileBytes: settings.UPLOAD_MAX_BYTES, // What was uploaded can be downloaded again.
      spoolLimit: new SpoolLimit({
        // A single file always fits.
        maxBytes: Math.max(
          settings.DOWNLOADS_MAX_BYTES,
          settings.UPLOAD_MAX_BYTES,
          settings.COREBOS_MAX_BYTES,
        ),
        observe: (bytes) => app.metrics.downloadBytes.set(bytes),
      }),
      concurrency: settings.COREBOS_CONCURRENCY,
      queue: settings.COREBOS_QUEUE,
      serviceUser: name === undefined || accessKey === undefined ? undefined : { name, accessKey, sessions },
      metadataTtlMs: settings.METADATA_TTL * 1000,
      now: settings.now ?? Date.now,
      observe: observedBy(app.metrics),
      observeMetadata: (how) => app.metrics.cacheUses.inc({ cache: 'modules', how }),
    })
    app.inUse.watch(corebos.inUse)
    watchCircuit(app.metrics.registry, () => corebos.isCircuitOpen)
    app.decorate('corebos', corebos)
    app.addHook('onClose', () => corebos.close())
  },
  { name: 'corebos', fastify: '5.x', dependencies: ['metrics'] },
)
