/** Reads the parameters of a call as PHP would. */

interface Parameters {
  readonly parameters: Readonly<Record<string, unknown>>
}

export const textParameter = ({ parameters }: Parameters, name: string): string => {
  const value = parameters[name]
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

/** A parameter that is JSON text, or the value itself where the whole body was JSON; undefined where unreadable. */
export const jsonParameter = ({ parameters }: Parameters, name: string): unknown => {
  const value = parameters[name]
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
