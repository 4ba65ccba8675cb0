import { TfdeployError } from '../base/error.js';
import type { Value } from '../graph/ir.js';
import type { Emitter } from './emitter.js';
import type { Ref } from './types.js';

/** The ONNX names of graph values while nodes are converted one after the other. */
export class RefTable {
  readonly #refs = new Map<number, Ref>();

  /** A table with a `parent` is that of a body, which sees the tensors around it. */
  constructor(
    private readonly onnx: Emitter,
    private readonly parent?: RefTable,
  ) {}

  set(value: Value, ref: Ref): void {
    this.#refs.set(value.id, ref);
  }

  /** The tensor of a value; a constant becomes an initializer on first use. */
  get(value: Value): Ref {
    const known = this.#find(value);
    if (known !== undefined) return known;
    // Constants of a body stand outside, where all turns and both branches share one.
    if (value.constant !== undefined && this.parent !== undefined) return this.parent.get(value);
    if (value.constant === undefined) {
      throw new TfdeployError('TFD_GRAPH_INVALID', `"${value.name}" is used before it is made`);
    }
    const ref = this.onnx.constant(value.constant);
    this.#refs.set(value.id, ref);
    return ref;
  }

  #find(value: Value): Ref | undefined {
    const own = this.#refs.get(value.id);
    return own === undefined && this.parent !== undefined ? this.parent.#find(value) : own;
  }
}
