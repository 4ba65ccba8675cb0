import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../src/base/tensor.js';
import { runKernel } from '../../src/kernels/registry.js';
import { readTableFile, type TableFileOptions } from '../../src/kernels/table-files.js';
import { makeTable, tableTensors } from '../../src/kernels/tables.js';
import { refusalOf } from '../fixtures/refusal.js';

const WHOLE = -2;
const LINE = -1;

function read(text: string, changes: Partial<TableFileOptions> = {}): [unknown, unknown][] {
  const options = {
    keyDType: 'string',
    valueDType: 'int64',
    keyIndex: WHOLE,
    valueIndex: LINE,
    vocabSize: -1,
    delimiter: '\t',
    offset: 0,
  } as const;
  const { keys, values } = readTableFile(new TextEncoder().encode(text), { ...options, ...changes }, 'file');
  const [k, v] = [plain(keys), plain(values)];
  return k.map((key, i) => [key, v[i]]);
}

function plain(tensor: Tensor): unknown[] {
  if (tensor.dtype === 'string') return tensor.data.map((bytes) => new TextDecoder().decode(bytes));
  return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}

const columns = { keyIndex: 0, valueIndex: 1 } as const;

/** Every row was tried with InitializeTableFromTextFileV2 of TensorFlow 2.21. */
describe('table files are read as TensorFlow reads them', () => {
  it.each<[string, Partial<TableFileOptions>, [unknown, unknown][]]>([
    [
      'a\nb\nc',
      {},
      [
        ['a', 0],
        ['b', 1],
        ['c', 2],
      ],
    ],
    [
      'a\r\nb\r\n',
      {},
      [
        ['a', 0],
        ['b', 1],
      ],
    ],
    [
      'a\nb\nc',
      { vocabSize: 2 },
      [
        ['a', 0],
        ['b', 1],
      ],
    ],
    [
      'a\nb\nc',
      { offset: 1 },
      [
        ['a', 1],
        ['b', 2],
        ['c', 3],
      ],
    ],
    [
      'x\t 1 \ny\t+2',
      columns,
      [
        ['x', 1],
        ['y', 2],
      ],
    ],
    [
      'x,1.5\ny,inf\nz,-Infinity',
      { ...columns, delimiter: ',', valueDType: 'float32' },
      [
        ['x', 1.5],
        ['y', Number.POSITIVE_INFINITY],
        ['z', Number.NEGATIVE_INFINITY],
      ],
    ],
    ['x\t1\ty', { keyIndex: 0, valueIndex: WHOLE, valueDType: 'string' }, [['x', 'x\t1\ty']]],
    [
      'x\t1\ny\t2',
      { keyDType: 'int64', keyIndex: LINE, valueIndex: 0, valueDType: 'string' },
      [
        [0, 'x'],
        [1, 'y'],
      ],
    ],
    [
      '1\tz\n2\ty',
      { ...columns, keyDType: 'int32', valueDType: 'string' },
      [
        [1, 'z'],
        [2, 'y'],
      ],
    ],
  ])('%j with %j', (text, changes, expected) => {
    expect(read(text, changes)).toEqual(expected);
  });

  it.each<[string, Partial<TableFileOptions>]>([
    ['', {}],
    ['\n', {}],
    ['a\n\nb', {}],
    ['a\nb', { vocabSize: 3 }],
    ['x\t1\ny', columns],
    ['x\t99999999999999999999', columns],
    ['x\tmany', columns],
    ['1\t5\n', { valueDType: 'int32' }],
  ])('%j with %j is refused', (text, changes) => {
    expect(refusalOf(() => read(text, changes))).toMatch(/^TFD_KERNEL_INPUT: file: /);
  });
});

describe('lookup tables', () => {
  const words = (...texts: string[]): Tensor => ({
    dtype: 'string',
    shape: [texts.length],
    data: texts.map((text) => new TextEncoder().encode(text)),
  });
  const longs = (values: readonly number[], shape: readonly number[] = [values.length]): Tensor => ({
    dtype: 'int64',
    shape,
    data: BigInt64Array.from(values, BigInt),
  });
  const find = (table: ReturnType<typeof makeTable>, keys: Tensor, fallback: Tensor) =>
    runKernel({ op: 'LookupTableFindV2', name: 'find', attrs: new Map(), outputs: { length: 1 } }, [
      { dtype: 'resource', table },
      keys,
      fallback,
    ]);

  it('find by bytes, and give the default for the rest', () => {
    const table = makeTable(words('a', 'ä', ''), longs([1, 2, 3]));
    expect(find(table, words('ä', 'x', '', 'a'), longs([-1], []))).toEqual([longs([2, -1, 3, 1])]);
  });

  it('find numbers, also from 2^53 on, apart', () => {
    const big = { dtype: 'int64', shape: [2], data: BigInt64Array.of(2n ** 53n, 2n ** 53n + 1n) } as const;
    expect(find(makeTable(big, words('even', 'odd')), big, words('none'))).toEqual([words('even', 'odd')]);
  });

  it('keep what was put in', () => {
    const [keys, values] = [longs([5, -7]), words('x', 'y')];
    expect(tableTensors(makeTable(keys, values))).toEqual({ keys, values });
  });

  it('refuse one key with two values, and keys of another type', () => {
    expect(refusalOf(() => makeTable(words('a', 'a'), longs([1, 2])))).toMatch(/two values for the key "a"/);
    expect(refusalOf(() => find(makeTable(words('a'), longs([1])), longs([1]), longs([0], [])))).toMatch(
      /^TFD_KERNEL_INPUT/,
    );
  });
});
