/** Validates names of files: coreBOS serves uploads under their names, so a web server must not execute any of them. */
import { notKept } from '../../scope/value.ts'

/** In bytes: the longest name of a file on disk, less the prefix and suffix that coreBOS adds to some names. */
export const longestName = 200
/** The two joiners are part of how some languages are written; other format characters hide or reorder text. */
const unprintable = /(?![\u200C\u200D])[\p{C}\p{Zl}\p{Zp}]/u

/**
 * Suffixes that web servers execute, anywhere in a name: Apache runs `x.php.png` if PHP is set up with `AddHandler`,
 * and old servers end a name at `;`.
 */
const run =
  /\.(?:ph(?:p\d*|ps|t|tml|ar)|pl|pm|py[cow]?|rb|f?cgi|s?sh|bash|cfm|cfml|cfc|jspx?|jspf|jsw|asp|aspx|ashx|asmx|ascx|asax|asa|shtml?|stm|exe|bat|cmd|dll|vbs|wsf|ps1|hta)(?![a-z0-9])/i
/** A dot that nothing visible precedes: programs that drop blanks and marks store a name that begins with it. */
const startsWithDot = /^[\s\p{M}\u200C\u200D]*\./u
/** Settings that web servers and PHP read from the folder of a file. Names that begin with a dot are never accepted. */
const settings = /^(?:php\d*\.ini|web\.config)$/i

export const missingName = 'a file with a name is expected'

/** The last part of a path: some clients send the whole path of the file. */
export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
}

/** @returns the problem with the name of a file; undefined: it is accepted */
export function nameProblem(name: string): string | undefined {
  if (/^[.\s]*$/.test(name)) return missingName
  if (Buffer.byteLength(name) > longestName) {
    return `the name of the file is longer than ${longestName} bytes in UTF-8`
  }
  const [lost] = notKept.exec(name) ?? []
  if (lost !== undefined) {
    return `the name of the file, '${name}', contains a character that coreBOS cannot store: ${codePoint(lost)}`
  }
  const [hidden] = unprintable.exec(name) ?? []
  if (hidden !== undefined) {
    return `the name of the file contains an invisible character: ${codePoint(hidden)}`
  }
  return startsWithDot.test(name)
    ? `the name of the file, '${name}', begins with a dot; names that begin with another character are accepted`
    : undefined
}

/** @returns why a web server could execute a file with this name; undefined: it would only serve the file */
export function activeNameProblem(name: string): string | undefined {
  const [ending] = run.exec(name) ?? []
  if (ending !== undefined) {
    return `the name of the file, '${name}', contains '${ending}', which a web server may run; names without it are accepted`
  }
  return settings.test(name)
    ? `the name of the file, '${name}', is that of a settings file of a web server; another name is accepted`
    : undefined
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}
