/** Leaves requests at each point of their way, on a thread of its own, outside tap's tracking of promises. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Test } from 'tap'
import { leaveAtCalls, leaveUnread, leaveWhileSending, type SweepOptions, type Swept } from './aborts.ts'
import { stageOf } from './requests.ts'

const teardowns: (() => unknown)[] = []
// What a stage needs of a test.
const test = { teardown: (each: () => unknown) => teardowns.push(each) } as unknown as Test

// The parent thread passes such options.
const { mode, rows, most, env } = (workerData as { readonly options: SweepOptions }).options
const stage = await stageOf(test, mode, env)
const swept: Swept[] = []
for (const row of rows) {
  const found = [
    ...(await leaveWhileSending(stage, row)),
    ...(await leaveAtCalls(stage, row, most)),
    await leaveUnread(stage, row),
  ]
  const after = await stage.send(await stage.filled(row))
  swept.push({ name: row.name, found, answer: `${after.status} ${after.text.slice(0, 200)}` })
}
for (const each of teardowns.reverse()) await each()
parentPort?.postMessage(swept)
