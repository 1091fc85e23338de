/** Renders the alert rules of `deploy/monitoring/` as the object that the Prometheus operator reads on Kubernetes. */
import { readFileSync, writeFileSync } from 'node:fs'

const from = 'deploy/monitoring/alerts.yaml'
export const ruleFile = 'deploy/kubernetes/prometheus-rule.yaml'

const head = `# The rules of ${from}, written by \`npm run docs\`. For the Prometheus operator: remove it from
# kustomization.yaml where the operator is not installed, and add the labels that its ruleSelector asks for.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: portal-gateway
spec:
`

export function prometheusRule(): string {
  const rules = readFileSync(from, 'utf8').replace(/^#.*\n/gm, '')
  return head + rules.replace(/^(?=.)/gm, '  ')
}

if (process.argv.includes('--write')) writeFileSync(ruleFile, prometheusRule())
