/** The files of `deploy/`: Kubernetes objects have the types of their API, alerts and dashboard name real metrics. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import ts from 'typescript'
import t from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { metricNames } from './support/metric-names.ts'

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

function typeProblems(source: string, at: string): string[] {
  writeFileSync(at, source)
  const program = ts.createProgram([at], {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    typeRoots: [],
  })
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
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
  const at = join(t.testdir(), 'objects.ts')
  // The type of a ServiceMonitor comes with its operator.
  const found = objects().filter(({ kind }) => kind !== 'ServiceMonitor')
  t.ok(found.length >= 6)
  t.strictSame(typeProblems(typed(found), at), [])
  const misspelt = found.map((each) => ({ ...each, sepc: {} }))
  t.equal(typeProblems(typed(misspelt), at).length, found.length, 'a misspelt key is found in each')
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
  const label = { 'app.kubernetes.io/name': 'corebos-portal-gateway' }
  t.match(deployment, {
    spec: { selector: { matchLabels: label }, template: { metadata: { labels: label } } },
  })
  t.match(built.map((each) => each.get('kind')).sort(), [
    'ConfigMap',
    'Deployment',
    'HorizontalPodAutoscaler',
  ])
})

t.test('alerts and dashboard use metrics that the gateway has', async (t) => {
  const names = metricNames()
  const files = ['alerts.yaml', 'dashboard.json'].map((name) => join('deploy/monitoring', name))
  t.strictSame(readdirSync('deploy/monitoring').sort(), ['alerts.yaml', 'dashboard.json'])
  for (const file of files) {
    const used = readFileSync(file, 'utf8').match(/\b(?:portal|http|nodejs|process)_\w+/g) ?? []
    t.ok(used.length > 5, file)
    const missing = used.filter((name) => !names.includes(name.replace(/_(bucket|count|sum)$/, '')))
    t.strictSame(missing, [], file)
  }
})

t.test('every alert has its section in docs/operations.md', async (t) => {
  const alerts = readFileSync('deploy/monitoring/alerts.yaml', 'utf8')
  const names = [...alerts.matchAll(/alert: (\w+)/g)].map(([, name = '']) => name)
  const sections = [...readFileSync('docs/operations.md', 'utf8').matchAll(/^### (Portal\w+)$/gm)].map(
    ([, name]) => name,
  )
  t.strictSame(sections, names)
  for (const name of names) t.match(alerts, `docs/operations.md#${name.toLowerCase()}`)
  if (spawnSync('promtool', ['--version']).status !== 0)
    t.comment('promtool is missing: the rules were not checked by it')
  else t.equal(spawnSync('promtool', ['check', 'rules', 'deploy/monitoring/alerts.yaml']).status, 0)
})

t.test('both Prometheus configurations name the job that the rules expect', async (t) => {
  const alerts = readFileSync('deploy/monitoring/alerts.yaml', 'utf8')
  const jobs = new Set([...alerts.matchAll(/job="(\w+)"/g)].map(([, name]) => name))
  t.strictSame([...jobs], ['portal'])
  t.match(readFileSync('deploy/compose.yaml', 'utf8'), /- job_name: portal$/m)
  t.match(
    objects().find(({ kind }) => kind === 'ServiceMonitor'),
    { spec: { endpoints: [{ relabelings: [{ targetLabel: 'job', replacement: 'portal' }] }] } },
  )
})

/** What `promtool test rules` computes from series of one sample a minute. */
const ruleTests = `
rule_files: [RULES]
tests:
  - interval: 1m
    input_series:
      - { series: 'portal_rows_withheld_total{module="HelpDesk"}', values: '_x5 1x30' }
      - { series: 'up{job="portal",instance="a"}', values: '1x5 0x30' }
      - { series: 'portal_policy_closed_modules', values: '0x5 2x30' }
    alert_rule_test:
      - { eval_time: 4m, alertname: PortalRowsWithheld, exp_alerts: [] }
      - eval_time: 6m
        alertname: PortalRowsWithheld
        exp_alerts:
          - exp_labels: { severity: critical, module: HelpDesk }
            exp_annotations:
              summary: Rows of HelpDesk failed verification and were withheld
              runbook: docs/operations.md#portalrowswithheld
      - { eval_time: 20m, alertname: PortalRowsWithheld, exp_alerts: [] }
      - eval_time: 10m
        alertname: PortalDown
        exp_alerts:
          - exp_labels: { severity: critical, job: portal, instance: a }
            exp_annotations:
              summary: Instance a does not answer
              runbook: docs/operations.md#portaldown
      - eval_time: 15m
        alertname: PortalModulesClosed
        exp_alerts:
          - exp_labels: { severity: warning }
            exp_annotations:
              summary: 2 modules are closed because the policy does not fit coreBOS
              runbook: docs/operations.md#portalmodulesclosed
`

t.test('alerts begin with the first event', async (t) => {
  if (spawnSync('promtool', ['--version']).status !== 0) {
    t.comment('promtool is missing: the rules were not tried')
    return
  }
  const at = join(t.testdir(), 'tests.yaml')
  writeFileSync(at, ruleTests.replace('RULES', resolve('deploy/monitoring/alerts.yaml')))
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', at], { encoding: 'utf8' })
  t.equal(status, 0, stdout + stderr)
})
