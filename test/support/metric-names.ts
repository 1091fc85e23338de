/** The names of all metrics that a gateway has. */
import { createMetrics, watchCircuit, watchSessions } from '../../src/http/metrics.ts'

export function metricNames(): string[] {
  const { registry } = createMetrics('0.0.0')
  watchCircuit(registry, () => false)
  watchSessions(registry, async () => undefined)
  return registry.getMetricsAsArray().map(({ name }) => name)
}
