import { TfdeployError } from '../../base/error.js';
import type { Decoded } from '../wire/schema.js';
import { type FeatureColumn, GROUP_NAMES } from './columns.js';
import type { FOREST_SCHEMA } from './schema.js';
import { CONDITIONS, type Forest } from './types.js';

type Tables = (typeof FOREST_SCHEMA)['tables'];
export type TreeNode = Decoded<Tables, 'Node'>;
type Condition = NonNullable<NonNullable<TreeNode['condition']>['condition']>;

/** What a leaf adds to which of the sums. */
export type LeafPairs = readonly (readonly [dim: number, value: number])[];

const MISSING_KINDS = {
  number: CONDITIONS.numberMissing,
  flag: CONDITIONS.flagMissing,
  category: CONDITIONS.categoryMissing,
  set: CONDITIONS.setMissing,
} as const;

/** Bits above which a set of categories is surely corrupt. */
const MAX_CATEGORY = 1 << 24;

/** Gathers the nodes of trees, which come in depth-first order with the negative child first. */
export class TreeWriter {
  readonly roots: number[] = [];
  readonly #kind: number[] = [];
  readonly #takeIfMissing: number[] = [];
  readonly #slot: number[] = [];
  readonly #threshold: number[] = [];
  readonly #positive: number[] = [];
  readonly #operand: number[] = [];
  readonly #count: number[] = [];
  readonly #dims: number[] = [];
  readonly #values: number[] = [];
  readonly #sets: number[] = [];
  readonly #slots: number[] = [];
  readonly #weights: number[] = [];
  readonly #replacements: number[] = [];
  /** Nodes whose positive child has not begun; the last one is the nearest. */
  readonly #open: number[] = [];

  constructor(
    private readonly columns: ReadonlyMap<number, FeatureColumn>,
    private readonly what: string,
  ) {}

  /** Whether the last tree has all of its nodes. */
  isComplete = true;

  /** The tree that the next node belongs to. */
  get tree(): number {
    return this.isComplete ? this.roots.length : this.roots.length - 1;
  }

  addLeaf(pairs: LeafPairs): void {
    this.#begin();
    const range = { operand: this.#dims.length, count: pairs.length };
    this.#push({ kind: CONDITIONS.leaf, takeIfMissing: false, ...range });
    for (const [dim, value] of pairs) {
      this.#dims.push(dim);
      this.#values.push(value);
    }
    if (this.#open.length === 0) this.isComplete = true;
  }

  addSplit(attribute: number, condition: Partial<Condition>, takeIfMissing: boolean): void {
    this.#begin();
    const at = this.#kind.length;
    this.#push({ kind: CONDITIONS.leaf, takeIfMissing });
    this.#writeCondition(at, condition, attribute);
    this.#open.push(at);
  }

  /** A node after a leaf is the positive child of the nearest node that waits for one. */
  #begin(): void {
    const at = this.#kind.length;
    if (this.isComplete) {
      this.roots.push(at);
      this.isComplete = false;
    } else if (this.#kind[at - 1] === CONDITIONS.leaf) {
      this.#positive[this.#open.pop()!] = at;
    }
  }

  finish(): Omit<Forest, 'outputs' | 'link' | 'initial' | 'scale'> {
    const features = [...this.columns.values()];
    const knownOf = (group: FeatureColumn['group']) =>
      features.filter((feature) => feature.group === group).map(({ known }) => known);
    return {
      known: Int32Array.from([...knownOf('category'), ...knownOf('set')]),
      columns: Int32Array.from(
        GROUP_NAMES,
        (group) => features.filter((feature) => feature.group === group).length,
      ),
      roots: Int32Array.from(this.roots),
      kind: Uint8Array.from(this.#kind),
      takeIfMissing: Uint8Array.from(this.#takeIfMissing),
      slot: Int32Array.from(this.#slot),
      threshold: Float32Array.from(this.#threshold),
      positive: Int32Array.from(this.#positive),
      operand: Int32Array.from(this.#operand),
      count: Int32Array.from(this.#count),
      dims: Int32Array.from(this.#dims),
      values: Float32Array.from(this.#values),
      sets: Uint8Array.from(this.#sets),
      slots: Int32Array.from(this.#slots),
      weights: Float32Array.from(this.#weights),
      replacements: Float32Array.from(this.#replacements),
    };
  }

  #push(node: { kind: number; takeIfMissing: boolean; operand?: number; count?: number }): void {
    this.#kind.push(node.kind);
    this.#takeIfMissing.push(node.takeIfMissing ? 1 : 0);
    this.#slot.push(0);
    this.#threshold.push(0);
    this.#positive.push(0);
    this.#operand.push(node.operand ?? 0);
    this.#count.push(node.count ?? 0);
  }

  #writeCondition(at: number, condition: Partial<Condition>, attribute: number): void {
    const oblique = condition.oblique_condition;
    if (oblique !== undefined) {
      this.#oblique(at, oblique);
      return;
    }
    const column = this.#column(attribute);
    this.#slot[at] = column.slot;
    if (condition.na_condition !== undefined) this.#kind[at] = MISSING_KINDS[column.group];
    else if (condition.higher_condition !== undefined) {
      this.#higher(at, column, condition.higher_condition.threshold);
    } else if (condition.discretized_higher_condition !== undefined) {
      const { threshold } = condition.discretized_higher_condition;
      const boundary = threshold <= 0 ? Number.NEGATIVE_INFINITY : column.boundaries[threshold - 1];
      if (boundary === undefined) throw this.#unread(`has the discretized threshold ${threshold}`);
      this.#higher(at, column, boundary);
    } else if (condition.true_value_condition !== undefined) {
      this.#kind[at] = CONDITIONS.isTrue;
      this.#expect(column, 'flag');
    } else if (condition.contains_condition !== undefined) {
      this.#contains(
        at,
        column,
        bitsOf(condition.contains_condition.elements, () => this.#unread('has a category out of range')),
      );
    } else if (condition.contains_bitmap_condition !== undefined) {
      this.#contains(at, column, condition.contains_bitmap_condition.elements_bitmap);
    } else throw this.#unread('has no condition that is known here');
  }

  #higher(at: number, column: FeatureColumn, threshold: number): void {
    this.#expect(column, 'number');
    this.#kind[at] = CONDITIONS.higher;
    this.#threshold[at] = threshold;
  }

  #contains(at: number, column: FeatureColumn, bits: Uint8Array): void {
    if (column.group !== 'category' && column.group !== 'set') this.#expect(column, 'category');
    this.#kind[at] = column.group === 'set' ? CONDITIONS.intersects : CONDITIONS.contains;
    this.#operand[at] = this.#sets.length * 8;
    this.#count[at] = bits.length * 8;
    for (const byte of bits) this.#sets.push(byte);
  }

  #oblique(at: number, oblique: NonNullable<Condition['oblique_condition']>): void {
    const { attributes, weights, na_replacements: replacements } = oblique;
    if (attributes.length !== weights.length)
      throw this.#unread('has a weight for another number of features');
    if (replacements.length !== 0 && replacements.length !== attributes.length) {
      throw this.#unread('has replacements for another number of features');
    }
    this.#kind[at] = CONDITIONS.oblique;
    this.#threshold[at] = oblique.threshold;
    this.#operand[at] = this.#slots.length;
    this.#count[at] = attributes.length;
    attributes.forEach((attribute, i) => {
      const column = this.#column(attribute);
      this.#expect(column, 'number');
      this.#slots.push(column.slot);
      this.#weights.push(weights[i]!);
      this.#replacements.push(replacements[i] ?? Number.NaN);
    });
  }

  #column(attribute: number): FeatureColumn {
    const column = this.columns.get(attribute);
    if (column === undefined) throw this.#unread(`asks for column ${attribute}, which is no feature`);
    return column;
  }

  #expect(column: FeatureColumn, group: FeatureColumn['group']): void {
    if (column.group !== group) throw this.#unread(`asks "${column.name}" (${column.group}) as a ${group}`);
  }

  #unread(why: string): TfdeployError {
    return new TfdeployError('TFD_MODEL_UNSUPPORTED', `${this.what}: node ${this.#kind.length} ${why}`);
  }
}

function bitsOf(elements: ArrayLike<number>, fail: () => Error): Uint8Array {
  const list = Array.from(elements);
  if (list.some((element) => element < 0 || element > MAX_CATEGORY)) throw fail();
  const bits = new Uint8Array((list.reduce((most, each) => Math.max(most, each), 0) >> 3) + 1);
  for (const element of list) bits[element >> 3]! |= 1 << (element & 7);
  return bits;
}
