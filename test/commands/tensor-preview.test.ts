import { describe, expect, it } from 'vitest';
import { numericTensor, type Tensor } from '../../src/base/tensor.js';
import { previewTensor } from '../../src/commands/tensor-preview.js';

describe('previewTensor', () => {
  it.each<[string, Tensor, string]>([
    ['a scalar', numericTensor('float32', [], [0.1]), '0.1'],
    ['a vector', numericTensor('float64', [3], [1, -0, 1e-9]), '[1.0, -0.0, 1e-9]'],
    [
      'what is not finite',
      numericTensor('float32', [3], [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]),
      '[nan, inf, -inf]',
    ],
    ['rows', numericTensor('int64', [2, 2], [1, 2, 3, 4]), '[[1, 2],\n [3, 4]]'],
    ['nothing', numericTensor('int32', [2, 0], []), '[[],\n []]'],
    ['booleans', numericTensor('bool', [2], [0, 1]), '[false, true]'],
    ['half precision', { dtype: 'float16', shape: [1], data: new Uint16Array([0x3e00]) }, '[1.5]'],
    ['complex', { dtype: 'complex64', shape: [1], data: new Float32Array([1, -2]) }, '[1.0-2.0j]'],
    [
      'strings and bytes',
      { dtype: 'string', shape: [2], data: [Buffer.from('é"'), new Uint8Array([0xff, 0xd8])] },
      '["é\\"", b64(/9g=)]',
    ],
    [
      'the edges of a large one',
      numericTensor(
        'int32',
        [300],
        Array.from({ length: 300 }, (_, index) => index),
      ),
      '[0, 1, 2, …, 297, 298, 299]',
    ],
  ])('shows %s', (_, tensor, text) => expect(previewTensor(tensor)).toBe(text));

  it('cuts every dimension of a large tensor', () => {
    const text = previewTensor(numericTensor('uint8', [20, 20], new Array(400).fill(7)));
    expect(text.split('\n')).toHaveLength(7);
    expect(text.split('\n')[0]).toBe('[[7, 7, 7, …, 7, 7, 7],');
    expect(text.split('\n')[3]).toBe(' …,');
  });
});
