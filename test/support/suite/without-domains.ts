/**
 * Loaded before the test files of a whole run. tap follows every promise and every socket, so that an error that
 * escapes belongs to a test; that takes a fifth of the CPU of these tests. Here such an error ends its file instead,
 * which counts as failed. A file that is run by itself is followed as usual.
 */
import hooks from 'node:async_hooks'
import { syncBuiltinESMExports } from 'node:module'

const { createHook } = hooks

hooks.createHook = (callbacks) => {
  // The hook of tap's domains has these two and no other; Node's own AsyncLocalStorage does not come through here.
  const isDomains = Object.keys(callbacks).sort().join() === 'destroy,init'
  return createHook(isDomains ? {} : callbacks)
}
syncBuiltinESMExports()
