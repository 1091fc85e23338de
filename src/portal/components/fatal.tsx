/** Shown where not even the settings of the portal can be read. No language is known yet. */
import type { JSX } from 'preact'

export function Fatal(): JSX.Element {
  return (
    <main class="starting">
      <div class="state" role="alert">
        <h1>The portal cannot be reached</h1>
        <p>Check your connection and load the page again.</p>
        <button type="button" class="button primary" onClick={() => location.reload()}>
          Load again
        </button>
      </div>
    </main>
  )
}
