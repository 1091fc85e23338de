/** The names of all metrics that a gateway has, and their labels. */
import { createMetrics, watchCircuit, watchSessions } from '../../src/http/metrics.ts'

/** The labels of each metric, by its name. */
export function metricLabels(): ReadonlyMap<string, readonly string[]> {
  const { registry } = createMetrics('0.0.0')
  watchCircuit(registry, () => false)
  watchSessions(registry, async () => undefined)
  return new Map(
    registry.getMetricsAsArray().map((metric) => {
      // The library has the labels of each metric, and no type for them.
      const { name, labelNames = [] } = metric as typeof metric & { readonly labelNames?: readonly string[] }
      return [name, labelNames]
    }),
  )
}

export function metricNames(): string[] {
  return [...metricLabels().keys()]
}
