import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../src/base/tensor.js';
import { interpret } from '../../src/graph/interpret.js';
import {
  attr,
  constant,
  type NodeSpec,
  node,
  placeholder,
  type SavedModelSpec,
} from '../fixtures/saved-model-writer.js';
import { fitsShape } from './dim-values.js';
import { floats, graphOf, T, tensor } from './models.js';

const I = { T: attr.type('int32') };
const TIDX = { ...T, Tidx: attr.type('int32') };

/** A random graph: leaves with their values, and nodes whose shapes are known while it is made. */
class Growing {
  readonly leaves: { name: string; shape: number[]; values: number[] }[] = [];
  readonly nodes: NodeSpec[] = [];
  readonly tensors: { name: string; shape: number[] }[] = [];

  constructor(private readonly pick: (below: number) => number) {}

  leaf(): void {
    const shape = Array.from({ length: this.pick(4) }, () => this.pick(4));
    const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => this.pick(17) - 8);
    const name = `leaf${this.leaves.length}`;
    this.leaves.push({ name, shape, values });
    this.tensors.push({ name, shape });
  }

  #take(accepts: (shape: number[]) => boolean = () => true) {
    const fitting = this.tensors.filter(({ shape }) => accepts(shape));
    return fitting.length === 0 ? undefined : fitting[this.pick(fitting.length)];
  }

  #ints(values: readonly number[]): string {
    const name = `ints${this.nodes.length}`;
    this.nodes.push(
      constant(name, 'int32', [values.length], values.length === 0 ? new Uint8Array() : values),
    );
    return name;
  }

  #add(op: string, inputs: string[], attrs: NodeSpec['attrs'], shape: number[]): void {
    const name = `n${this.nodes.length}`;
    this.nodes.push(node(name, op, inputs, attrs));
    this.tensors.push({ name, shape });
  }

  grow(): void {
    const source = this.#take()!;
    const { name, shape } = source;
    const axis = this.pick(Math.max(1, shape.length));
    const makers: (() => void)[] = [
      () => this.#add(['Neg', 'Tanh', 'Relu', 'Square'][this.pick(4)]!, [name], T, shape),
      () => {
        const other = this.#take((o) => broadcast(shape, o) !== undefined)!;
        const op = ['AddV2', 'Mul', 'Sub', 'Maximum'][this.pick(4)]!;
        this.#add(op, [name, other.name], T, broadcast(shape, other.shape)!);
      },
      () => {
        const perm = shape.map((_, i) => i);
        for (let i = perm.length - 1; i > 0; i--) {
          const j = this.pick(i + 1);
          [perm[i], perm[j]] = [perm[j]!, perm[i]!];
        }
        const moved = perm.map((i) => shape[i]!);
        this.#add('Transpose', [name, this.#ints(perm)], { ...T, Tperm: attr.type('int32') }, moved);
      },
      () => {
        if (shape.length === 0) return;
        const keep = this.pick(2) === 1;
        const reduced = keep ? shape.with(axis, 1) : shape.toSpliced(axis, 1);
        this.#add('Sum', [name, this.#ints([axis])], { ...TIDX, keep_dims: attr.bool(keep) }, reduced);
      },
      () => {
        if (shape.length === 0) return;
        const other = this.#take(
          (o) => o.length === shape.length && o.every((d, i) => i === axis || d === shape[i]),
        )!;
        const at = `axis${this.nodes.length}`;
        this.nodes.push(constant(at, 'int32', [], [axis]));
        const joined = shape.with(axis, shape[axis]! + other.shape[axis]!);
        this.#add('ConcatV2', [name, other.name, at], { ...TIDX, N: attr.int(2) }, joined);
      },
      () => {
        if (shape.length === 0) return;
        const begin = this.pick(shape[axis]! + 1);
        const start = shape.map((_, i) => (i === axis ? begin : 0));
        const sizes = shape.map((_, i) => (i === axis ? -1 : -1));
        const inputs = [name, this.#ints(start), this.#ints(sizes)];
        this.#add(
          'Slice',
          inputs,
          { ...T, Index: attr.type('int32') },
          shape.with(axis, shape[axis]! - begin),
        );
      },
      () => this.#flatten(name, shape),
      () => {
        const other = this.#take((o) => o.join() === shape.join())!;
        this.#add(
          'Pack',
          [name, other.name],
          { ...T, N: attr.int(2), axis: attr.int(axis) },
          shape.toSpliced(axis, 0, 2),
        );
      },
    ];
    if (shape.reduce((a, b) => a * b, 1) < 500) makers[this.pick(makers.length)]!();
  }

  /** Reshape to [rows, −1] by way of the shape, as Keras does it. */
  #flatten(name: string, shape: number[]): void {
    if (shape.length === 0 || shape.includes(0)) return;
    const n = this.nodes.length;
    this.nodes.push(
      node(`shape${n}`, 'Shape', [name], T),
      constant(`from${n}`, 'int32', [1], [0]),
      constant(`to${n}`, 'int32', [1], [1]),
      constant(`open${n}`, 'int32', [], [-1]),
      node(`rows${n}`, 'StridedSlice', [`shape${n}`, `from${n}`, `to${n}`, `to${n}`], {
        ...I,
        Index: attr.type('int32'),
        shrink_axis_mask: attr.int(1),
      }),
      node(`target${n}`, 'Pack', [`rows${n}`, `open${n}`], { ...I, N: attr.int(2) }),
    );
    const rows = shape[0]!;
    this.#add('Reshape', [name, `target${n}`], T, [rows, shape.slice(1).reduce((a, b) => a * b, 1)]);
  }
}

function broadcast(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const shape = Array.from({ length: rank }, (_, i) => {
    const [x, y] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1];
    return x === y || y === 1 ? x : x === 1 ? y : -1;
  });
  return shape.includes(-1) ? undefined : shape;
}

type Leaf = Growing['leaves'][number];

/** The graph with each leaf as `asInput` says: fed (with some sizes unknown), or a constant. */
function modelOf(growing: Growing, asInput: (leaf: Leaf) => readonly number[] | undefined): SavedModelSpec {
  const inputs: Record<string, ReturnType<typeof tensor>> = {};
  const leaves = growing.leaves.map((leaf): NodeSpec => {
    const { name, shape, values } = leaf;
    const declared = asInput(leaf);
    if (declared === undefined)
      return constant(name, 'float32', shape, values.length === 0 ? new Uint8Array() : values);
    inputs[name] = tensor(`${name}:0`, declared);
    return placeholder(name, 'float32', declared);
  });
  const outputs = growing.tensors.map(({ name }) => [name, tensor(`${name}:0`, null)] as const);
  return {
    nodes: [...leaves, ...growing.nodes],
    signatures: { serving_default: { inputs, outputs: Object.fromEntries(outputs) } },
  };
}

function valuesOf(growing: Growing): Map<string, Tensor> {
  return new Map(growing.leaves.map(({ name, shape, values }) => [name, floats(values, shape)]));
}

const graphs = fc.array(fc.nat(1_000_000), { minLength: 60, maxLength: 60 }).map((seeds) => {
  let at = 0;
  const pick = (below: number) => seeds[at++ % seeds.length]! % below;
  const growing = new Growing(pick);
  for (let i = 0; i < 4; i++) growing.leaf();
  for (let i = 0; i < 12; i++) growing.grow();
  return growing;
});

describe('random graphs', () => {
  it('give the same whether leaves are folded or fed', () => {
    fc.assert(
      fc.property(graphs, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), (growing, fed) => {
        const leafNumber = (leaf: Leaf) => growing.leaves.indexOf(leaf);
        const values = valuesOf(growing);
        const all = interpret(graphOf(modelOf(growing, (leaf) => leaf.shape)), values);
        const some = interpret(
          graphOf(modelOf(growing, (leaf) => (fed[leafNumber(leaf)] ? leaf.shape : undefined))),
          values,
        );
        expect(some).toEqual(all);
      }),
      { numRuns: 150 },
    );
  });

  it('have the shapes that were inferred, whatever sizes were unknown', () => {
    fc.assert(
      fc.property(graphs, fc.nat(), (growing, mask) => {
        const sizes = new Map<string, number>();
        const graph = graphOf(
          modelOf(growing, ({ shape }) => shape.map((size, i) => (((mask >> i) & 1) === 1 ? -1 : size))),
        );
        for (const { name, value } of graph.inputs) {
          const real = growing.leaves.find((leaf) => leaf.name === name)!.shape;
          value.shape!.forEach((dim, i) => {
            if (typeof dim === 'string') sizes.set(dim, real[i]!);
          });
        }
        const wrong: string[] = [];
        interpret(graph, valuesOf(growing), {
          observe: (each, outputs) => {
            each.outputs.forEach((value, i) => {
              const { shape } = outputs[i] as Tensor;
              if (value.shape === null) wrong.push(`${each.op}: unknown`);
              else if (!fitsShape(value.shape, shape, sizes))
                wrong.push(`${each.op}: ${value.shape} is ${shape}`);
            });
          },
        });
        expect(wrong).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});
