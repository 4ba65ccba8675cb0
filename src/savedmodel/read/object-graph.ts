import { type DType, dtypeFromTf } from '../../base/dtype.js';
import type { Shape } from '../../base/shape.js';
import type { Proto } from '../proto/schema.js';
import type { ConcreteFunction, ObjectGraph, SavedObject } from '../types.js';
import type { ReadContext } from './context.js';
import { toShape } from './shape.js';
import { flattenStructure, holdsTrue } from './structure.js';

interface Particulars {
  readonly kind: SavedObject['kind'];
  readonly name?: string;
  readonly concreteFunctions?: readonly string[];
  readonly dtype?: DType;
  readonly shape?: Shape;
  readonly assetIndex?: number;
  readonly userClass?: string;
}

/** The tree of Python objects that a TF2 SavedModel restores; undefined for TF1 models. */
export function toObjectGraph(
  proto: Proto<'SavedObjectGraph'> | undefined,
  context: ReadContext,
): ObjectGraph | undefined {
  if (proto === undefined || proto.nodes.length === 0) return undefined;
  const concreteFunctions = new Map<string, readonly number[]>();
  const functionDetails = new Map<string, ConcreteFunction>();
  for (const [name, row] of proto.concrete_functions) {
    const captures = Array.from(row.bound_inputs);
    concreteFunctions.set(name, captures);
    functionDetails.set(name, {
      captures,
      isTraining: holdsTrue(row.canonicalized_input_signature),
      outputs: flattenStructure(row.output_signature, `${context.what}: function "${name}"`),
    });
  }
  return {
    nodes: proto.nodes.map((node, index) => toObject(node, `${context.what}: object ${index}`)),
    concreteFunctions,
    functionDetails,
  };
}

function toObject(proto: Proto<'SavedObject'>, where: string): SavedObject {
  return {
    children: new Map(proto.children.map((child) => [child.local_name, child.node_id])),
    name: '',
    concreteFunctions: [],
    dtype: undefined,
    shape: null,
    assetIndex: -1,
    userClass: '',
    ...readParticulars(proto, where),
  };
}

function readParticulars(proto: Proto<'SavedObject'>, where: string): Particulars {
  if (proto.user_object !== undefined) return { kind: 'user', userClass: proto.user_object.identifier };
  if (proto.asset !== undefined) return { kind: 'asset', assetIndex: proto.asset.asset_file_def_index };
  if (proto.function !== undefined) {
    return { kind: 'function', concreteFunctions: proto.function.concrete_functions };
  }
  if (proto.variable !== undefined) {
    const { name, dtype, shape } = proto.variable;
    return {
      kind: 'variable',
      name,
      dtype: dtype === 0 ? undefined : dtypeFromTf(dtype, `${where}: variable "${name}"`),
      shape: toShape(shape, where),
    };
  }
  if (proto.bare_concrete_function !== undefined) {
    const name = proto.bare_concrete_function.concrete_function_name;
    return { kind: 'bare_function', name, concreteFunctions: [name] };
  }
  if (proto.constant !== undefined) return { kind: 'constant', name: proto.constant.operation };
  if (proto.resource !== undefined) return { kind: 'resource' };
  if (proto.captured_tensor !== undefined) return { kind: 'captured', name: proto.captured_tensor.name };
  return { kind: 'none' };
}
