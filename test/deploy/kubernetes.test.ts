/** The objects of `deploy/kubernetes/`: their types, the pods that they select, and what Kustomize makes of them. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Ajv } from 'ajv'
import t from 'tap'
import ts from 'typescript'
import { parse, parseAllDocuments } from 'yaml'
import { operatorSchemas } from '../support/prometheus-operator.ts'
import { prometheusRule, ruleFile } from '../support/prometheus-rule.ts'

const folder = 'deploy/kubernetes'

/** Where the type of each kind stands. */
const kinds: Readonly<Record<string, string>> = {
  Deployment: 'apps/v1',
  Service: 'core/v1',
  PodDisruptionBudget: 'policy/v1',
  HorizontalPodAutoscaler: 'autoscaling/v2',
  NetworkPolicy: 'networking/v1',
}

interface KubernetesObject {
  readonly kind: string
  readonly metadata: { readonly name: string }
}

/** The type of a selector, and the labels that `kustomization.yaml` adds, are checked by Kustomize where it is installed. */
function objects(): KubernetesObject[] {
  const { resources } = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')) as {
    readonly resources: readonly string[] // its own shape; the next line fails where it is another
  }
  return resources.flatMap((name) =>
    parseAllDocuments(readFileSync(join(folder, name), 'utf8')).map(
      // Every document has a kind and a name; the test below reads both.
      (document) => document.toJS() as KubernetesObject,
    ),
  )
}

/** @returns what the compiler says of each source */
function typeProblems(folder: string, sources: readonly string[]): string[][] {
  const paths = sources.map((_, i) => join(folder, `objects${i}.ts`))
  for (const [i, path] of paths.entries()) writeFileSync(path, sources[i] ?? '')
  const program = ts.createProgram(paths, {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    typeRoots: [],
  })
  return paths.map((path) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(path))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
  )
}

/** One statement for each object: it compiles where the object has the type of its kind. */
function typed(each: readonly KubernetesObject[]): string {
  const library = resolve('node_modules/kubernetes-types')
  const imports = Object.entries(kinds).map(
    ([kind, version]) => `import type { ${kind} } from '${library}/${version}.d.ts'`,
  )
  // Kustomize adds selectors.
  const loose = `type Loose<T> = T extends { spec?: infer S } ? Omit<T, 'spec'> & { spec?: Partial<NonNullable<S>> } : T`
  const constants = each.map(
    (object, i) => `export const object${i}: Loose<${object.kind}> = ${JSON.stringify(object)}`,
  )
  return [...imports, loose, ...constants].join('\n')
}

t.test('every Kubernetes object has the type of its kind', async (t) => {
  const found = objects().filter(({ kind }) => !(kind in operatorSchemas))
  t.ok(found.length >= 6)
  const misspelt = found.map((each) => ({ ...each, sepc: {} }))
  const [none, inEach] = typeProblems(t.testdir(), [typed(found), typed(misspelt)])
  t.strictSame(none, [])
  t.equal(inEach?.length, found.length, 'a misspelt key is found in each')
})

t.test('every object of the Prometheus operator has the shape of its kind', async (t) => {
  const ajv = new Ajv({ allErrors: true })
  for (const [kind, schema] of Object.entries(operatorSchemas)) {
    const validate = ajv.compile(schema)
    const found = objects().filter((each) => each.kind === kind)
    t.equal(found.length, 1, kind)
    for (const object of found) {
      t.ok(validate(object), ajv.errorsText(validate.errors))
      const misspelt = JSON.stringify(object).replace('"interval"', '"intervall"').replace('"expr"', '"exp"')
      t.notOk(validate(JSON.parse(misspelt)), `${kind}: a misspelt field is found`)
    }
  }
})

t.test(
  'the alert rules for Kubernetes are those of deploy/monitoring (npm run docs writes them)',
  async (t) => {
    t.equal(readFileSync(ruleFile, 'utf8'), prometheusRule())
  },
)

const label = { 'app.kubernetes.io/name': 'corebos-portal-gateway' }

t.test('what applies to pods selects those of the gateway, and no other pod of the namespace', async (t) => {
  // Kustomize adds the label to no selector of these kinds, and an empty one selects every pod.
  for (const [kind, spec] of [
    ['NetworkPolicy', { podSelector: { matchLabels: label } }],
    ['PodDisruptionBudget', { selector: { matchLabels: label } }],
  ] as const)
    t.match(
      objects().find((each) => each.kind === kind),
      { spec },
      kind,
    )
})

t.test('the network policy opens the ports that the settings name', async (t) => {
  const settings = ['settings.env', 'secrets.env.example'].map((name) =>
    readFileSync(join(folder, name), 'utf8'),
  )
  const needed = [...settings.join('\n').matchAll(/^(?:# )?([A-Z_]+)=([a-z-]+:\/\/\S+)$/gm)]
    .filter(([, name]) => name !== 'PUBLIC_URL')
    .map(([, , url = '']) => Number(new URL(url).port || 443))
  t.strictSame(needed, [443, 4318, 26379])
  const policy = JSON.stringify(objects().find(({ kind }) => kind === 'NetworkPolicy'))
  const [, egress = ''] = policy.split('"egress"')
  for (const port of [53, 6379, ...needed]) t.match(egress, `"port":${port}`)
})

t.test('Kustomize builds the whole', async (t) => {
  if (spawnSync('kubectl', ['version', '--client']).status !== 0) {
    t.comment('kubectl is missing: not built')
    return
  }
  const copy = t.testdir()
  cpSync(folder, copy, { recursive: true })
  cpSync(join(folder, 'secrets.env.example'), join(copy, 'secrets.env'))
  writeFileSync(join(copy, 'signing-keys.json'), '{"keys":[]}')
  const built = parseAllDocuments(execFileSync('kubectl', ['kustomize', copy], { encoding: 'utf8' }))
  const deployment = built
    .map((each) => each.toJS() as Readonly<Record<string, unknown>>) // objects, as above
    .find(({ kind }) => kind === 'Deployment')
  t.match(deployment, {
    spec: { selector: { matchLabels: label }, template: { metadata: { labels: label } } },
  })
  t.match(built.map((each) => each.get('kind')).sort(), [
    'ConfigMap',
    'Deployment',
    'HorizontalPodAutoscaler',
  ])
})
