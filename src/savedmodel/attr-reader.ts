import { type DType, dtypeFromTf } from '../base/dtype.js';
import { TfdeployError } from '../base/error.js';
import type { Shape } from '../base/shape.js';
import type { AttrValue, FunctionRef, TensorValue } from './types.js';

type Kind = AttrValue['kind'];
type ValueOf<K extends Kind> = Extract<AttrValue, { kind: K }>['value'];

const decoder = new TextDecoder();

/**
 * Typed access to a node's attributes that remembers which were read, so that a non-default attribute
 * nobody looked at can be refused instead of guessed. Every getter throws TFD_GRAPH_INVALID naming the
 * node, the operation and the attribute when it is absent (unless a fallback is given) or of another kind.
 */
export class AttrReader {
  readonly read = new Set<string>();

  constructor(
    private readonly op: string,
    private readonly nodeName: string,
    readonly attrs: ReadonlyMap<string, AttrValue>,
  ) {}

  has(name: string): boolean {
    this.read.add(name);
    return this.attrs.has(name);
  }

  int(name: string, fallback?: number): number {
    const value = this.#get(name, 'i', fallback === undefined ? undefined : BigInt(fallback));
    if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)) {
      throw this.#bad(name, `${value} is too large`);
    }
    return Number(value);
  }

  bigint(name: string, fallback?: bigint): bigint {
    return this.#get(name, 'i', fallback);
  }

  float(name: string, fallback?: number): number {
    return this.#get(name, 'f', fallback);
  }

  bool(name: string, fallback?: boolean): boolean {
    return this.#get(name, 'b', fallback);
  }

  string(name: string, fallback?: string): string {
    return decoder.decode(
      this.bytes(name, fallback === undefined ? undefined : new TextEncoder().encode(fallback)),
    );
  }

  bytes(name: string, fallback?: Uint8Array): Uint8Array {
    return this.#get(name, 's', fallback);
  }

  dtype(name: string, fallback?: DType): DType {
    if (fallback !== undefined && !this.has(name)) return fallback;
    return dtypeFromTf(
      this.#get(name, 'type', undefined),
      `node "${this.nodeName}" (${this.op}), attribute "${name}"`,
    );
  }

  shape(name: string, fallback?: Shape): Shape {
    return this.#get(name, 'shape', fallback);
  }

  tensor(name: string): TensorValue {
    return this.#get(name, 'tensor', undefined);
  }

  func(name: string): FunctionRef {
    return this.#get(name, 'func', undefined);
  }

  ints(name: string, fallback?: readonly number[]): number[] {
    return this.#list(name, 'i', fallback?.map(BigInt)).map(Number);
  }

  ints64(name: string, fallback?: readonly bigint[]): bigint[] {
    return this.#list(name, 'i', fallback);
  }

  floats(name: string, fallback?: readonly number[]): number[] {
    return this.#list(name, 'f', fallback);
  }

  bools(name: string, fallback?: readonly boolean[]): boolean[] {
    return this.#list(name, 'b', fallback);
  }

  strings(name: string, fallback?: readonly string[]): string[] {
    const encoder = new TextEncoder();
    return this.#list(
      name,
      's',
      fallback?.map((s) => encoder.encode(s)),
    ).map((bytes) => decoder.decode(bytes));
  }

  dtypes(name: string): DType[] {
    const where = `node "${this.nodeName}" (${this.op}), attribute "${name}"`;
    return this.#list(name, 'type', undefined).map((number) => dtypeFromTf(number, where));
  }

  shapes(name: string, fallback?: readonly Shape[]): Shape[] {
    return this.#list(name, 'shape', fallback);
  }

  funcs(name: string): FunctionRef[] {
    return this.#list(name, 'func', undefined);
  }

  #get<K extends Kind>(name: string, kind: K, fallback: ValueOf<K> | undefined): ValueOf<K> {
    this.read.add(name);
    const attr = this.attrs.get(name);
    if (attr === undefined) {
      if (fallback !== undefined) return fallback;
      throw this.#bad(name, 'is missing');
    }
    if (attr.kind !== kind) throw this.#bad(name, `is of kind "${attr.kind}", not "${kind}"`);
    return attr.value as ValueOf<K>;
  }

  #list<K extends Kind>(name: string, kind: K, fallback: readonly ValueOf<K>[] | undefined): ValueOf<K>[] {
    if (fallback !== undefined && !this.has(name)) return [...fallback];
    const items = this.#get(name, 'list', undefined) as readonly AttrValue[];
    return items.map((item) => {
      if (item.kind !== kind) throw this.#bad(name, `holds an item of kind "${item.kind}", not "${kind}"`);
      return item.value as ValueOf<K>;
    });
  }

  #bad(name: string, what: string): TfdeployError {
    return new TfdeployError(
      'TFD_GRAPH_INVALID',
      `node "${this.nodeName}" (${this.op}): attribute "${name}" ${what}`,
      {
        details: { node: this.nodeName, op: this.op, attribute: name },
      },
    );
  }
}
