import { elementCount, type Tensor } from '../base/tensor.js';
import { broadcastPositions, broadcastShape } from './broadcast.js';
import { blankTensor, copyElements } from './layout.js';
import type { HostValue, KernelContext, KernelFamily } from './types.js';

function conditionOf(context: KernelContext): { shape: readonly number[]; data: Uint8Array } {
  const tensor = context.numeric(0);
  if (tensor.dtype !== 'bool') throw context.fail(`the condition is ${tensor.dtype}, not bool`);
  return { shape: tensor.shape, data: tensor.data as Uint8Array };
}

/** The first form: a scalar chooses a whole side, a vector rows, all else element by element. */
function select(context: KernelContext): HostValue[] {
  const condition = conditionOf(context);
  const [yes, no] = [context.tensor(1), context.tensor(2)];
  if (yes.shape.join() !== no.shape.join()) throw context.fail('its two sides differ in shape');
  if (condition.shape.length === 0) return [condition.data[0] ? yes : no];
  const rows = elementCount(condition.shape);
  const isRows = condition.shape.length === 1 && condition.shape[0] === yes.shape[0];
  if (!isRows && condition.shape.join() !== yes.shape.join())
    throw context.fail('the condition does not fit');
  const run = rows === 0 ? 0 : elementCount(yes.shape) / rows;
  const out = blankTensor(yes.dtype, yes.shape);
  for (let i = 0; i < rows; i++) copyElements(condition.data[i] ? yes : no, i * run, out, i * run, run);
  return [out];
}

/** The second form: all three broadcast. */
function selectV2(context: KernelContext): HostValue[] {
  const condition = conditionOf(context);
  const [yes, no] = [context.tensor(1), context.tensor(2)];
  if (yes.dtype !== no.dtype) throw context.fail(`its two sides are ${yes.dtype} and ${no.dtype}`);
  const sides = broadcastShape(yes.shape, no.shape);
  const shape = sides === undefined ? undefined : broadcastShape(condition.shape, sides);
  if (shape === undefined) throw context.fail('its inputs do not broadcast');
  return [chooseElements(condition, yes, no, shape)];
}

function chooseElements(
  condition: { shape: readonly number[]; data: Uint8Array },
  yes: Tensor,
  no: Tensor,
  shape: readonly number[],
): Tensor {
  const at = broadcastPositions(condition.shape, shape);
  const [atYes, atNo] = [broadcastPositions(yes.shape, shape), broadcastPositions(no.shape, shape)];
  const out = blankTensor(yes.dtype, shape);
  for (let i = 0; i < at.length; i++) {
    if (condition.data[at[i]!]) copyElements(yes, atYes[i]!, out, i, 1);
    else copyElements(no, atNo[i]!, out, i, 1);
  }
  return out;
}

export const selectKernels: KernelFamily = { Select: select, SelectV2: selectV2 };
