/** PHP's serialize(): lengths count bytes. */
export type Serializable = string | number | boolean | null | Serializable[] | Map<string, Serializable>

const scalar = (value: string | number | boolean | null): string => {
  if (value === null) return 'N;'
  if (typeof value === 'boolean') return `b:${value ? 1 : 0};`
  if (typeof value === 'number') return Number.isInteger(value) ? `i:${value};` : `d:${value};`
  return `s:${Buffer.byteLength(value)}:"${value}";`
}

export const serialize = (value: Serializable): string => {
  if (Array.isArray(value)) {
    return `a:${value.length}:{${value.map((held, index) => `i:${index};${serialize(held)}`).join('')}}`
  }
  if (value instanceof Map) {
    return `a:${value.size}:{${[...value].map(([key, held]) => scalar(key) + serialize(held)).join('')}}`
  }
  return scalar(value)
}
