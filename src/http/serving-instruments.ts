import type { Counter, Histogram, Registry } from '../metrics/registry.js';

interface Found {
  readonly count: Counter;
  readonly latency: Histogram | undefined;
  readonly runtime: Histogram | undefined;
}

/**
 * Requests under TensorFlow Serving's names, which know latencies of successes only, in microseconds. Names of
 * models come from loaded ones, not from clients.
 */
export class ServingInstruments {
  readonly #found = new Map<string, Found>();

  constructor(
    private readonly registry: Registry,
    private readonly entrypoint: 'REST' | 'GRPC',
  ) {}

  count(model: string, api: string, status: string, ms: number, computeMs: number | undefined): void {
    const key = `${model}\u0000${api}\u0000${status}`;
    let found = this.#found.get(key);
    if (found === undefined) {
      const isGood = status === 'OK';
      found = {
        count: this.registry.counter('servingRequestCount', model, status),
        latency: isGood
          ? this.registry.histogram('servingRequestLatency', model, api, this.entrypoint)
          : undefined,
        // The engine takes the place of TensorFlow's first runtime, whose name dashboards ask for.
        runtime:
          isGood && api !== ''
            ? this.registry.histogram('servingRuntimeLatency', model, api, 'TF1')
            : undefined,
      };
      this.#found.set(key, found);
    }
    found.count.add();
    found.latency?.observe(ms * 1000);
    if (computeMs !== undefined) found.runtime?.observe(computeMs * 1000);
  }
}
