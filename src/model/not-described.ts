/**
 * Thrown inside the gateway if work needs the descriptions of modules that have not been read; the work is repeated
 * after they have been read.
 */
export class NotDescribed extends Error {
  override readonly name = 'NotDescribed'
  /** Exact names, or all modules that the CRM user may see. */
  readonly modules: readonly string[] | 'all'

  constructor(modules: readonly string[] | 'all') {
    super(`not described yet: ${modules === 'all' ? 'all modules' : modules.join(', ')}`)
    this.modules = modules
  }
}
