import { isTfdeployError, TfdeployError } from '../base/error.js';
import type { NumericTensor, StringTensor, Tensor } from '../base/tensor.js';
import { AttrReader } from '../savedmodel/attr-reader.js';
import type { AttrValue } from '../savedmodel/types.js';
import { FAMILIES } from './families.js';
import type { HostValue, Kernel, KernelContext } from './types.js';

/** What a kernel needs to know of a node; nodes of the graph fit. */
export interface KernelNode {
  readonly op: string;
  readonly name: string;
  readonly attrs: ReadonlyMap<string, AttrValue>;
  readonly outputs: { readonly length: number };
}

const KERNELS: ReadonlyMap<string, Kernel> = mergeFamilies();

function mergeFamilies(): ReadonlyMap<string, Kernel> {
  const kernels = new Map<string, Kernel>();
  for (const family of FAMILIES) {
    for (const [op, kernel] of Object.entries(family)) {
      if (kernels.has(op)) throw new TfdeployError('TFD_BUG', `two kernels for ${op}`);
      kernels.set(op, kernel);
    }
  }
  return kernels;
}

/** The host kernel of a TensorFlow op, or undefined. */
export function findKernel(op: string): Kernel | undefined {
  return KERNELS.get(op);
}

/** Names of all ops that have a host kernel. */
export function kernelOps(): string[] {
  return [...KERNELS.keys()];
}

/**
 * Computes one node. TFD_OP_UNSUPPORTED without a kernel, TFD_DTYPE_UNSUPPORTED for a type that the kernel
 * does not know, TFD_KERNEL_INPUT for a value that TensorFlow would not accept either.
 */
export function runKernel(node: KernelNode, inputs: readonly HostValue[]): HostValue[] {
  const kernel = KERNELS.get(node.op);
  if (kernel === undefined) {
    throw new TfdeployError(
      'TFD_OP_UNSUPPORTED',
      `node "${node.name}": there is no host kernel for ${node.op}`,
      {
        details: { node: node.name, op: node.op },
      },
    );
  }
  const context = new NodeKernelContext(node, inputs);
  try {
    return kernel(context);
  } catch (error) {
    // A size beyond what an array can hold is a fault of the values, like any other.
    if (error instanceof RangeError) throw context.fail(error.message);
    if (isTfdeployError(error) && error.code === 'TFD_KERNEL_INPUT' && error.details.node === undefined) {
      throw context.fail(error.message);
    }
    throw error;
  }
}

class NodeKernelContext implements KernelContext {
  readonly attrs: AttrReader;

  constructor(
    private readonly node: KernelNode,
    readonly inputs: readonly HostValue[],
  ) {
    this.attrs = new AttrReader(node.op, node.name, node.attrs);
  }

  get op(): string {
    return this.node.op;
  }

  get nodeName(): string {
    return this.node.name;
  }

  get outputCount(): number {
    return this.node.outputs.length;
  }

  tensor(index: number): Tensor {
    const value = this.inputs.at(index);
    if (value === undefined) throw this.fail(`input ${index} is missing`);
    if (value.dtype === 'resource' || value.dtype === 'variant') {
      throw this.fail(`input ${index} is a ${value.dtype}, not a tensor`);
    }
    return value as Tensor;
  }

  numeric(index: number): NumericTensor {
    const tensor = this.tensor(index);
    if (tensor.dtype === 'string') throw this.fail(`input ${index} holds strings, not numbers`);
    return tensor;
  }

  strings(index: number): StringTensor {
    const tensor = this.tensor(index);
    if (tensor.dtype !== 'string') throw this.fail(`input ${index} is ${tensor.dtype}, not string`);
    return tensor;
  }

  fail(message: string): TfdeployError {
    return new TfdeployError('TFD_KERNEL_INPUT', `node "${this.node.name}" (${this.node.op}): ${message}`, {
      details: { node: this.node.name, op: this.node.op },
    });
  }
}
