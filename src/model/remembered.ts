/** The same function, computed once for each object and forgotten with it. */
export function remembered<K extends object, V>(compute: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, { readonly value: V }>()
  return (key) => {
    let found = known.get(key)
    if (found === undefined) {
      found = { value: compute(key) }
      known.set(key, found)
    }
    return found.value
  }
}
