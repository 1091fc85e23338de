/** Attacks on a thread of its own, so that whoever is attacked has one to answer on. */
import { parentPort, workerData } from 'node:worker_threads'
import { attack, type AttackOptions } from '../src/tools/attack/run.ts'

const skipped: string[] = []
const report = await attack({
  ...(workerData as Omit<AttackOptions, 'log'>),
  log: (line) => line.startsWith('skipped') && skipped.push(line),
})
parentPort?.postMessage({ ...report, skipped })
