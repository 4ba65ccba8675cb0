import type { KernelContext } from './types.js';

/** Where windows of a kernel fall along one spatial axis. */
export interface Window {
  readonly input: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Elements of padding before the first. */
  readonly before: number;
  readonly output: number;
}

/** Axes of a tensor in a layout; everything inside the kernels is channels-last. */
export interface Layout {
  readonly channel: number;
  readonly spatial: readonly number[];
}

export function layoutFor(context: KernelContext, rank: number): Layout {
  const format = context.attrs.string('data_format', rank === 5 ? 'NDHWC' : 'NHWC');
  const count = rank - 2;
  if (format === 'NHWC' || format === 'NDHWC') {
    return { channel: rank - 1, spatial: Array.from({ length: count }, (_, i) => i + 1) };
  }
  if (format === 'NCHW' || format === 'NCDHW') {
    return { channel: 1, spatial: Array.from({ length: count }, (_, i) => i + 2) };
  }
  throw context.fail(`data format "${format}" is not computed here`);
}

/** Axes that bring a tensor of the layout to channels-last, and back; undefined when it is already. */
export function layoutOrders(layout: Layout, rank: number): { to: number[]; from: number[] } | undefined {
  if (layout.channel === rank - 1) return undefined;
  const to = [0, ...layout.spatial, layout.channel];
  return { to, from: to.map((_, axis) => to.indexOf(axis)) };
}

export interface WindowAttrs {
  readonly padding: string;
  /** Pairs before and after for every axis of the layout, for EXPLICIT. */
  readonly explicit: readonly number[];
}

/** SAME puts the odd element of padding at the end; VALID uses only whole windows. */
export function windowAlong(
  context: KernelContext,
  attrs: WindowAttrs,
  axis: number,
  size: {
    readonly input: number;
    readonly kernel: number;
    readonly stride: number;
    readonly dilation: number;
  },
): Window {
  const { input, kernel, stride, dilation } = size;
  if (stride < 1 || dilation < 1 || kernel < 1)
    throw context.fail('a stride, dilation or kernel size is below 1');
  const reach = (kernel - 1) * dilation + 1;
  if (attrs.padding === 'SAME') {
    const output = Math.ceil(input / stride);
    const total = Math.max((output - 1) * stride + reach - input, 0);
    return { ...size, before: Math.floor(total / 2), output };
  }
  const isExplicit = attrs.padding === 'EXPLICIT';
  if (!isExplicit && attrs.padding !== 'VALID') throw context.fail(`padding "${attrs.padding}" is not known`);
  const [before, after] = isExplicit ? [attrs.explicit[2 * axis]!, attrs.explicit[2 * axis + 1]!] : [0, 0];
  const output = Math.floor((input + before + after - reach) / stride) + 1;
  return { ...size, before, output: Math.max(0, output) };
}

export function windowAttrs(context: KernelContext): WindowAttrs {
  const padding = context.attrs.string('padding');
  return { padding, explicit: padding === 'EXPLICIT' ? context.attrs.ints('explicit_paddings') : [] };
}
