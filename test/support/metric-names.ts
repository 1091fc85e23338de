/** The names of all metrics that a gateway has. */
import { createMetrics, watchSources } from '../../src/http/metrics.ts'

export function metricNames(): string[] {
  const { registry } = createMetrics('0.0.0')
  watchSources(registry, {
    isCircuitOpen: () => false,
    sessions: async () => 0,
  })
  return registry.getMetricsAsArray().map(({ name }) => name)
}
