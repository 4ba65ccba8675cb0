import type { Node, Value } from '../../../graph/ir.js';
import { attrBool, constInts } from '../../layout/graph-reading.js';
import {
  addMatrices,
  constantMatrix,
  identity,
  type Matrix,
  multiply,
  scaleCols,
  sliceCols,
  sliceRows,
  zeros,
} from './matrix.js';

/** Columns that are one sum of products: `Σ basis · matrix + bias`. */
export interface Segment {
  readonly width: number;
  readonly terms: ReadonlyMap<Value, Matrix>;
  readonly bias: Matrix | undefined;
}

/** A tensor [rows, width] as an affine function of other tensors, column range by column range. */
export type Form = readonly Segment[];

const MAX_WEIGHTS = 1 << 25;

/**
 * Writes the values of a loop body as affine functions of each other: what is not an affine operation on
 * float32 matrices is a basis of its own.
 */
export class Forms {
  readonly #known = new Map<Value, Form | undefined>();

  /** The form of a value of known width; undefined when it is no matrix of rows. */
  of(value: Value): Form | undefined {
    if (this.#known.has(value)) return this.#known.get(value);
    const width = widthOf(value);
    const form =
      width === undefined
        ? undefined
        : ((value.producer && this.#through(value.producer, value)) ?? basis(value, width));
    this.#known.set(value, form);
    return form;
  }

  /** One segment: the whole value as one sum. */
  whole(value: Value): Segment | undefined {
    const form = this.of(value);
    return form?.length === 1 ? form[0] : undefined;
  }

  #through(node: Node, output: Value): Form | undefined {
    const [a, b] = node.inputs;
    switch (node.op) {
      case 'MatMul':
        return this.#matMul(node);
      case 'BiasAdd':
      case 'Add':
      case 'AddV2':
        return this.#add(a!, b!, 1);
      case 'Sub':
        return b?.constant === undefined ? undefined : this.#add(a!, b, -1);
      case 'Mul':
        return this.#scale(a!, b!) ?? this.#scale(b!, a!);
      case 'RealDiv':
        return b?.constant === undefined ? undefined : this.#scale(a!, b, true);
      case 'Split':
        return this.#split(node, output);
      case 'SplitV':
        return this.#splitV(node, output);
      case 'StridedSlice':
        return this.#slice(node);
      case 'ConcatV2':
        return this.#concat(node);
      default:
        return undefined;
    }
  }

  #matMul(node: Node): Form | undefined {
    const [left, right] = node.inputs as [Value, Value];
    const weights = right.constant;
    if (weights?.dtype !== 'float32' || weights.shape.length !== 2 || attrBool(node, 'transpose_a'))
      return undefined;
    if (weights.shape[0]! * weights.shape[1]! > MAX_WEIGHTS) return undefined;
    const form = this.of(left);
    if (form === undefined) return undefined;
    const matrix = constantMatrix(weights, attrBool(node, 'transpose_b'));
    let row = 0;
    let sum: Segment = { width: matrix.cols, terms: new Map(), bias: undefined };
    for (const segment of form) {
      const own = sliceRows(matrix, row, row + segment.width);
      row += segment.width;
      const terms = new Map([...segment.terms].map(([value, each]) => [value, multiply(each, own)]));
      sum = addSegments(
        sum,
        { width: matrix.cols, terms, bias: segment.bias && multiply(segment.bias, own) },
        1,
      );
    }
    return [sum];
  }

  #add(a: Value, b: Value, sign: 1 | -1): Form | undefined {
    if (a.constant !== undefined) return sign === 1 ? this.#add(b, a, 1) : undefined;
    const left = this.of(a);
    if (left === undefined) return undefined;
    const width = sumWidth(left);
    const right = b.constant === undefined ? this.of(b) : constantForm(b, width);
    if (right === undefined || sumWidth(right) !== width) return undefined;
    const cuts = [...new Set([...cutsOf(left), ...cutsOf(right)])].sort((x, y) => x - y);
    const [l, r] = [cutForm(left, cuts), cutForm(right, cuts)];
    return l.map((segment, i) => addSegments(segment, r[i]!, sign));
  }

  #scale(a: Value, factor: Value, isDivision = false): Form | undefined {
    const { constant } = factor;
    const form = constant === undefined || a.constant !== undefined ? undefined : this.of(a);
    if (constant?.dtype !== 'float32' || form === undefined) return undefined;
    const given = constantMatrix(constant);
    const width = sumWidth(form);
    if (given.rows !== 1 || (given.cols !== 1 && given.cols !== width)) return undefined;
    const scale: Matrix = isDivision
      ? { ...given, read: () => given.read().map((value) => 1 / value) }
      : given;
    let at = 0;
    return form.map((segment) => {
      const own = scale.cols === 1 ? scale : sliceCols(scale, at, at + segment.width);
      at += segment.width;
      const terms = new Map([...segment.terms].map(([value, each]) => [value, scaleCols(each, own)]));
      return { ...segment, terms, bias: segment.bias && scaleCols(segment.bias, own) };
    });
  }

  #split(node: Node, output: Value): Form | undefined {
    const [axis] = constInts(node.inputs[0]) ?? [];
    const form = axis === 1 || axis === -1 ? this.of(node.inputs[1]!) : undefined;
    if (form === undefined) return undefined;
    const width = sumWidth(form) / node.outputs.length;
    const at = node.outputs.indexOf(output) * width;
    return takeCols(form, at, at + width);
  }

  #splitV(node: Node, output: Value): Form | undefined {
    const [value, sizes, axis] = node.inputs;
    const [along] = constInts(axis) ?? [];
    const form = along === 1 || along === -1 ? this.of(value!) : undefined;
    const widths = constInts(sizes);
    if (form === undefined || widths === undefined) return undefined;
    const rest = sumWidth(form) - widths.reduce((sum, width) => sum + Math.max(width, 0), 0);
    const known = widths.map((width) => (width < 0 ? rest : width));
    const position = node.outputs.indexOf(output);
    const at = known.slice(0, position).reduce((sum, width) => sum + width, 0);
    return takeCols(form, at, at + known[position]!);
  }

  /** `value[:, from:to]` */
  #slice(node: Node): Form | undefined {
    const [value, begin, end, strides] = node.inputs;
    const form = this.of(value!);
    const [from, to, steps] = [constInts(begin), constInts(end), constInts(strides)];
    const mask = (name: string) => {
      const attr = node.attrs.get(name);
      return attr?.kind === 'i' ? Number(attr.value) : 0;
    };
    if (form === undefined || from?.length !== 2 || to?.length !== 2 || steps?.some((step) => step !== 1))
      return undefined;
    if (mask('ellipsis_mask') + mask('new_axis_mask') + mask('shrink_axis_mask') > 0) return undefined;
    if ((mask('begin_mask') & 1) === 0 || (mask('end_mask') & 1) === 0) return undefined;
    const width = sumWidth(form);
    const clamp = (at: number) => Math.min(Math.max(at < 0 ? at + width : at, 0), width);
    const first = (mask('begin_mask') & 2) !== 0 ? 0 : clamp(from[1]!);
    const last = (mask('end_mask') & 2) !== 0 ? width : clamp(to[1]!);
    return last > first ? takeCols(form, first, last) : undefined;
  }

  #concat(node: Node): Form | undefined {
    const parts = node.inputs.slice(0, -1);
    const [axis] = constInts(node.inputs.at(-1)) ?? [];
    if (axis !== 1 && axis !== -1) return undefined;
    const forms = parts.map((part) => (part.constant === undefined ? this.of(part) : undefined));
    return forms.every((form) => form !== undefined) ? (forms as Form[]).flat() : undefined;
  }
}

/** Width of a float32 matrix with a row per example. */
export function widthOf({ dtype, shape, constant }: Value): number | undefined {
  const width = shape?.[1];
  return dtype === 'float32' && constant === undefined && shape?.length === 2 && typeof width === 'number'
    ? width
    : undefined;
}

function basis(value: Value, width: number): Form {
  return [{ width, terms: new Map([[value, identity(width)]]), bias: undefined }];
}

function constantForm({ constant }: Value, width: number): Form | undefined {
  if (constant?.dtype !== 'float32') return undefined;
  const given = constantMatrix(constant);
  if (given.rows !== 1 || (given.cols !== 1 && given.cols !== width)) return undefined;
  const bias = given.cols === width ? given : addScalar(width, given);
  return [{ width, terms: new Map(), bias }];
}

function addScalar(width: number, scalar: Matrix): Matrix {
  const blank = zeros(width);
  return { ...blank, read: () => new Float32Array(width).fill(scalar.read()[0]!) };
}

function sumWidth(form: Form): number {
  return form.reduce((sum, { width }) => sum + width, 0);
}

function cutsOf(form: Form): number[] {
  let at = 0;
  return form.map(({ width }) => {
    at += width;
    return at;
  });
}

function cutForm(form: Form, cuts: readonly number[]): Segment[] {
  let from = 0;
  return cuts.map((to) => {
    const [segment] = takeCols(form, from, to);
    from = to;
    return segment!;
  });
}

function takeCols(form: Form, from: number, to: number): Segment[] {
  let at = 0;
  return form.flatMap((segment) => {
    const [first, last] = [Math.max(from - at, 0), Math.min(to - at, segment.width)];
    at += segment.width;
    if (last <= first) return [];
    const terms = new Map([...segment.terms].map(([value, each]) => [value, sliceCols(each, first, last)]));
    return [{ width: last - first, terms, bias: segment.bias && sliceCols(segment.bias, first, last) }];
  });
}

function addSegments(a: Segment, b: Segment, sign: 1 | -1): Segment {
  const terms = new Map(a.terms);
  for (const [value, matrix] of b.terms) {
    const known = terms.get(value);
    if (known !== undefined) terms.set(value, addMatrices(known, matrix, sign));
    else terms.set(value, sign === 1 ? matrix : addMatrices(zeros(matrix.cols, matrix.rows), matrix, -1));
  }
  const bias = b.bias === undefined ? a.bias : addMatrices(a.bias ?? zeros(a.width), b.bias, sign);
  return { width: a.width, terms, bias };
}
