/** PDF of sales documents. */
import { textParameter } from '../parameters.ts'
import type { Handler } from '../call.ts'
import { denied } from '../errors.ts'
import { readableEntity } from './read.ts'
import { INVENTORY } from '../rows.ts'

/** A page with the name of the record on it. */
const pdfOf = (title: string): Buffer => {
  const safe = title.replaceAll(/[()\\]/g, '')
  const page = `BT /F1 18 Tf 60 760 Td (${safe}) Tj ET`
  const objects = [
    [7, `<< /Length ${Buffer.byteLength(page)} >>\nstream\n${page}\nendstream`],
    [1, '<< /Type /Catalog /Pages 2 0 R >>'],
    [2, '<< /Type /Pages /Kids [3 0 R] /Count 1 >>'],
    [
      3,
      '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 7 0 R /Resources << /Font << /F1 4 0 R >> >> >>',
    ],
    [4, '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>'],
  ] as const
  const offsets = new Map<number, number>()
  let body = '%PDF-1.7\n%\u00e2\u00e3\u00cf\u00d3\n'
  for (const [number, content] of objects) {
    offsets.set(number, body.length)
    body += `${number} 0 obj\n${content}\nendobj\n`
  }
  const entry = (number: number): string => {
    const offset = offsets.get(number)
    return offset === undefined ? '0000000000 65535 f \n' : `${String(offset).padStart(10, '0')} 00000 n \n`
  }
  const table = [0, 1, 2, 3, 4, 5, 6, 7].map(entry).join('')
  const trailer = `trailer\n<< /Size 8 /Root 1 0 R >>\nstartxref\n${body.length}\n%%EOF\n`
  return Buffer.from(`${body}xref\n0 8\n${table}${trailer}`, 'latin1')
}

export const getPdfData: Handler = (call) => {
  const record = readableEntity(call, textParameter(call, 'id'))
  if (!INVENTORY.has(record.module)) {
    throw denied('Only Inventory & GV defined modules support PDF Output.')
  }
  return [
    {
      recordid: String(record.number),
      modulename: record.module,
      pdf_data: pdfOf(call.database.displayName(record)).toString('base64'),
    },
  ]
}
