/** The error of a policy with names that do not exist in the installation. */

/** The JSON paths in the policy file that do not fit the installation. */
export class PolicyMisfit extends Error {
  readonly paths: readonly string[]

  constructor(paths: readonly string[]) {
    super(`the policy does not fit the installation at ${paths.join(', ')}`)
    this.paths = paths
  }
}
