/** Text functions as PHP has them: letter case and blanks are those of ASCII; linear in the text. */
export const trimEnd = (text: string, characters: string): string => {
  let end = text.length
  while (end > 0 && characters.includes(text.charAt(end - 1))) end -= 1
  return text.slice(0, end)
}

export const trimStart = (text: string, characters: string): string => {
  let start = 0
  while (start < text.length && characters.includes(text.charAt(start))) start += 1
  return text.slice(start)
}

export const trim = (text: string, characters = ' \t\n\r\0\v'): string =>
  trimStart(trimEnd(text, characters), characters)

export const lower = (text: string): string => text.replaceAll(/[A-Z]+/g, (found) => found.toLowerCase())

export const upper = (text: string): string => text.replaceAll(/[a-z]+/g, (found) => found.toUpperCase())

/** Every run of blanks, tabs and line breaks as one blank. */
export const blanksTogether = (text: string): string => text.replaceAll(/[ \t\n\v\f\r]+/g, ' ')
