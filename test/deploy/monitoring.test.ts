/** The files of `deploy/monitoring/`: alerts and dashboard use metrics and labels of the gateway, and Prometheus reads them. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { metricLabels } from '../support/metric-names.ts'

const hasPromtool = spawnSync('promtool', ['--version']).status === 0

interface Panel {
  readonly title: string
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[]
}

function panels(): readonly Panel[] {
  // Grafana's own shape; a panel without it fails the tests below.
  const { panels } = JSON.parse(readFileSync('deploy/monitoring/dashboard.json', 'utf8')) as {
    readonly panels: readonly Panel[]
  }
  return panels
}

function alertExpressions(): string[] {
  // Prometheus's own shape; a rule without it fails the tests below.
  const { groups } = parse(readFileSync('deploy/monitoring/alerts.yaml', 'utf8')) as {
    readonly groups: readonly { readonly rules: readonly { readonly expr: string }[] }[]
  }
  return groups.flatMap(({ rules }) => rules.map(({ expr }) => expr))
}

/** The labels that `by` keeps. */
function groupedBy(expression: string): string[] {
  return [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(/,\s*/))
}

/** Labels that Prometheus adds: those of a target, and the bound of a bucket. */
const added = ['job', 'instance', 'le']

/** Metrics and labels of an expression that the gateway does not have. */
function unknownNames(expression: string, labels: ReadonlyMap<string, readonly string[]>): string[] {
  const used = expression.match(/\b(?:portal|http|nodejs|process)_\w+/g) ?? []
  const metrics = used.map((name) => name.replace(/_(bucket|count|sum)$/, ''))
  const selected = [...expression.matchAll(/[{,]\s*(\w+)\s*(?:=~|!~|!=|=)"/g)].map(([, name = '']) => name)
  const known = [...added, ...metrics.flatMap((name) => labels.get(name) ?? [])]
  return [
    ...metrics.filter((name) => !labels.has(name)),
    ...[...groupedBy(expression), ...selected].filter((name) => !known.includes(name)),
  ]
}

t.test('alerts and dashboard use metrics that the gateway has', async (t) => {
  const labels = metricLabels()
  for (const [file, expressions] of [
    ['alerts.yaml', alertExpressions()],
    ['dashboard.json', panels().flatMap(({ targets }) => targets.map(({ expr }) => expr))],
  ] as const) {
    t.ok(expressions.length > 5, file)
    for (const expression of expressions)
      t.strictSame(unknownNames(expression, labels), [], `${file}: ${expression}`)
  }
  t.strictSame(
    unknownNames('sum by (cod) (rate(portal_problems_total{what="x"}[5m])) / portal_problem', labels),
    ['portal_problem', 'cod', 'what'],
  )
})

t.test('a panel names its lines by labels that its expression keeps', async (t) => {
  for (const { title, targets } of panels())
    for (const { expr, legendFormat } of targets)
      for (const [, name = ''] of legendFormat.matchAll(/{{(\w+)}}/g))
        t.ok(name === 'instance' || groupedBy(expr).includes(name), `${title}: ${name}`)
})

t.test('Prometheus reads each expression of the dashboard', async (t) => {
  if (!hasPromtool) {
    t.comment('promtool is missing: the expressions were not checked by it')
    return
  }
  const rules = panels().flatMap(({ targets }) =>
    // Grafana fills in its variables.
    targets.map(({ expr }) => ({
      record: 'checked:expression',
      expr: expr.replaceAll('$__rate_interval', '5m'),
    })),
  )
  const groups = rules.map((rule, i) => ({ name: `panel ${i}`, rules: [rule] }))
  const at = join(t.testdir(), 'rules.yaml')
  writeFileSync(at, stringify({ groups }))
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', at], { encoding: 'utf8' })
  t.equal(status, 0, stdout + stderr)
})

t.test('every alert has its section in docs/operations.md', async (t) => {
  const alerts = readFileSync('deploy/monitoring/alerts.yaml', 'utf8')
  const names = [...alerts.matchAll(/alert: (\w+)/g)].map(([, name = '']) => name)
  const sections = [...readFileSync('docs/operations.md', 'utf8').matchAll(/^### (Portal\w+)$/gm)].map(
    ([, name]) => name,
  )
  t.strictSame(sections, names)
  for (const name of names) t.match(alerts, `docs/operations.md#${name.toLowerCase()}`)
  if (!hasPromtool) t.comment('promtool is missing: the rules were not checked by it')
  else t.equal(spawnSync('promtool', ['check', 'rules', 'deploy/monitoring/alerts.yaml']).status, 0)
})

t.test('both Prometheus configurations name the job that the rules expect', async (t) => {
  const alerts = readFileSync('deploy/monitoring/alerts.yaml', 'utf8')
  const jobs = new Set([...alerts.matchAll(/job="(\w+)"/g)].map(([, name]) => name))
  t.strictSame([...jobs], ['portal'])
  t.match(readFileSync('deploy/compose.yaml', 'utf8'), /- job_name: portal$/m)
  t.match(parse(readFileSync('deploy/kubernetes/service-monitor.yaml', 'utf8')), {
    spec: { endpoints: [{ relabelings: [{ targetLabel: 'job', replacement: 'portal' }] }] },
  })
})

/** What `promtool test rules` computes from series of one sample a minute. */
const ruleTests = `
rule_files: [RULES]
tests:
  - interval: 1m
    input_series:
      - { series: 'portal_rows_withheld_total{module="HelpDesk"}', values: '_x5 1x30' }
      - { series: 'up{job="portal",instance="a"}', values: '1x5 0x30' }
      - { series: 'portal_logins_total{outcome="AUTHENTICATION_FAILED"}', values: '0+120x60' }
      - { series: 'portal_logins_total{outcome="ok"}', values: '_x40 0+120x20' }
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
      - eval_time: 20m
        alertname: PortalLoginsRejected
        exp_alerts:
          - exp_labels: { severity: warning }
            exp_annotations:
              summary: Most log-ins are rejected; passwords may be guessed
              runbook: docs/operations.md#portalloginsrejected
      - { eval_time: 55m, alertname: PortalLoginsRejected, exp_alerts: [] }
      - eval_time: 15m
        alertname: PortalModulesClosed
        exp_alerts:
          - exp_labels: { severity: warning }
            exp_annotations:
              summary: 2 modules are closed because the policy does not fit coreBOS
              runbook: docs/operations.md#portalmodulesclosed
`

t.test('alerts begin with the first event', async (t) => {
  if (!hasPromtool) {
    t.comment('promtool is missing: the rules were not tried')
    return
  }
  const at = join(t.testdir(), 'tests.yaml')
  writeFileSync(at, ruleTests.replace('RULES', resolve('deploy/monitoring/alerts.yaml')))
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', at], { encoding: 'utf8' })
  t.equal(status, 0, stdout + stderr)
})
