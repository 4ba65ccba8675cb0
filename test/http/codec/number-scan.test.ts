import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDecimals, readIntegers } from '../../../src/http/codec/number-run.js';
import { scanNumbers } from '../../../src/http/codec/number-scan.js';
import type { NumberSink } from '../../../src/http/codec/number-sink.js';

type Kind = 'float32' | 'float64' | 'integer';

/** `TFDEPLOY_FUZZ=100` looks a hundred times longer. */
const FUZZ = Number(process.env.TFDEPLOY_FUZZ ?? 1);
const LEAST = Number.MIN_SAFE_INTEGER;
const MOST = Number.MAX_SAFE_INTEGER;

function emptySink(kind: Kind): NumberSink {
  const data = kind === 'float32' ? new Float32Array(4) : new Float64Array(4);
  return { data, length: 0, rows: 0, width: 0 };
}

interface Outcome {
  readonly after: number;
  readonly rows?: number;
  readonly width?: number;
  readonly bits?: string;
}

/** What a reader makes of a text, to the bit; -1 alone where it takes nothing, be it by an error. */
function outcomeOf(kind: Kind, read: (sink: NumberSink) => number): Outcome {
  const sink = emptySink(kind);
  let after: number;
  try {
    after = read(sink);
  } catch {
    after = -1;
  }
  if (after < 0) return { after: -1 };
  const { data, length, rows, width } = sink;
  const used = data.subarray(0, length);
  return {
    after,
    rows,
    width,
    bits: Buffer.from(used.buffer, used.byteOffset, used.byteLength).toString('hex'),
  };
}

function scan(text: string, kind: Kind, isSingle: boolean): Outcome {
  const bytes = Buffer.from(text, 'latin1');
  return outcomeOf(kind, (sink) => {
    const after = scanNumbers(bytes, 0, sink, kind === 'integer', isSingle, LEAST, MOST);
    if (after === undefined) throw new Error('there is no scanner: run npm run build');
    return after;
  });
}

function read(text: string, kind: Kind, isSingle: boolean): Outcome {
  const bytes = Buffer.from(text, 'latin1');
  return outcomeOf(kind, (sink) =>
    kind === 'integer'
      ? readIntegers(bytes, 0, sink, LEAST, MOST, isSingle)
      : readDecimals(bytes, 0, sink, kind === 'float32', isSingle),
  );
}

const kinds = fc.constantFrom<Kind>('float32', 'float64', 'integer');
const digits = (most: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${most}}$`));
const numbers = fc.oneof(
  { weight: 3, arbitrary: fc.float({ noNaN: true, noDefaultInfinity: true }).map(String) },
  { weight: 3, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String) },
  { weight: 3, arbitrary: fc.double({ min: -1, max: 1, noNaN: true }).map((value) => value.toFixed(7)) },
  { weight: 2, arbitrary: fc.double({ min: -300, max: 300, noNaN: true }).map((value) => value.toFixed(16)) },
  { weight: 2, arbitrary: fc.integer().map(String) },
  { weight: 1, arbitrary: fc.maxSafeInteger().map(String) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('', '-'), digits(24), digits(24), fc.integer({ min: -330, max: 300 }))
      .map(([sign, whole, part, power]) => `${sign}${whole.replace(/^0+(?=\d)/, '')}.${part}e${power}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('0', '-0', '-0.0', '0e5', '1E+2', '1e-45', '3.4e38', 'NaN', 'Inf'),
  },
  // Halfway between two float32, and a hair beside it.
  {
    weight: 1,
    arbitrary: fc.constantFrom('16777217.0000000000', '16777217.000000001', '1.00000017881393432617187500'),
  },
);
const space = fc.constantFrom('', '', '', ' ', '\n\t', '\r\n  ');
const lists = fc
  .tuple(fc.array(fc.array(numbers, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 6 }), space)
  .map(
    ([rows, gap]) =>
      `${gap}${rows.map((row) => row.join(`${gap},${gap}`)).join(`${gap}]${gap},${gap}[`)}${gap}]${gap}]}`,
  );
const mutated = fc
  .tuple(lists, fc.nat(), fc.constantFrom(...'0.e-+,][ x"\u0000{N9'), fc.constantFrom('cut', 'set', 'add'))
  .map(([text, at, byte, how]) => {
    const place = at % (text.length + 1);
    if (how === 'cut') return text.slice(0, place);
    return text.slice(0, place) + byte + text.slice(how === 'set' ? place + 1 : place);
  });

describe('the scanner', () => {
  it(
    'reads what the exact reader reads, to the bit',
    () => {
      fc.assert(
        fc.property(lists, kinds, fc.boolean(), (text, kind, isSingle) => {
          const expected = read(text, kind, isSingle);
          const found = scan(text, kind, isSingle);
          // The exact reader leaves numbers beyond float32 to the careful one; the scanner reads them itself.
          if (expected.after >= 0) expect(found).toEqual(expected);
          else if (found.after >= 0) expect(read(text, 'float64', isSingle).after).toBe(found.after);
        }),
        { numRuns: 4000 * FUZZ },
      );
    },
    20_000 * FUZZ,
  );

  it(
    'refuses what the exact reader refuses',
    () => {
      fc.assert(
        fc.property(mutated, kinds, fc.boolean(), (text, kind, isSingle) => {
          const expected = read(text, kind, isSingle);
          const found = scan(text, kind, isSingle);
          if (expected.after >= 0) expect(found).toEqual(expected);
          else if (found.after >= 0) expect(read(text, 'float64', isSingle).after).toBe(found.after);
        }),
        { numRuns: 12_000 * FUZZ },
      );
    },
    20_000 * FUZZ,
  );

  it('goes on across its window wherever that ends', () => {
    const count = 9000;
    const values = Array.from({ length: count }, (_, index) => ((index * 7919) % 100_003) / (index % 977));
    const finite = values.map((value) => (Number.isFinite(value) ? value : 0.5));
    for (let shift = 0; shift < 24; shift++) {
      const text = `${' '.repeat(shift)}${finite.join(', ')}],\n[${finite.join(' ,')} ] ]`;
      for (const kind of ['float32', 'float64'] as const) {
        const found = scan(text, kind, false);
        expect(found).toEqual(read(text, kind, false));
        expect(found).toMatchObject({ rows: 2, width: count });
      }
    }
  });

  it('gives up on a number or a gap longer than its window', () => {
    const long = '1'.repeat(40_000);
    expect(scan(`1,${' '.repeat(40_000)}2]`, 'float32', true)).toEqual({ after: -1 });
    expect(scan(`1,0.${long}]`, 'float64', true)).toEqual(read(`1,0.${long}]`, 'float64', true));
    expect(scan(`1,0.${long}`, 'float64', true)).toEqual({ after: -1 });
  });

  it('reads more lists than one and stops behind the last', () => {
    expect(scan('1,2],[3,4]]}', 'float32', false)).toMatchObject({ after: 10, rows: 2, width: 2 });
    expect(scan('1,2],[3,4]]}', 'float32', true)).toMatchObject({ after: 4, rows: 1, width: 2 });
    expect(scan('1,2][3,4]]}', 'float32', false)).toMatchObject({ after: 4, rows: 1 });
    expect(scan('1,2],[3]]}', 'float32', false)).toEqual({ after: -1 });
    expect(scan('01]', 'float32', false)).toEqual({ after: -1 });
    expect(scan('1.]', 'float32', false)).toEqual({ after: -1 });
    expect(scan('9007199254740992]', 'integer', false)).toEqual({ after: -1 });
  });
});
