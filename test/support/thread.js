// tsx takes types away on the main thread alone; a thread of a test begins here.
import { workerData } from 'node:worker_threads'
import { register } from 'tsx/esm/api'

register()
await import(workerData.file)
