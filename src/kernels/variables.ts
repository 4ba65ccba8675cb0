import type { Tensor } from '../base/tensor.js';
import { binaryKernels } from './binary.js';
import { scatterKernels } from './scatter.js';
import type { HostValue, HostVariable, Kernel, KernelContext, KernelFamily } from './types.js';

function variableOf(context: KernelContext): HostVariable {
  const handle = context.inputs[0];
  if (handle?.dtype !== 'resource' || !('variable' in handle))
    throw context.fail('its first input is not a variable');
  return handle.variable;
}

/** What a variable holds outlives the request that brought it, whose memory may be written over. */
function copyTensor(tensor: Tensor): Tensor {
  return tensor.dtype === 'string'
    ? { ...tensor, data: tensor.data.map((bytes) => bytes.slice()) }
    : { ...tensor, data: tensor.data.slice() };
}

function setVariable(context: KernelContext, variable: HostVariable, value: Tensor): HostValue[] {
  if (value.dtype !== variable.value.dtype)
    throw context.fail(
      `variable "${variable.name}" is ${variable.value.dtype}, its new value ${value.dtype}`,
    );
  variable.value = value;
  return [];
}

/** The context of another kernel that works on the variable's present value. */
function withInputs(context: KernelContext, inputs: readonly HostValue[]): KernelContext {
  return Object.create(context, { inputs: { value: inputs } }) as KernelContext;
}

function assign(context: KernelContext): HostValue[] {
  return setVariable(context, variableOf(context), copyTensor(context.tensor(1)));
}

function update(kernel: Kernel): Kernel {
  return (context) => {
    const variable = variableOf(context);
    const value = context.tensor(1);
    // Unlike Add and Sub, these do not broadcast.
    if (value.shape.join() !== variable.value.shape.join())
      throw context.fail(
        `variable of shape [${variable.value.shape.join(',')}] and value of shape [${value.shape.join(',')}] are not of the same shape`,
      );
    const [sum] = kernel(withInputs(context, [variable.value, value]));
    return setVariable(context, variable, sum as Tensor);
  };
}

/** Rows by number: TensorScatter with one number per index. */
function scatterRows(kernel: Kernel): Kernel {
  return (context) => {
    const variable = variableOf(context);
    const indices = context.numeric(1);
    const pointed: Tensor = { ...indices, shape: [...indices.shape, 1] };
    const [made] = kernel(withInputs(context, [variable.value, pointed, context.tensor(2)]));
    return setVariable(context, variable, made as Tensor);
  };
}

function scatterTuples(kernel: Kernel): Kernel {
  return (context) => {
    const policy = context.attrs.string('bad_indices_policy', '');
    if (policy !== '' && policy !== 'DEFAULT')
      throw context.fail(`bad_indices_policy ${policy} is not known`);
    const variable = variableOf(context);
    const [made] = kernel(withInputs(context, [variable.value, context.tensor(1), context.tensor(2)]));
    return setVariable(context, variable, made as Tensor);
  };
}

const SCATTERS = {
  Update: scatterKernels.TensorScatterUpdate!,
  Add: scatterKernels.TensorScatterAdd!,
  Sub: scatterKernels.TensorScatterSub!,
  Min: scatterKernels.TensorScatterMin!,
  Max: scatterKernels.TensorScatterMax!,
};

/** Reading and assigning variables. Effects stand in the order of the nodes. */
export const variableKernels: KernelFamily = {
  ReadVariableOp: (context) => [variableOf(context).value],
  AssignVariableOp: assign,
  AssignAddVariableOp: update(binaryKernels.AddV2!),
  AssignSubVariableOp: update(binaryKernels.Sub!),
  ...Object.fromEntries(
    Object.entries(SCATTERS).flatMap(([how, kernel]) => [
      [`ResourceScatter${how}`, scatterRows(kernel)],
      [`ResourceScatterNd${how}`, scatterTuples(kernel)],
    ]),
  ),
};
