/** What a session takes: in the memory of the gateway's process, and in Redis. */
import { randomBytes } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Redis } from 'ioredis'
import type { NewSession } from '../../session/contract.ts'
import { EmbeddedStore } from '../../session/memory/store.ts'
import { RedisStore } from '../../session/redis/store.ts'
import { startRedis } from './stand.ts'

export interface MemoryResult {
  readonly sessions: number
  /** Bytes per session. */
  readonly embedded: number
  readonly redis: number | undefined
}

/** Few enough that a busy machine answers each within the time limit of a command. */
const atOnce = 50

const life = { idle: 3_600_000, max: 3_600_000, grace: 1000 }

function session(n: number): NewSession {
  return {
    contact: {
      entity: 'Contacts',
      id: `12x${n}`,
      accountId: `11x${n}`,
      user: { id: '19x5', name: 'portal' },
      language: 'en_us',
      level: 'account',
    },
    upstream: randomBytes(10).toString('hex'),
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    address: '192.0.2.1',
    checkedUnder: 'Zk3vQ0mTf8aB',
  }
}

function used(): number {
  setFlagsFromString('--expose-gc')
  // The flag adds the function to contexts that are made after it.
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}

export async function measureMemory(sessions: number): Promise<MemoryResult> {
  const before = used()
  const store = new EmbeddedStore({ life, now: Date.now, maxSessions: sessions })
  for (let n = 0; n < sessions; n++) await store.create(session(n))
  const embedded = (used() - before) / sessions
  await store.close()
  return { sessions, embedded, redis: await inRedis(sessions) }
}

async function inRedis(sessions: number): Promise<number | undefined> {
  const server = await startRedis()
  if (server === undefined) return undefined
  const admin = new Redis({ port: server.port, host: '127.0.0.1' })
  const keys = [randomBytes(32)]
  const store = await RedisStore.open({ url: `redis://127.0.0.1:${server.port}`, keys, life, now: Date.now })
  try {
    const memory = async () => Number(/^used_memory_dataset:(\d+)/m.exec(await admin.info('memory'))?.[1] ?? NaN)
    const before = await memory()
    for (let n = 0; n < sessions; n += atOnce) {
      await Promise.all(Array.from({ length: atOnce }, async (_, i) => store.create(session(n + i))))
    }
    return ((await memory()) - before) / sessions
  } finally {
    await store.close()
    admin.disconnect()
    await server.end()
  }
}
