/**
 * Chromium, as Debian, Ubuntu and Chrome's own packages install it. The first is Debian's shell without windows: the
 * same engine for two thirds of the CPU.
 */
import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

const programs = [
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]
const executablePath = programs.find((path) => existsSync(path))

export const hasChromium = executablePath !== undefined

/** @throws Error where Chromium is not installed */
export async function launchChromium(): Promise<Browser> {
  if (executablePath === undefined) throw new Error('chromium is missing')
  return chromium.launch({ executablePath, args: ['--no-sandbox'] })
}
