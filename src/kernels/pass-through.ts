import { realsOf } from './lanes.js';
import type { HostValue, Kernel, KernelFamily } from './types.js';
import { isFloat } from './zip.js';

const first: Kernel = (context) => [context.inputs[0]!];
const all: Kernel = (context) => [...context.inputs] as HostValue[];

const checkNumerics: Kernel = (context) => {
  const tensor = context.numeric(0);
  if (isFloat(tensor.dtype) && !realsOf(tensor).every(Number.isFinite)) {
    throw context.fail(`${context.attrs.string('message', '')}: the tensor has Inf or NaN values`);
  }
  return [tensor];
};

const ensureShape: Kernel = (context) => {
  const tensor = context.tensor(0);
  const wanted = context.attrs.shape('shape');
  const fits =
    wanted === null ||
    (wanted.length === tensor.shape.length &&
      wanted.every((dim, i) => typeof dim === 'string' || dim === tensor.shape[i]));
  if (!fits) throw context.fail(`the shape is [${tensor.shape.join(', ')}], not what it must be`);
  return [tensor];
};

/** Ops that give their input, some after a check. */
export const passKernels: KernelFamily = {
  Identity: first,
  Snapshot: first,
  StopGradient: first,
  PreventGradient: first,
  PlaceholderWithDefault: first,
  IdentityN: all,
  CheckNumerics: checkNumerics,
  CheckNumericsV2: checkNumerics,
  EnsureShape: ensureShape,
};
