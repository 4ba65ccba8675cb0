import type { Counter, Histogram, Registry } from '../metrics/registry.js';
import type { Servable } from '../repository/types.js';
import { ServingInstruments } from './serving-instruments.js';

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
  readonly #serving: ServingInstruments | undefined;

  /** `hasServingNames`: whether metrics are recorded under TensorFlow Serving's names too. */
  constructor(
    private readonly registry: Registry,
    hasServingNames: boolean,
  ) {
    this.unknown = new ServableInstruments(registry, '', '');
    this.received = registry.counter('receivedBytes', 'rest');
    this.sent = registry.counter('sentBytes', 'rest');
    this.#serving = hasServingNames ? new ServingInstruments(registry, 'REST') : undefined;
  }

  /** Counts under TensorFlow Serving's names. */
  countServing(model: string, api: string, status: string, ms: number, computeMs: number | undefined): void {
    this.#serving?.count(model, isRun(api) ? api : '', status, ms, computeMs);
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
