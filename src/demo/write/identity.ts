/** What a new record gets besides its values. */
import { createHash } from 'node:crypto'

/** 40 hexadecimal digits, of the record's number and module alone. */
export const cbuuidOf = (number: number, module: string): string =>
  createHash('sha1').update(`${module} ${number}`).digest('hex')
