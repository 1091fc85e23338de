/** Makes the accent colour of an installation readable: enough contrast on light and on dark pages (WCAG 2.2, 1.4.3). */

type Rgb = readonly [red: number, green: number, blue: number]

function parse(hex: string): Rgb {
  const channel = (at: number): number => parseInt(hex.slice(at, at + 2), 16)
  return [channel(1), channel(3), channel(5)]
}

const write = (rgb: Rgb): string =>
  `#${rgb.map((each) => Math.round(each).toString(16).padStart(2, '0')).join('')}`

function luminance(rgb: Rgb): number {
  const [red, green, blue] = rgb.map((each) => {
    const part = each / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0)
}

export function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(parse(one)), luminance(parse(other))].toSorted((a, b) => b - a)
  return (light + 0.05) / (dark + 0.05)
}

/** The colour, mixed with black or white until it is readable on the background. */
export function readable(color: string, background: string, wanted = 4.5): string {
  const pole = luminance(parse(background)) > 0.18 ? 0 : 255
  for (let step = 0; step <= 20; step += 1) {
    const [red, green, blue] = parse(color)
    const mix = (each: number): number => each + ((pole - each) * step) / 20
    const mixed = write([mix(red), mix(green), mix(blue)])
    if (contrast(mixed, background) >= wanted) return mixed
  }
  return pole === 0 ? '#000000' : '#ffffff'
}

/** Black or white, which can be read on the colour. */
export const textOn = (color: string): string =>
  contrast(color, '#ffffff') >= contrast(color, '#000000') ? '#ffffff' : '#000000'
