import type { Dim } from '../../base/shape.js';
import { divideExactly } from '../../graph/dims.js';
import type { Node, Value } from '../../graph/ir.js';
import { AttrReader } from '../../savedmodel/attr-reader.js';

/**
 * How a value depends on the batch.
 * - `fixed`: not at all.
 * - `size`: on the number of rows only, not on what is in them.
 * - `rows`: dimension 0 is the batch times `group`, and the entries of a row depend on that row of the inputs only.
 * - `mixed`: in any other way.
 */
export type Flow =
  | { readonly kind: 'fixed' | 'size' | 'mixed' }
  | { readonly kind: 'rows'; readonly group: Dim };

export const FIXED: Flow = { kind: 'fixed' };
export const SIZE: Flow = { kind: 'size' };
export const MIXED: Flow = { kind: 'mixed' };
export const ROWS: Flow = { kind: 'rows', group: 1 };

/** One node as the rules see it. */
export class FlowContext {
  readonly attrs: AttrReader;

  constructor(
    readonly node: Node,
    readonly flows: readonly Flow[],
    private readonly batchNames: ReadonlySet<string>,
  ) {
    this.attrs = new AttrReader(node.op, node.name, node.attrs);
  }

  flow(index: number): Flow {
    return this.flows.at(index) ?? MIXED;
  }

  isFixed(index: number): boolean {
    return this.flow(index).kind === 'fixed';
  }

  /** Whether all inputs from `index` on are fixed. */
  areFixedFrom(index: number): boolean {
    return this.flows.slice(index).every(({ kind }) => kind === 'fixed');
  }

  shape(index: number): readonly Dim[] | undefined {
    return this.node.inputs.at(index)?.shape ?? undefined;
  }

  rank(index: number): number | undefined {
    return this.shape(index)?.length;
  }

  outputShape(index = 0): readonly Dim[] | undefined {
    return this.node.outputs[index]?.shape ?? undefined;
  }

  /** The elements of a small integer constant. */
  ints(index: number): readonly number[] | undefined {
    const value = this.node.inputs.at(index);
    if (value === undefined) return undefined;
    const known = elementsOf(value);
    return known?.every((dim) => typeof dim === 'number') ? (known as number[]) : undefined;
  }

  /** Elements that may be sizes of dimensions. */
  elements(index: number): readonly Dim[] | undefined {
    const value = this.node.inputs.at(index);
    return value === undefined ? undefined : elementsOf(value);
  }

  /** A constant axis counted from the front of a rank. */
  axis(index: number, rank: number | undefined): number | undefined {
    const given = this.ints(index);
    return given?.length === 1 ? frontAxis(given[0], rank) : undefined;
  }

  /** The batch rows that dimension `dim` holds each of: `dim` / batch. */
  groupOf(dim: Dim | undefined): Dim | undefined {
    if (dim === undefined) return undefined;
    for (const name of this.batchNames) {
      const group = divideExactly(dim, name);
      if (group !== undefined && !mentionsBatch(group, this.batchNames)) return group;
    }
    return undefined;
  }

  isBatch(dim: Dim | undefined): boolean {
    return typeof dim === 'string' && this.batchNames.has(dim);
  }
}

/** Whether a dimension's expression has the batch in it. */
export function mentionsBatch(dim: Dim, batchNames: ReadonlySet<string>): boolean {
  if (typeof dim === 'number') return false;
  return (dim.match(/~?[A-Za-z_]\w*/g) ?? []).some((name) => batchNames.has(name) || name.startsWith('~'));
}

const MAX_ELEMENTS = 64;

function elementsOf(value: Value): readonly Dim[] | undefined {
  if (value.elements !== undefined) return value.elements;
  const { constant } = value;
  if (constant === undefined || constant.dtype === 'string') return undefined;
  if (constant.shape.reduce((product, dim) => product * dim, 1) > MAX_ELEMENTS) return undefined;
  const tensor = constant.read();
  return tensor.dtype === 'string'
    ? undefined
    : Array.from<number | bigint>(tensor.data as Iterable<number>).map(Number);
}

export function frontAxis(axis: number | undefined, rank: number | undefined): number | undefined {
  if (axis === undefined) return undefined;
  if (axis >= 0) return axis;
  return rank === undefined ? undefined : axis + rank;
}

/** Rows of the same grouping as an input's. */
export function rowsLike(flow: Flow): Flow {
  return flow.kind === 'rows' ? flow : MIXED;
}
