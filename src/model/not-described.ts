/** Thrown inside the gateway when work needs modules whose description has not been read; the work is repeated after that. */
export class NotDescribed extends Error {
  override readonly name = 'NotDescribed'
  /** Exact names, or all modules that the CRM user may see. */
  readonly modules: readonly string[] | 'all'

  constructor(modules: readonly string[] | 'all') {
    super(`not described yet: ${modules === 'all' ? 'all modules' : modules.join(', ')}`)
    this.modules = modules
  }
}
