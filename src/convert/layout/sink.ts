import type { DType } from '../../base/dtype.js';
import type { TensorValue } from '../../savedmodel/types.js';
import { transposeConstant } from '../derive.js';
import type { OnnxAttr, OnnxBody, OnnxNode, Ref } from '../types.js';
import { composePerms, isIdentity, isLayoutPerm, type Perm } from './perm.js';

/** What the pass needs from the emitter that made the nodes. */
export interface LayoutTools {
  declare(wanted: string, dtype: DType): Ref;
  dtypeOf(ref: Ref): DType;
  constant(value: TensorValue): Ref;
  /** Rank of a tensor that is no constant, where it is known. */
  rankOf(ref: Ref): number | undefined;
}

/** A tensor that is not made: it is `source` with its axes permuted. */
export interface Turned {
  readonly source: Ref;
  readonly perm: Perm;
}

/** Moves a node in front of the transposes of its inputs; undefined where that is not possible. */
export type SinkRule = (node: OnnxNode, sink: Sink) => boolean;

/**
 * Rewrites a node list so that each layout transpose is put off until something needs its result. Two that
 * meet cancel, and what was in between has then run in the other layout.
 */
export class Sink {
  readonly nodes: OnnxNode[] = [];
  readonly #turned = new Map<Ref, Turned>();
  readonly #made = new Set<Ref>();
  readonly #ranks = new Map<Ref, number>();

  constructor(
    readonly body: OnnxBody,
    readonly tools: LayoutTools,
    private readonly rules: ReadonlyMap<string, SinkRule>,
  ) {}

  add(original: OnnxNode): void {
    const node = { ...original, inputs: original.inputs.map((ref) => this.#plain(ref)) };
    if (node.op === 'Transpose' && node.domain === '' && this.#absorb(node)) return;
    const rule = node.domain === '' ? this.rules.get(node.op) : undefined;
    if (rule !== undefined && node.inputs.some((ref) => this.#turned.has(ref)) && rule(node, this)) return;
    for (const attr of node.attrs.values()) this.#makeCaptured(attr);
    this.nodes.push({ ...node, inputs: node.inputs.map((ref) => this.make(ref)) });
  }

  turned(ref: Ref): Turned | undefined {
    return this.#turned.get(ref);
  }

  rankOf(ref: Ref): number | undefined {
    return this.#ranks.get(ref) ?? this.constantOf(ref)?.shape.length ?? this.tools.rankOf(ref);
  }

  constantOf(ref: Ref): TensorValue | undefined {
    return this.body.initializers.get(ref);
  }

  /** The elements of a constant integer vector. */
  intsOf(ref: Ref | undefined): number[] | undefined {
    if (ref === undefined || ref === '') return undefined;
    const tensor = this.constantOf(ref)?.read();
    return tensor === undefined || tensor.dtype === 'string' ? undefined : Array.from(tensor.data, Number);
  }

  i64(values: readonly number[]): Ref {
    const data = BigInt64Array.from(values, BigInt);
    return this.tools.constant({
      dtype: 'int64',
      shape: [values.length],
      byteLength: data.byteLength,
      read: () => ({ dtype: 'int64', shape: [values.length], data }),
    });
  }

  /**
   * Adds a node that computes in the layout of its inputs' sources; its outputs are the old ones turned by
   * `perm`.
   */
  push(
    node: OnnxNode,
    refs: readonly Ref[],
    perm: Perm,
    attrs: Readonly<Record<string, OnnxAttr>> = {},
  ): void {
    const inputs = refs.slice(0, refs.findLastIndex((ref) => ref !== '') + 1);
    const outputs = node.outputs.map((ref) => {
      if (isIdentity(perm)) return ref;
      const name = this.tools.declare(`${ref}/turned`, this.tools.dtypeOf(ref));
      this.#turn(ref, name, perm);
      return name;
    });
    this.nodes.push({
      ...node,
      name: outputs[0] ?? node.name,
      inputs,
      outputs,
      attrs: new Map([...node.attrs, ...Object.entries(attrs)]),
    });
  }

  /** Two transposes that cancelled leave another name for their source. */
  #plain(ref: Ref): Ref {
    const turned = this.#turned.get(ref);
    return turned !== undefined && isIdentity(turned.perm) ? turned.source : ref;
  }

  /** The tensor itself, under its name: a transpose that was put off is made now, once. */
  make(ref: Ref): Ref {
    const turned = this.#turned.get(ref);
    if (turned === undefined || this.#made.has(ref)) return ref;
    this.#made.add(ref);
    const isAlias = isIdentity(turned.perm);
    this.nodes.push({
      op: isAlias ? 'Identity' : 'Transpose',
      domain: '',
      name: ref,
      inputs: [turned.source],
      outputs: [ref],
      attrs: new Map<string, OnnxAttr>(isAlias ? [] : [['perm', turned.perm]]),
    });
    return ref;
  }

  #absorb(node: OnnxNode): boolean {
    const input = node.inputs[0]!;
    const output = node.outputs[0]!;
    const perm = node.attrs.get('perm') as Perm | undefined;
    if (perm === undefined) return false;
    const before = this.#turned.get(input);
    if (before === undefined && !isLayoutPerm(perm)) return false;
    const constant = before === undefined ? this.constantOf(input) : undefined;
    if (constant !== undefined) {
      const made = this.tools.constant(transposeConstant(constant, perm));
      this.#turn(output, made, Array.from(perm.keys()));
    } else {
      this.#turn(
        output,
        before?.source ?? input,
        before === undefined ? perm : composePerms(before.perm, perm),
      );
    }
    return true;
  }

  #turn(ref: Ref, source: Ref, perm: Perm): void {
    this.#turned.set(ref, { source, perm });
    this.#ranks.set(source, perm.length).set(ref, perm.length);
  }

  /** A body of If or Loop reads tensors of this graph by name. */
  #makeCaptured(attr: OnnxAttr): void {
    if (typeof attr !== 'object' || !('graph' in attr)) return;
    for (const node of attr.graph.nodes) {
      for (const ref of node.inputs) this.make(ref);
      for (const inner of node.attrs.values()) this.#makeCaptured(inner);
    }
    for (const output of attr.graph.outputs) this.make(output.name);
  }
}
