/** Attacks on a thread of its own, so that the gateway keeps one to answer on. */
import { parentPort } from 'node:worker_threads'
import { attack, type AttackOptions } from '../../src/tools/attack/run.ts'

async function run(options: Omit<AttackOptions, 'log'>): Promise<void> {
  const skipped: string[] = []
  const report = await attack({ ...options, log: (line) => line.startsWith('skipped') && skipped.push(line) })
  parentPort?.postMessage({ ...report, skipped })
}

parentPort?.on('message', (options: Omit<AttackOptions, 'log'>) => void run(options))
