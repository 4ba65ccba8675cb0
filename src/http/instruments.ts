import type { Counter, Histogram, Registry } from '../metrics/registry.js';
import type { Servable } from '../repository/types.js';

export const PHASES = ['read', 'decode', 'queue', 'compute', 'encode'] as const;
export type Phase = (typeof PHASES)[number];

/** The metric children of one model version, looked up once. */
export class ServableInstruments {
  readonly phases: Readonly<Record<Phase, Histogram>>;
  readonly #requests = new Map<string, Counter>();
  readonly #seconds = new Map<string, Histogram>();

  constructor(
    private readonly registry: Registry,
    private readonly model: string,
    private readonly version: string,
  ) {
    this.phases = Object.fromEntries(
      PHASES.map((phase) => [phase, registry.histogram('phaseSeconds', model, version, phase)]),
    ) as Record<Phase, Histogram>;
  }

  requests(signature: string, api: string, protocol: string, status: string): Counter {
    const key = `${signature}\u0000${api}\u0000${protocol}\u0000${status}`;
    let counter = this.#requests.get(key);
    if (counter === undefined) {
      counter = this.registry.counter('requests', this.model, this.version, signature, api, protocol, status);
      this.#requests.set(key, counter);
    }
    return counter;
  }

  seconds(api: string, protocol: string): Histogram {
    const key = `${api}\u0000${protocol}`;
    let histogram = this.#seconds.get(key);
    if (histogram === undefined) {
      histogram = this.registry.histogram('requestSeconds', this.model, this.version, api, protocol);
      this.#seconds.set(key, histogram);
    }
    return histogram;
  }
}

/** Instruments of each servable, and of requests that found none. */
export class Instruments {
  readonly #byServable = new WeakMap<Servable, ServableInstruments>();
  readonly unknown: ServableInstruments;
  readonly received: Counter;
  readonly sent: Counter;
  readonly #serving = new Map<string, { count: Counter; latency: Histogram | undefined }>();

  /** `hasServingNames`: whether metrics are recorded under TensorFlow Serving's names too. */
  constructor(
    private readonly registry: Registry,
    private readonly hasServingNames: boolean,
  ) {
    this.unknown = new ServableInstruments(registry, '', '');
    this.received = registry.counter('receivedBytes', 'rest');
    this.sent = registry.counter('sentBytes', 'rest');
  }

  /** Counts under TensorFlow Serving's names, which know latencies of successes only, in microseconds. */
  countServing(model: string, api: string, status: string, ms: number): void {
    if (!this.hasServingNames) return;
    const key = `${model}\u0000${api}\u0000${status}`;
    let found = this.#serving.get(key);
    if (found === undefined) {
      found = {
        count: this.registry.counter('servingRequestCount', model, status),
        latency:
          status === 'OK'
            ? this.registry.histogram('servingRequestLatency', model, isRun(api) ? api : '', 'REST')
            : undefined,
      };
      this.#serving.set(key, found);
    }
    found.count.add();
    found.latency?.observe(ms * 1000);
  }

  of(servable: Servable | undefined): ServableInstruments {
    if (servable === undefined) return this.unknown;
    let instruments = this.#byServable.get(servable);
    if (instruments === undefined) {
      instruments = new ServableInstruments(this.registry, servable.model, String(servable.version));
      this.#byServable.set(servable, instruments);
    }
    return instruments;
  }
}

function isRun(api: string): boolean {
  return api === 'predict' || api === 'classify' || api === 'regress';
}
