/** Drawings in the colour of the text beside them; they are decoration, the text says the same. */
import type { JSX } from 'preact'

const paths = {
  home: 'M3 11l9-8 9 8M5 9.5V21h5v-6h4v6h5V9.5',
  ticket: 'M4 5h16v5a2 2 0 000 4v5H4v-5a2 2 0 000-4zM14 5v14',
  invoice: 'M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6',
  project: 'M4 6h10M4 12h14M4 18h7',
  document: 'M6 3h8l4 4v14H6zM14 3v4h4',
  box: 'M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8',
  contract: 'M6 3h12v18H6zM9 8h6M9 12h6M9 16h3',
  help: 'M12 17.5v.01M9.5 9a2.5 2.5 0 115 .2c0 2-2.5 2-2.5 4.3M12 21a9 9 0 110-18 9 9 0 010 18z',
  list: 'M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01',
  search: 'M11 18a7 7 0 110-14 7 7 0 010 14zM16 16l5 5',
  user: 'M12 12a4 4 0 110-8 4 4 0 010 8zM4 21c0-4 4-6 8-6s8 2 8 6',
  menu: 'M4 6h16M4 12h16M4 18h16',
  close: 'M6 6l12 12M18 6L6 18',
  back: 'M15 5l-7 7 7 7',
  next: 'M9 5l7 7-7 7',
  up: 'M12 19V5M6 11l6-6 6 6',
  down: 'M12 5v14M6 13l6 6 6-6',
  plus: 'M12 5v14M5 12h14',
  clip: 'M20 11l-8.5 8.5a5 5 0 01-7-7L13 4a3.4 3.4 0 015 5l-8.5 8.4a1.7 1.7 0 01-2.4-2.4L15 7.5',
  alert: 'M12 8v5M12 16.5v.01M10.3 3.9L2.5 18a2 2 0 001.7 3h15.6a2 2 0 001.7-3L13.7 3.9a2 2 0 00-3.4 0z',
  inbox: 'M4 13l3-8h10l3 8v6H4zM4 13h5a3 3 0 006 0h5',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  edit: 'M4 20l1-5L16 4l4 4L9 19zM13 7l4 4',
  check: 'M5 12.5l5 5 9-11',
  out: 'M14 4H5v16h9M10 12h11M17 8l4 4-4 4',
  cloud: 'M4 4l16 16M8 7a6 6 0 0110 3 4 4 0 013 6M6 10a5 5 0 000 10h10',
  link: 'M10 14L20 4M14 4h6v6M18 14v6H4V6h6',
} as const

export type IconName = keyof typeof paths

export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  )
}

const ofModule: Readonly<Record<string, IconName>> = {
  HelpDesk: 'ticket',
  Invoice: 'invoice',
  Quotes: 'invoice',
  SalesOrder: 'invoice',
  Project: 'project',
  Documents: 'document',
  Assets: 'box',
  Products: 'box',
  ServiceContracts: 'contract',
  Faq: 'help',
}

export const iconOf = (module: string): IconName => ofModule[module] ?? 'list'
