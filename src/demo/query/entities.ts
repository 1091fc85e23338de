/** HTML entities as PHP's html_entity_decode reads them; of the named ones those of ISO 8859-1 letters and signs. */
const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  nbsp: '\u00a0',
  euro: '€',
  auml: 'ä',
  ouml: 'ö',
  uuml: 'ü',
  Auml: 'Ä',
  Ouml: 'Ö',
  Uuml: 'Ü',
  szlig: 'ß',
  aacute: 'á',
  eacute: 'é',
  iacute: 'í',
  oacute: 'ó',
  uacute: 'ú',
  ntilde: 'ñ',
  agrave: 'à',
  egrave: 'è',
  ccedil: 'ç',
  laquo: '«',
  raquo: '»',
  copy: '©',
  reg: '®',
}

export const decodeEntities = (text: string): string =>
  text.replaceAll(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z]+));/g, (...found: unknown[]) => {
    const [whole, decimal, hexadecimal, name] = found.map((part) =>
      typeof part === 'string' ? part : undefined,
    )
    if (name !== undefined) return NAMED[name] ?? whole ?? ''
    const code = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal)
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : (whole ?? '')
  })
