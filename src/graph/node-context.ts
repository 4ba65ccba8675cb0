import type { DType } from '../base/dtype.js';
import type { Dim, Shape } from '../base/shape.js';
import { elementCount } from '../base/tensor.js';
import { AttrReader } from '../savedmodel/attr-reader.js';
import { readInts } from './constants.js';
import type { Node, Value } from './ir.js';
import type { ShapeContext } from './shapes/types.js';

const MAX_ELEMENTS = 256;

/** Gives out names for sizes and integers that are not known. */
export class DimNames {
  #next = 0;

  size(): Dim {
    return `u${this.#next++}`;
  }

  integer(): Dim {
    return `~i${this.#next++}`;
  }
}

/** The known elements of an integer value of rank 0 or 1, from its constant or from inference. */
export function elementsOf(value: Value): readonly Dim[] | undefined {
  if (value.elements !== undefined) return value.elements;
  const { constant } = value;
  if (constant === undefined || constant.shape.length > 1 || (constant.shape[0] ?? 1) > MAX_ELEMENTS) {
    return undefined;
  }
  const ints = readInts(constant);
  if (ints !== undefined) value.elements = ints;
  return ints;
}

/** A node as shape functions and element functions see it. */
export class NodeContext implements ShapeContext {
  readonly attrs: AttrReader;

  constructor(
    private readonly node: Node,
    private readonly names: DimNames,
  ) {
    this.attrs = new AttrReader(node.op, node.name, node.attrs);
  }

  get op(): string {
    return this.node.op;
  }

  get inputCount(): number {
    return this.node.inputs.length;
  }

  get outputCount(): number {
    return this.node.outputs.length;
  }

  #input(index: number): Value | undefined {
    return this.node.inputs.at(index);
  }

  shape(index: number): Shape {
    return this.#input(index)?.shape ?? null;
  }

  dims(index: number): readonly Dim[] | undefined {
    return this.shape(index) ?? undefined;
  }

  rank(index: number): number | undefined {
    return this.shape(index)?.length;
  }

  dtype(index: number): DType | undefined {
    return this.#input(index)?.dtype;
  }

  ints(index: number): readonly Dim[] | undefined {
    const value = this.#input(index);
    return value === undefined ? undefined : elementsOf(value);
  }

  nameInts(index: number): readonly Dim[] | undefined {
    const value = this.#input(index);
    if (value === undefined) return undefined;
    const known = elementsOf(value);
    if (known !== undefined) return known;
    const isInteger = value.dtype === 'int32' || value.dtype === 'int64';
    const length = value.shape?.length === 0 ? 1 : value.shape?.length === 1 ? value.shape[0] : undefined;
    if (!isInteger || typeof length !== 'number' || length > MAX_ELEMENTS) return undefined;
    value.elements = Array.from({ length }, () => this.names.integer());
    return value.elements;
  }

  constInts(index: number): readonly number[] | undefined {
    const elements = this.ints(index);
    return elements?.every((element) => typeof element === 'number')
      ? (elements as readonly number[])
      : undefined;
  }

  constInt(index: number): number | undefined {
    return this.constInts(index)?.[0];
  }

  constMatrix(index: number): readonly number[] | undefined {
    const constant = this.#input(index)?.constant;
    if (constant?.shape.length !== 2 || elementCount(constant.shape) > MAX_ELEMENTS) return undefined;
    return readInts(constant);
  }

  constNumber(index: number): number | undefined {
    const constant = this.#input(index)?.constant;
    if (constant === undefined) return this.constInt(index);
    if (constant.shape.length > 0 || !/^(float(32|64)|u?int\d+)$/.test(constant.dtype)) return undefined;
    return Number((constant.read().data as ArrayLike<number | bigint>)[0]);
  }

  length(index: number): number | undefined {
    const dims = this.dims(index);
    return dims?.length === 1 && typeof dims[0] === 'number' ? dims[0] : undefined;
  }

  fresh(): Dim {
    return this.names.size();
  }
}
