/** Breaks texts of the attack at random. */
import * as hostile from './hostile.ts'
import type { Random } from './random.ts'

/** Breaks a text at a random position. */
export function spoil(text: string, random: Random): string {
  let spoiled = text
  const times = 1 + random.below(3)
  for (let i = 0; i < times; i++) {
    const at = random.below(spoiled.length + 1)
    spoiled = random.weighted<() => string>([
      [6, () => spoiled.slice(0, at) + random.pick(hostile.fragments) + spoiled.slice(at)],
      [2, () => spoiled + random.pick(hostile.fragments)],
      [2, () => spoiled.slice(0, at) + spoiled.slice(at + 1 + random.below(4))],
      [1, () => spoiled.slice(0, at)],
      [1, () => spoiled.replace(/\bwhere\b/i, (where) => where + random.pick(hostile.fragments))],
      [1, () => spoiled.replace(/'/, random.pick(hostile.fragments))],
      [1, () => spoiled.slice(0, at) + spoiled.slice(Math.max(0, at - random.below(20)))],
    ])()
  }
  return spoiled
}
