import { describe, expect, it } from 'vitest';
import { compareTensors } from '../../../src/base/compare.js';
import type { Tensor } from '../../../src/base/tensor.js';
import { AUDIO_FAMILIES } from '../../../src/kernels/audio/index.js';
import { nmsKernels } from '../../../src/kernels/image/nms.js';
import { linalgKernels } from '../../../src/kernels/linalg/solve.js';
import { runKernel } from '../../../src/kernels/registry.js';
import { caseName, readCases, tensorsOf } from '../recorded-cases.js';

const cases = readCases('signal-kernels.json');

describe('Fourier, audio, linear algebra and box ops answer like TensorFlow', () => {
  it.each(cases.map((recorded, index) => [caseName(recorded, index), recorded] as const))(
    '%s',
    (_, recorded) => {
      const { attrs, inputs, outputs } = tensorsOf(recorded);
      const node = { op: recorded.op, name: 'case', attrs, outputs: { length: outputs?.length ?? 1 } };
      if (outputs === undefined) {
        expect(() => runKernel(node, inputs)).toThrow(expect.objectContaining({ code: 'TFD_KERNEL_INPUT' }));
        return;
      }
      const answers = runKernel(node, inputs) as Tensor[];
      expect(answers.length).toBe(outputs.length);
      outputs.forEach((wanted, i) => {
        expect(answers[i]!.shape).toEqual(wanted.shape);
        const { matches, why } = compareTensors(answers[i]!, wanted);
        expect(matches ? '' : `output ${i}: ${why}`).toBe('');
      });
    },
  );

  it('has a case for every kernel', () => {
    const tried = new Set(cases.map(({ op }) => op));
    const ops = [...AUDIO_FAMILIES, nmsKernels, linalgKernels].flatMap((family) => Object.keys(family));
    expect(ops.filter((op) => !tried.has(op))).toEqual([]);
  });
});
