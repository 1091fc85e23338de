/**
 * Lets the engine of Jazzer.js, which is built for glibc 2.38, load with an older one. Of glibc 2.38 and of libstdc++
 * 3.4.32 it uses three symbols: `strtol` and `strtoul` under their names of C23, and a mark without a meaning at run
 * time. The first two get their older names, the third may be missing.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'

const tooNew: ReadonlySet<string> = new Set(['GLIBC_2.38', 'GLIBCXX_3.4.32'])
const c23 = '__isoc23_'

/** Types of sections (`sh_type`). */
const types = { dynamicSymbols: 11, symbolVersions: 0x6fffffff, neededVersions: 0x6ffffffe }

interface Section {
  readonly type: number
  readonly offset: number
  readonly size: number
  /** The index of the section of texts. */
  readonly link: number
}

/** The parts of a 64-bit little-endian ELF file that name what it needs. */
class Elf {
  readonly bytes: Buffer
  readonly #sections: readonly Section[]

  constructor(bytes: Buffer) {
    this.bytes = bytes
    const table = Number(bytes.readBigUInt64LE(0x28))
    this.#sections = Array.from({ length: bytes.readUInt16LE(0x3c) }, (_, index) => {
      const at = table + 64 * index
      return {
        type: bytes.readUInt32LE(at + 4),
        offset: Number(bytes.readBigUInt64LE(at + 24)),
        size: Number(bytes.readBigUInt64LE(at + 32)),
        link: bytes.readUInt32LE(at + 40),
      }
    })
  }

  section(type: number): Section {
    const found = this.#sections.find((each) => each.type === type)
    if (found === undefined) throw new Error(`the engine has no section of the type ${type}`)
    return found
  }

  text({ link }: Section, at: number): string {
    const begin = (this.#sections[link]?.offset ?? 0) + at
    return this.bytes.toString('latin1', begin, this.bytes.indexOf(0, begin))
  }
}

/** Marks the versions as optional. @returns their numbers in the table of symbols */
function markOptional(elf: Elf): Set<number> {
  const { bytes } = elf
  const needed = elf.section(types.neededVersions)
  const numbers = new Set<number>()
  for (let library = needed.offset, next = -1; next !== 0; library += next) {
    next = bytes.readUInt32LE(library + 12)
    let version = library + bytes.readUInt32LE(library + 8)
    for (let left = bytes.readUInt16LE(library + 2); left > 0; left -= 1) {
      if (tooNew.has(elf.text(needed, bytes.readUInt32LE(version + 8)))) {
        numbers.add(bytes.readUInt16LE(version + 6))
        bytes.writeUInt16LE(2, version + 4)
      }
      version += bytes.readUInt32LE(version + 12)
    }
  }
  return numbers
}

function renameSymbols(elf: Elf, versions: ReadonlySet<number>): void {
  const { bytes } = elf
  const symbols = elf.section(types.dynamicSymbols)
  const versionOf = elf.section(types.symbolVersions)
  for (let index = 0; index < symbols.size / 24; index += 1) {
    const versionAt = versionOf.offset + 2 * index
    if (!versions.has(bytes.readUInt16LE(versionAt))) continue
    const at = symbols.offset + 24 * index
    const name = bytes.readUInt32LE(at)
    // `__isoc23_strtol` ends with `strtol`, so that the older name is a part of the same text.
    if (elf.text(symbols, name).startsWith(c23)) bytes.writeUInt32LE(name + c23.length, at)
    else bytes.writeUInt8(0x20 | (bytes.readUInt8(at + 4) & 0x0f), at + 4)
    bytes.writeUInt16LE(1, versionAt)
  }
}

export function allowOlderGlibc(path: string): void {
  const elf = new Elf(readFileSync(path))
  renameSymbols(elf, markOptional(elf))
  writeFileSync(`${path}.new`, elf.bytes)
  renameSync(`${path}.new`, path)
}
