/**
 * Who wrote a text, at its end: coreBOS keeps the CRM user of a record, whom many contacts share. Whatever a contact
 * writes is signed, so that the last line is the gateway's word and not the contact's.
 */
import type { Contact } from '../contact/contact.ts'

const signature = /\n\n\(contact ([1-9][0-9]{0,5}x[1-9][0-9]{0,9})\)$/

/** @returns the text without its signature, and the webservice id of the contact that has signed it */
export function readSignature(text: string): { readonly text: string; readonly contact: string | undefined } {
  const found = signature.exec(text)
  return found === null
    ? { text, contact: undefined }
    : { text: text.slice(0, found.index), contact: found[1] }
}

/** A contact that sends back what it has read signs it once. */
export function signed(text: string, { id }: Contact): string {
  const known = readSignature(text)
  return `${known.contact === id ? known.text : text}\n\n(contact ${id})`
}
