import type { DType } from '../base/dtype.js';
import { TfdeployError } from '../base/error.js';
import { type Dim, formatShape } from '../base/shape.js';
import type { Node, Value } from '../graph/ir.js';
import { AttrReader } from '../savedmodel/attr-reader.js';
import type { Emitter } from './emitter.js';
import { layerOf } from './layer.js';
import type { ConvertContext, Ref } from './types.js';

/** The ONNX name of a graph value; makes the initializer of a constant. */
export type RefOf = (value: Value) => Ref;

/** The view of one node that its converter gets. */
export class NodeContext implements ConvertContext {
  readonly attrs: AttrReader;

  constructor(
    readonly node: Node,
    readonly onnx: Emitter,
    private readonly refOf: RefOf,
    private readonly flow?: () => readonly Ref[],
  ) {
    this.attrs = new AttrReader(node.op, node.name, node.attrs);
  }

  convertFlow(): readonly Ref[] {
    if (this.flow !== undefined) return this.flow();
    throw new TfdeployError('TFD_BUG', `node "${this.node.name}" (${this.node.op}) has no bodies to convert`);
  }

  get inputCount(): number {
    return this.node.inputs.length;
  }

  value(index: number): Value {
    const value = this.node.inputs.at(index);
    if (value !== undefined) return value;
    throw this.#error('TFD_GRAPH_INVALID', `input ${index} is missing`);
  }

  ref(index: number): Ref {
    return this.refOf(this.value(index));
  }

  isConst(index: number): boolean {
    return this.value(index).constant !== undefined;
  }

  constInts(index: number): number[] {
    const known = this.value(index).elements;
    if (known?.every((dim) => typeof dim === 'number')) return [...known] as number[];
    return this.#numbers(index).map(Number);
  }

  constFloats(index: number): number[] {
    return this.#numbers(index).map(Number);
  }

  elements(index: number): readonly Dim[] | undefined {
    const value = this.value(index);
    if (value.elements !== undefined) return value.elements;
    return value.constant !== undefined && value.shape !== null && value.shape.length <= 1
      ? this.constInts(index)
      : undefined;
  }

  outputDType(index: number): DType {
    const output = this.node.outputs[index];
    if (output !== undefined) return output.dtype;
    throw this.#error('TFD_GRAPH_INVALID', `output ${index} is missing`);
  }

  warn(text: string): void {
    this.onnx.warnings.add(text);
  }

  rank(index: number): number {
    const { shape } = this.value(index);
    if (shape !== null) return shape.length;
    throw this.refuse('TFD_SHAPE_UNKNOWN', `the rank of input ${index} is not known`);
  }

  refuse(code: Parameters<ConvertContext['refuse']>[0], why: string, hint?: string): TfdeployError {
    return this.#error(code, why, hint);
  }

  #numbers(index: number): (number | bigint)[] {
    const { constant } = this.value(index);
    if (constant === undefined) {
      throw this.refuse('TFD_SHAPE_UNKNOWN', `input ${index} is not a constant`);
    }
    const tensor = constant.read();
    if (tensor.dtype === 'string') throw this.refuse('TFD_DTYPE_UNSUPPORTED', `input ${index} holds strings`);
    return Array.from<number | bigint>(tensor.data as Iterable<number | bigint>);
  }

  #error(code: TfdeployError['code'], why: string, hint?: string): TfdeployError {
    const { node } = this;
    return new TfdeployError(code, `node "${node.name}" (${node.op}): ${why}`, {
      ...(hint === undefined ? {} : { hint }),
      details: {
        node: node.name,
        op: node.op,
        layer: layerOf(node.origin),
        shapes: node.inputs.map((input) => formatShape(input.shape)),
        why,
      },
    });
  }
}
