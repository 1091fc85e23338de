/** How a test runs a program of the project: compiled where the test is compiled, otherwise from its source. */

/** @returns the arguments of `node` */
export function program(source: string): readonly string[] {
  return import.meta.url.endsWith('.js')
    ? ['--enable-source-maps', `dist/${source.replace(/\.ts$/, '.js')}`]
    : [...process.execArgv, source]
}
