import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { DType } from '../../src/base/dtype.js';
import type { Dim } from '../../src/base/shape.js';
import { numericTensor, type Tensor } from '../../src/base/tensor.js';
import type { CompiledSignature, CompiledStage } from '../../src/convert/compiled.js';
import type { HostNode } from '../../src/convert/host-program.js';
import type { PlanTensor } from '../../src/convert/plan.js';
import { writePlan } from '../../src/convert/plan-files.js';
import type { OnnxAttr, OnnxNode } from '../../src/convert/types.js';
import type { TensorValue } from '../../src/savedmodel/types.js';

export interface Port {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}

export function port(name: string, dtype: DType = 'float32', shape: readonly Dim[] = ['batch', 4]): Port {
  return { name, dtype, shape };
}

export function onnxNode(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attrs: Readonly<Record<string, OnnxAttr>> = {},
): OnnxNode {
  return {
    op,
    domain: '',
    name: `the_${op}_${outputs[0]}`,
    inputs,
    outputs,
    attrs: new Map(Object.entries(attrs)),
  };
}

export function constant(tensor: Tensor): TensorValue {
  const byteLength = tensor.dtype === 'string' ? 0 : tensor.data.byteLength;
  return { dtype: tensor.dtype, shape: tensor.shape, byteLength, read: () => tensor };
}

export function onnxStage(
  inputs: readonly Port[],
  outputs: readonly Port[],
  nodes: readonly OnnxNode[],
  weights: Readonly<Record<string, Tensor>> = {},
): CompiledStage {
  const initializers = new Map(Object.entries(weights).map(([name, tensor]) => [name, constant(tensor)]));
  const names = (ports: readonly Port[]) => ports.map(({ name }) => name);
  return {
    kind: 'onnx',
    body: { name: 'graph', nodes, initializers, inputs, outputs },
    inputs: names(inputs),
    outputs: names(outputs),
  };
}

export function hostStage(
  inputs: readonly string[],
  outputs: readonly string[],
  nodes: readonly HostNode[],
  constants: Readonly<Record<string, Tensor>> = {},
): CompiledStage {
  const values = new Map(Object.entries(constants).map(([name, tensor]) => [name, constant(tensor)]));
  return { kind: 'host', program: { nodes, constants: values, tables: new Map() }, inputs, outputs };
}

export function signature(
  name: string,
  inputs: readonly (Port & { readonly default?: Tensor })[],
  outputs: readonly Port[],
  stages: readonly CompiledStage[],
  assumedShapes: CompiledSignature['assumedShapes'] = {},
): CompiledSignature {
  const border = (each: Port): PlanTensor => ({ ...each, ref: each.name });
  return {
    name,
    methodName: 'tensorflow/serving/predict',
    inputs: inputs.map(border),
    outputs: outputs.map(border),
    stages,
    isBatchable: true,
    assumedShapes,
    warnings: [],
    ops: new Map(),
  };
}

/** One folder per test file, removed after its last test. */
const root = mkdtempSync(join(tmpdir(), 'tfdeploy-engine-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let plans = 0;

/** A plan directory of these signatures, as `convert` writes it. */
export function planOf(...signatures: CompiledSignature[]): string {
  const dir = join(root, `plan-${plans++}`);
  writePlan({ source: 'test', signatures, refused: [] }, dir);
  return dir;
}

/** y = x · w with w of shape [4, 2] holding 1…8. */
export function matmulSignature(assumedShapes: CompiledSignature['assumedShapes'] = {}): CompiledSignature {
  const [x, y] = [port('x'), port('y', 'float32', ['batch', 2])];
  const weights = { w: numericTensor('float32', [4, 2], [1, 2, 3, 4, 5, 6, 7, 8]) };
  const stage = onnxStage([x], [y], [onnxNode('MatMul', ['x', 'w'], ['y'])], weights);
  return signature('matmul', [x], [y], [stage], assumedShapes);
}

/** A signature that gives back what it gets, through the engine. */
export function identitySignature(dtype: DType, shape: readonly Dim[] = ['n']): CompiledSignature {
  const [x, y] = [port('x', dtype, shape), port('y', dtype, shape)];
  return signature(dtype, [x], [y], [onnxStage([x], [y], [onnxNode('Identity', ['x'], ['y'])])]);
}
