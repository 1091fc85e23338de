/** The text of a file that an operator has written. */

/**
 * A mark of the encoding, with which editors of Windows begin a file, is left out.
 *
 * @throws Error if the bytes are not UTF-8: a repaired text would be compared with the values of records
 */
export function fileText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new Error('the file contains bytes that are not valid UTF-8', { cause: error })
  }
}
