/**
 * Marks the author at the end of a text: coreBOS stores the CRM user of a record, which many contacts share. Texts of
 * contacts are signed, so their last line is written by the gateway and not by the contact.
 */
import { createHash } from 'node:crypto'
import type { Contact } from '../model/contact.ts'
import { webserviceIdPattern } from '../model/webservice-id.ts'

const signature = new RegExp(`\\n\\n\\(contact (${webserviceIdPattern}), ([0-9a-f]{8})\\)$`)

/** @returns the text without its signature, and the webservice id of the contact that signed it */
export function readSignature(text: string): { readonly text: string; readonly contact: string | undefined } {
  const found = signature.exec(text)
  if (found === null) return { text, contact: undefined }
  const [whole, contact = '', mark] = found
  const unsigned = text.slice(0, text.length - whole.length)
  // Quoting a signed text under another text does not sign that text.
  return mark === markOf(unsigned, contact) ? { text: unsigned, contact } : { text, contact: undefined }
}

/** A text that is sent back with its signature is signed once. */
export function signed(text: string, { id }: Contact): string {
  const known = readSignature(text)
  const unsigned = known.contact === id ? known.text : text
  return `${unsigned}\n\n(contact ${id}, ${markOf(unsigned, id)})`
}

/**
 * Not a secret: the staff may write any text. It has letters and digits alone, because coreBOS changes other
 * characters.
 */
function markOf(text: string, contact: string): string {
  const kept = text.replace(/&#?\w+;/g, '').replace(/[^\p{L}\p{N}]/gu, '')
  return createHash('sha256').update(`${contact} ${kept}`).digest('hex').slice(0, 8)
}
