import { DTYPES, type DType, dtypeFromTf } from '../base/dtype.js';
import { TfdeployError } from '../base/error.js';
import type { AttrValue, NodeDef, TensorValue } from '../savedmodel/types.js';
import { boolValue, intValue } from './constants.js';
import type { Expander, NodePlace } from './expand.js';
import { pathOf } from './expand.js';
import type { Value } from './ir.js';
import { describeNode, graphError, type Scope } from './scope.js';
import { requireVariable, type Variable } from './variables.js';

/** The shape that a variable which is state is declared with. */
export const STATE_SHAPE_ATTR = '_state_shape';

type Freeze = (expander: Expander, place: NodePlace, inputs: Value[]) => readonly Value[];

function dtypeAttr(scope: Scope, node: NodeDef, name: string): DType {
  const attr = node.attrs.get(name);
  if (attr?.kind !== 'type') throw graphError(scope, node, `attribute "${name}" is missing or no type`);
  return dtypeFromTf(attr.value, `node "${node.name}" (${node.op}), attribute "${name}"`);
}

function checkDType(scope: Scope, node: NodeDef, tensor: TensorValue, wanted: DType): TensorValue {
  if (tensor.dtype === wanted) return tensor;
  throw graphError(scope, node, `is ${wanted}, but its value is ${tensor.dtype}`);
}

const buildConst: Freeze = (expander, { scope, node }) => {
  const attr = node.attrs.get('value');
  if (attr?.kind !== 'tensor') throw graphError(scope, node, 'attribute "value" is missing or no tensor');
  return [
    expander.constant(scope, node, checkDType(scope, node, attr.value, dtypeAttr(scope, node, 'dtype'))),
  ];
};

const buildHandle: Freeze = (expander, { scope, node }) => {
  const handle = expander.factory.value(pathOf(scope, node), 'resource', []);
  expander.variables.register(handle, expander.variables.find(node));
  return [handle];
};

const buildRefVariable: Freeze = (expander, { scope, node }) => {
  const value = requireVariable(scope, node, expander.variables.find(node));
  return [expander.constant(scope, node, checkDType(scope, node, value, dtypeAttr(scope, node, 'dtype')))];
};

/** What a variable that is state holds at this place in the order of things. */
function addRead(expander: Expander, place: NodePlace, handle: Value, variable: Variable): Value {
  const { node } = place;
  const { dtype: name } = requireVariable(place.scope, node, variable);
  const attrs = new Map<string, AttrValue>([
    ['dtype', { kind: 'type', value: DTYPES[name].tf }],
    [STATE_SHAPE_ATTR, { kind: 'shape', value: variable.shape }],
  ]);
  const read: NodeDef = { ...node, op: 'ReadVariableOp', attrs };
  return expander.addRead({ ...place, node: read }, handle);
}

/** The variable's value: a constant, or what it holds now. */
function readValue(
  expander: Expander,
  place: NodePlace,
  inputs: readonly Value[],
  name = place.node.name,
): Value {
  const { scope, node } = place;
  const variable = variableOf(expander, place, inputs);
  const value = requireVariable(scope, node, variable);
  return expander.variables.isState(variable.name)
    ? addRead(expander, { ...place, node: { ...node, name } }, inputs[0]!, variable)
    : expander.constant(scope, { name }, value);
}

/** The variable behind the handle in input 0. */
function variableOf(expander: Expander, { scope, node }: NodePlace, inputs: readonly Value[]) {
  const variable = inputs[0] === undefined ? undefined : expander.variables.ofHandle(inputs[0]);
  if (variable === undefined) throw graphError(scope, node, 'its first input is not a variable of the model');
  return variable;
}

const buildRead: Freeze = (expander, place, inputs) => {
  const { scope, node } = place;
  const value = requireVariable(scope, node, variableOf(expander, place, inputs));
  checkDType(scope, node, value, dtypeAttr(scope, node, 'dtype'));
  return [readValue(expander, place, inputs)];
};

const buildIsInitialized: Freeze = (expander, { scope, node }) => [
  expander.constant(scope, node, boolValue(true)),
];

const buildVariableShape: Freeze = (expander, place, inputs) => {
  const { scope, node } = place;
  const { shape } = requireVariable(scope, node, variableOf(expander, place, inputs));
  const dtype = dtypeAttr(scope, node, 'out_type');
  return [
    expander.constant(scope, node, intValue(dtype === 'int64' ? 'int64' : 'int32', shape, [shape.length])),
  ];
};

/** ResourceGather(handle, indices) is GatherV2(variable, indices, batch_dims); ResourceGatherNd is GatherNd. */
const buildGather: Freeze = (expander, place, inputs) => {
  const { scope, node } = place;
  const table = readValue(expander, place, inputs, `${node.name}/variable`);
  const indices = inputs[1];
  if (indices === undefined) throw graphError(scope, node, 'has no indices');
  const attrs = new Map(node.attrs);
  attrs.set('Tparams', { kind: 'type', value: DTYPES[dtypeAttr(scope, node, 'dtype')].tf });
  attrs.delete('dtype');
  attrs.delete('validate_indices');
  if (node.op === 'ResourceGatherNd') {
    return expander.addNode({ ...place, node: { ...node, op: 'GatherNd', attrs } }, [table, indices]).outputs;
  }
  const batchDims = node.attrs.get('batch_dims');
  const axis = intValue('int32', [batchDims?.kind === 'i' ? Number(batchDims.value) : 0], []);
  attrs.set('Taxis', { kind: 'type', value: DTYPES.int32.tf });
  const axisValue = expander.constant(scope, { name: `${node.name}/axis` }, axis);
  const gather: NodeDef = { ...node, op: 'GatherV2', attrs };
  return expander.addNode({ ...place, node: gather }, [table, indices, axisValue]).outputs;
};

const refusePlaceholder: Freeze = (_expander, { scope, node }) => {
  throw new TfdeployError(
    'TFD_GRAPH_INVALID',
    `${describeNode(scope, node)}: it needs a value, but the signature does not feed it`,
    { details: { node: node.name, op: node.op } },
  );
};

/** Ops that become constants, or ops on constants, once variables have values. */
const FROZEN: ReadonlyMap<string, Freeze> = new Map([
  ['Const', buildConst],
  ['HostConst', buildConst],
  ['VarHandleOp', buildHandle],
  ['VariableV2', buildRefVariable],
  ['Variable', buildRefVariable],
  ['ReadVariableOp', buildRead],
  ['ResourceGather', buildGather],
  ['ResourceGatherNd', buildGather],
  ['VarIsInitializedOp', buildIsInitialized],
  ['IsVariableInitialized', buildIsInitialized],
  ['VariableShape', buildVariableShape],
  ['Placeholder', refusePlaceholder],
  ['PlaceholderV2', refusePlaceholder],
]);

export function isFrozen(op: string): boolean {
  return FROZEN.has(op);
}

export function buildFrozen(expander: Expander, place: NodePlace, inputs: Value[]): readonly Value[] {
  return FROZEN.get(place.node.op)!(expander, place, inputs);
}
