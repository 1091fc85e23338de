/**
 * Parameters of a query string and a form, which the two lines of an input are. Where PHP is installed, it says what
 * they are; everywhere, encoding them and reading the result gives the same.
 */
import { deepStrictEqual } from 'node:assert'
import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { GatewayError } from '../../../src/model/errors.ts'
import {
  formParameters,
  jsonParameters,
  urlencodedPairs,
  type Pair,
  type Parameter,
  type Parameters,
} from '../../../src/webservice/php.ts'
import { serialize, unserializeTexts } from '../../../src/webservice/serialize.ts'

/** Answers each line of two base64 texts with the merged parameters in JSON, as PHP merges `$_GET` and `$_POST`. */
const script = `
ini_set('max_input_vars', '2000');
function merged($into, $over) {
  foreach ($over as $key => $value)
    $into[$key] = is_array($value) && isset($into[$key]) && is_array($into[$key]) ? merged($into[$key], $value) : $value;
  return $into;
}
while (($line = fgets(STDIN)) !== false) {
  [$query, $form] = explode(' ', rtrim($line, "\\n"));
  parse_str(base64_decode($query), $get);
  parse_str(base64_decode($form), $post);
  $all = merged($get, $post);
  echo $all === [] ? '{}' : json_encode(array_map(fn ($each) => $each, $all), JSON_UNESCAPED_UNICODE), "\\n";
}`

type Judge = (query: Buffer, form: Buffer) => Promise<unknown>

function php(): Judge | undefined {
  if (spawnSync('php', ['-v']).status !== 0) {
    process.stdout.write('php is not installed: its own reading is not compared\n')
    return undefined
  }
  const child = spawn('php', ['-d', 'max_input_vars=2000', '-r', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.unref()
  const answers: ((line: string) => void)[] = []
  createInterface(child.stdout).on('line', (line) => answers.shift()?.(line))
  return async (query, form) => {
    const line = new Promise<string>((resolve) => answers.push(resolve))
    child.stdin.write(`${query.toString('base64')} ${form.toString('base64')}\n`)
    const found: unknown = JSON.parse(await line)
    return found
  }
}

const judge = php()

function accepted<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'BAD_REQUEST') return undefined
    throw error
  }
}

/** Pairs that PHP reads as the parameters. */
function pairsOf(name: string, value: Parameter): Pair[] {
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, each]) => pairsOf(`${name}[${key}]`, each))
  return [[name, String(value)]]
}

function encoded(parameters: Parameters): Buffer {
  const pairs = [...parameters].flatMap(([name, value]) => pairsOf(name, value))
  return Buffer.from(
    new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value])).toString(),
  )
}

function plain(parameters: Parameters): unknown {
  // A list if the names are 0, 1, 2 …, as json_encode writes it.
  const names = [...parameters.keys()]
  return names.length > 0 && names.every((name, index) => name === String(index))
    ? [...parameters.values()]
    : Object.fromEntries(parameters)
}

/** Lists as objects, because objects do not keep the order of numbers as names. */
function keyed(parameters: Parameters): unknown {
  return JSON.parse(
    JSON.stringify(plain(parameters), (_, value: unknown) =>
      Array.isArray(value) ? Object.fromEntries(value.entries()) : value,
    ),
  )
}

function requireSerialized(text: string): void {
  const texts = unserializeTexts(text)
  if (texts !== undefined) deepStrictEqual(unserializeTexts(serialize(texts)), texts)
}

export async function fuzz(data: Buffer): Promise<void> {
  const end = data.indexOf(0x0a)
  const query = end < 0 ? data : data.subarray(0, end)
  const form = end < 0 ? Buffer.alloc(0) : data.subarray(end + 1)
  accepted(() => jsonParameters(form))
  requireSerialized(data.toString())
  const found = accepted(() => formParameters(urlencodedPairs(query), urlencodedPairs(form)))
  if (found === undefined) return
  if (judge !== undefined) deepStrictEqual(plain(found), await judge(query, form), 'as PHP reads it')
  // A bracket that stays in a name cannot be written.
  if ([...found.keys()].some((name) => name.includes('['))) return
  const again = accepted(() => formParameters([], urlencodedPairs(encoded(found))))
  if (again !== undefined) deepStrictEqual(keyed(again), keyed(found), 'encoded and read again')
}
