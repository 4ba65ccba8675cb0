import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../../src/base/tensor.js';
import { imageKernels } from '../../../src/kernels/image/decode.js';
import { runKernel } from '../../../src/kernels/registry.js';
import { caseName, readCases, runCase, tensorsOf } from '../recorded-cases.js';

const cases = readCases('image-kernels.json');

describe('image ops answer like TensorFlow, to the bit', () => {
  it.each(cases.map((recorded, index) => [caseName(recorded, index), recorded] as const))(
    '%s',
    (_, recorded) => {
      const { actual, expected } = runCase(recorded);
      expect(actual).toEqual(expected);
    },
  );

  it('has a case for every kernel', () => {
    const tried = new Set(cases.map(({ op }) => op));
    expect(Object.keys(imageKernels).filter((op) => !tried.has(op))).toEqual([]);
  });

  it('never crashes or hangs on damaged files', () => {
    const files = cases.filter(({ outputs }) => outputs !== undefined).slice(0, 400);
    let seed = 1;
    const random = (below: number) => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      return seed % below;
    };
    for (let round = 0; round < 600; round++) {
      const recorded = files[random(files.length)]!;
      const { attrs, inputs } = tensorsOf(recorded);
      const file = Uint8Array.from((inputs[0]!.data as Uint8Array[])[0]!);
      for (let i = 0; i < 3; i++) file[random(file.length)] = random(256);
      const damaged: Tensor = {
        dtype: 'string',
        shape: [],
        data: [file.subarray(0, 1 + random(file.length))],
      };
      const node = { op: recorded.op, name: 'case', attrs, outputs: { length: 1 } };
      try {
        runKernel(node, [damaged, ...inputs.slice(1)]);
      } catch (error) {
        expect((error as { code?: string }).code).toMatch(/^TFD_(KERNEL_INPUT|DTYPE_UNSUPPORTED)$/);
      }
    }
  });
});
