/**
 * Ports for programs that cannot start on port 0, or must keep their port over a restart. Each is tried by binding it:
 * where another process has it, the program is started again on the next. They lie below the range from which the
 * system gives ports to connections, and each test process begins at another one.
 */
const perProcess = 20
const first = 10_000 + (process.pid % 500) * perProcess
let next = 0

function candidate(): number {
  return first + (next++ % perProcess)
}

/** What redis-server, nginx and Node say where a port is taken. */
const taken = /Address already in use|EADDRINUSE|Failed listening on port/

export async function onPort<T>(launch: (port: number) => Promise<T>): Promise<T> {
  for (let left = 2 * perProcess; ; left--) {
    try {
      return await launch(candidate())
    } catch (error) {
      if (left === 0 || !(error instanceof Error && taken.test(error.message))) throw error
    }
  }
}
