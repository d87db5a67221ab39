import { AggregatorRegistry, Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** The counters of one process. Names are `countersign_<what>_<unit>`; labels are few and bounded (never an id). */
export interface Metrics {
  counter(name: string, help: string, labels?: readonly string[]): Counter;
  gauge(name: string, help: string, labels?: readonly string[]): Gauge;
  /** Seconds, unless the name says otherwise. */
  histogram(name: string, help: string, labels?: readonly string[], buckets?: readonly number[]): Histogram;
  /** Prometheus text format. */
  text(): Promise<string>;
  /** The same as plain data, for another thread; `mergedText` adds several up. */
  values(): Promise<MetricValues>;
  readonly contentType: string;
}

export type { Counter, Gauge, Histogram } from 'prom-client';
export type MetricValues = readonly object[];

/** What several threads counted, added up, in Prometheus text format. */
export const mergedText = (values: readonly MetricValues[]): Promise<string> => AggregatorRegistry.aggregate(values as never).metrics();


const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** @param defaults also the process' own (memory, event loop); off in tests */
export const createMetrics = (service: string, options: { readonly defaults?: boolean } = {}): Metrics => {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  if (options.defaults ?? true) collectDefaultMetrics({ register: registry });
  const once = <T>(name: string, make: () => T): T => (registry.getSingleMetric(name) as T | undefined) ?? make();
  return {
    counter: (name, help, labels = []) => once(name, () => new Counter({ name, help, labelNames: [...labels], registers: [registry] })),
    gauge: (name, help, labels = []) => once(name, () => new Gauge({ name, help, labelNames: [...labels], registers: [registry] })),
    histogram: (name, help, labels = [], buckets = seconds) => once(name, () => new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers: [registry] })),
    text: () => registry.metrics(),
    values: () => registry.getMetricsAsJSON(),
    contentType: registry.contentType,
  };
};
