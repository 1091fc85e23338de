/** The bound of a cache by its number of entries. */

/** Options of an `LRUCache`. Its own `max` would reserve the room of all entries at the start of each instance. */
export function atMost(entries: number): {
  readonly maxSize: number
  readonly sizeCalculation: () => number
} {
  return { maxSize: entries, sizeCalculation: () => 1 }
}
