/** Files that were chosen and have not arrived: they stay in the memory of the tab, so that they outlive an ended session. */
import { readDraft, writeDraft } from './storage.ts'

export interface Sending {
  readonly key: number
  readonly file: File
  readonly state: 'waiting' | 'sending' | 'sent' | 'failed' | 'rejected'
  /** From 0 to 1. */
  readonly progress: number
  readonly message?: string
  readonly canRetry?: boolean
  readonly documentId?: string
  /** The same for every attempt: a lost answer does not store the file twice. */
  readonly idempotencyKey: string
}

export interface KeptFiles {
  readonly files: readonly Sending[]
  /** The record that they belong to, if it was created after they were chosen. */
  readonly recordId?: string
}

const nothing: KeptFiles = { files: [] }
const kept = new Map<string, KeptFiles>()
const changes = new EventTarget()
let owner: string | undefined

/** Forgets the files of any other contact. */
export function openFiles(contactId: string): void {
  if (owner !== contactId) kept.clear()
  owner = contactId
}

export function forgetFiles(): void {
  kept.clear()
  owner = undefined
}

export const filesOf = (name: string): KeptFiles => kept.get(name) ?? nothing

/** Names outlive a reload of the page, files do not. */
const draftOf = (name: string): string => `files ${name}`
const isUnderWay = ({ state }: Sending): boolean => state !== 'sent' && state !== 'rejected'

export function keepFiles(name: string, next: KeptFiles): void {
  if (next.files.length === 0 && next.recordId === undefined) kept.delete(name)
  else kept.set(name, next)
  const names = next.files.filter(isUnderWay).map(({ file }) => file.name)
  writeDraft(draftOf(name), names.length === 0 ? undefined : { names: names.join(', ') })
  changes.dispatchEvent(new Event(name))
}

/** The names of files that a reload of the page has lost. */
export function lostFiles(name: string): string | undefined {
  const names = kept.has(name) ? undefined : readDraft(draftOf(name))?.['names']
  return typeof names === 'string' ? names : undefined
}

export function onFiles(name: string, changed: () => void): () => void {
  changes.addEventListener(name, changed)
  return () => changes.removeEventListener(name, changed)
}
