/** Starts the portal: reads its settings, then shows the log-in page or the page of the address. */
import { render } from 'preact'
import { App } from './app.tsx'
import { startGateway } from './gateway.ts'
import { Fatal } from './components/fatal.tsx'
import type { Settings } from './types.ts'
import './styles/index.css'

const root = document.getElementById('portal')

async function start(element: HTMLElement): Promise<void> {
  try {
    const response = await fetch('portal/settings.json')
    if (!response.ok) throw new Error(`settings: ${response.status}`)
    // The route sends what `Settings` describes.
    const settings = (await response.json()) as Settings
    render(<App settings={settings} gateway={startGateway(settings)} />, element)
  } catch {
    render(<Fatal />, element)
  }
}

if (root !== null) void start(root)
