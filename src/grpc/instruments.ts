import { ServableInstruments } from '../http/instruments.js';
import { ServingInstruments } from '../http/serving-instruments.js';
import type { Counter, Registry } from '../metrics/registry.js';
import type { Servable } from '../repository/types.js';

/** Counters of the gRPC interface, by servable; names without a servable share one series. */
export class GrpcInstruments {
  readonly received: Counter;
  readonly sent: Counter;
  readonly #unknown: ServableInstruments;
  readonly #byServable = new WeakMap<Servable, ServableInstruments>();

  readonly #serving: ServingInstruments | undefined;

  /** `hasServingNames`: whether metrics are recorded under TensorFlow Serving's names too. */
  constructor(
    private readonly registry: Registry,
    hasServingNames: boolean,
  ) {
    this.#serving = hasServingNames ? new ServingInstruments(registry, 'GRPC') : undefined;
    this.received = registry.counter('receivedBytes', 'grpc');
    this.sent = registry.counter('sentBytes', 'grpc');
    this.#unknown = new ServableInstruments(registry, '', '');
  }

  count(servable: Servable | undefined, signature: string, api: string, code: string, ms: number): void {
    const instruments = this.#of(servable);
    instruments.requests(signature, api, 'grpc', code).add();
    instruments.seconds(api, 'grpc').observe(ms / 1000);
    this.#serving?.count(servable?.model ?? '', api, code, ms, undefined);
  }

  #of(servable: Servable | undefined): ServableInstruments {
    if (servable === undefined) return this.#unknown;
    let found = this.#byServable.get(servable);
    if (found === undefined) {
      found = new ServableInstruments(this.registry, servable.model, String(servable.version));
      this.#byServable.set(servable, found);
    }
    return found;
  }
}
