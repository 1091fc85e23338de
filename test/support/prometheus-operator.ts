/**
 * The shape of the objects that the Prometheus operator reads, as its API reference describes them. Only fields that
 * this project uses are listed; the test of `deploy/` rejects all others, so that a misspelt one is found.
 */

const duration = { type: 'string', pattern: '^([0-9]+(y|w|d|h|m|s|ms))+$' }
const texts = { type: 'object', additionalProperties: { type: 'string' } }

function object(properties: object, ...required: readonly string[]) {
  return { type: 'object', properties, required, additionalProperties: false }
}

function list(items: object) {
  return { type: 'array', items, minItems: 1 }
}

function resource(kind: string, spec: object) {
  const metadata = object({ name: { type: 'string' }, labels: texts }, 'name')
  const named = { apiVersion: { const: 'monitoring.coreos.com/v1' }, kind: { const: kind } }
  return object({ ...named, metadata, spec }, 'apiVersion', 'kind', 'metadata', 'spec')
}

const relabeling = object({
  sourceLabels: list({ type: 'string' }),
  targetLabel: { type: 'string', pattern: '^[a-zA-Z_][a-zA-Z0-9_]*$' },
  regex: { type: 'string' },
  replacement: { type: 'string' },
  action: { enum: ['replace', 'keep', 'drop', 'labelmap', 'labeldrop', 'labelkeep', 'hashmod'] },
})

const endpoint = object(
  {
    port: { type: 'string' },
    path: { type: 'string', pattern: '^/' },
    scheme: { enum: ['http', 'https'] },
    interval: duration,
    scrapeTimeout: duration,
    relabelings: list(relabeling),
    metricRelabelings: list(relabeling),
  },
  'port',
)

const alert = object(
  { alert: { type: 'string' }, expr: { type: 'string' }, for: duration, labels: texts, annotations: texts },
  'alert',
  'expr',
)

/** JSON Schemas by kind. */
export const operatorSchemas = {
  ServiceMonitor: resource(
    'ServiceMonitor',
    object({ selector: object({ matchLabels: texts }), endpoints: list(endpoint) }, 'selector', 'endpoints'),
  ),
  PrometheusRule: resource(
    'PrometheusRule',
    object(
      { groups: list(object({ name: { type: 'string' }, rules: list(alert) }, 'name', 'rules')) },
      'groups',
    ),
  ),
} as const
