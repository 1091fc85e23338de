/** Writes the TypeScript types of the modules that a contact sees, for the client library. */

/** A field as `GET /modules/:module` describes it. */
export interface FieldDescription {
  readonly name: string
  readonly type: string
  readonly mandatory: boolean
  readonly createable: boolean
  readonly updateable: boolean
  readonly values?: readonly { readonly value: string }[]
}

export interface ModuleDescription {
  readonly name: string
  readonly label: string
  readonly fields: readonly FieldDescription[]
}

const numbers = new Set(['integer', 'double', 'currency', 'percentage', 'autonumber'])

/** JSON types of records: an empty field is null, a checkbox a boolean, a multi-select an array. */
function typeOf({ type, values = [] }: FieldDescription): string {
  const choices = values.map(({ value }) => quoted(value)).join(' | ') || 'string'
  if (type === 'multipicklist') return `readonly (${choices})[]`
  if (type === 'boolean') return 'boolean'
  // A decimal that a double cannot hold exactly is a text.
  if (type === 'double' || type === 'currency') return 'number | string'
  if (numbers.has(type)) return 'number'
  return choices
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

const property = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name))

const typeName = (module: string): string => module.replace(/\W/g, '_').replace(/^(?=\d)/, '_')

function members(fields: readonly FieldDescription[], member: (field: FieldDescription) => string): string {
  return fields.length === 0
    ? 'Readonly<Record<string, never>>'
    : `{\n${fields.map((field) => `  readonly ${member(field)}`).join('\n')}\n}`
}

function declarationsOf({ name, label, fields }: ModuleDescription): string {
  const module = typeName(name)
  const isAlways = ({ name: field, type }: FieldDescription): boolean => field === 'id' || type === 'boolean'
  const readable = members(
    fields.some((field) => field.name === 'id')
      ? fields
      : [{ name: 'id', type: 'id', mandatory: true, createable: false, updateable: false }, ...fields],
    (field) => `${property(field.name)}: ${typeOf(field)}${isAlways(field) ? '' : ' | null'}`,
  )
  const creatable = members(
    fields.filter(({ createable }) => createable),
    (field) =>
      `${property(field.name)}${field.mandatory ? '' : '?'}: ${typeOf(field)}${field.mandatory ? '' : ' | null'}`,
  )
  const changeable = members(
    fields.filter(({ updateable }) => updateable),
    (field) => `${property(field.name)}?: ${typeOf(field)}${field.mandatory ? '' : ' | null'}`,
  )
  return [
    `/** ${label.replaceAll('*/', '* /')} */`,
    `export type ${module} = ${readable}`,
    `export type New${module} = ${creatable}`,
    `export type ${module}Changes = ${changeable}`,
  ].join('\n')
}

/** A TypeScript module that exports `Modules` for `new Gateway<Modules>()`. */
export function declarations(modules: readonly ModuleDescription[]): string {
  const entries = modules.map(({ name }) => {
    const module = typeName(name)
    return `  readonly ${property(name)}: { record: ${module}; create: New${module}; update: ${module}Changes }`
  })
  return [
    '/** Modules of this installation as its policy shows them. Written by `npm run types`: do not edit. */',
    '',
    ...modules.map((module) => `${declarationsOf(module)}\n`),
    `export interface Modules {\n${entries.join('\n')}\n}`,
    '',
  ].join('\n')
}
