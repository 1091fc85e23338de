/**
 * The text without the given characters at its end. A regular expression such as `/ +$/` tries every run of blanks in a
 * text, and takes the square of the length of a long one.
 */
export function withoutTrailing(text: string, characters: string): string {
  let end = text.length
  while (end > 0 && characters.includes(text.charAt(end - 1))) end--
  return text.slice(0, end)
}
