import { numericTensor } from '../base/tensor.js';
import { broadcastShape } from './broadcast.js';
import { integersOf, laneOf, type RealArray, realsOf, refuseDType, workArray } from './lanes.js';
import type { HostValue, KernelContext, KernelFamily } from './types.js';
import { align } from './zip.js';

function broadcastArgs(context: KernelContext): HostValue[] {
  const shape = broadcastShape(integersOf(context, 0), integersOf(context, 1));
  if (shape === undefined) throw context.fail('its shapes do not broadcast');
  return [numericTensor(context.numeric(0).dtype, [shape.length], shape)];
}

/** Pairs from real and imaginary parts, which broadcast. */
function complex(context: KernelContext): HostValue[] {
  const [re, im] = [context.numeric(0), context.numeric(1)];
  if (laneOf(re.dtype) !== 'real' || re.dtype !== im.dtype) throw refuseDType(context, re.dtype);
  const dtype = re.dtype === 'float64' ? 'complex128' : 'complex64';
  const to = align(context, re, im);
  const out = workArray(dtype, to.count);
  const write = (source: RealArray, reach: typeof to.a, part: 0 | 1) => {
    for (let i = 0; i < to.count; i++) {
      const at = reach.kind === 'one' ? 0 : reach.kind === 'each' ? i : reach.positions[i]!;
      out[2 * i + part] = source[at]!;
    }
  };
  write(realsOf(re), to.a, 0);
  write(realsOf(im), to.b, 1);
  return [{ dtype, shape: to.shape, data: out }];
}

/** The position of "CPU" in the list of devices; the list's length when it is not in it. */
function deviceIndex(context: KernelContext): HostValue[] {
  const devices = context.attrs.strings('device_names');
  const at = devices.indexOf('CPU');
  return [numericTensor('int32', [], [at < 0 ? devices.length : at])];
}

export const miscKernels: KernelFamily = {
  BroadcastArgs: broadcastArgs,
  Complex: complex,
  DeviceIndex: deviceIndex,
};
