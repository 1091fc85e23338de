/** Times in the format of coreBOS. */

/** @param time milliseconds since 1970 @returns `YYYY-MM-DD hh:mm:ss` in UTC */
export function corebosTime(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ')
}
