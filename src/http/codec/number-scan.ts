import { readFileSync } from 'node:fs';
import { entryPath } from '../../base/entry.js';
import { numberValue, skipNumber } from './json-number.js';
import { skipSpace } from './json-syntax.js';
import { type NumberSink, reserveSink } from './number-sink.js';

interface Global {
  readonly value: number;
}

/** The part of WebAssembly that is used: its types come with those of browsers only. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

/** What of assembly/number-scan.ts is used here: it says what the numbers mean. */
interface ScanModule {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly textAt: Global;
  readonly numbersAt: Global;
  readonly stateAt: Global;
  readonly windowBytes: Global;
  scan(
    from: number,
    to: number,
    expected: number,
    kind: number,
    isSingle: boolean,
    least: number,
    most: number,
  ): number;
}

interface Scanner {
  readonly scan: ScanModule['scan'];
  readonly windowBytes: number;
  readonly text: Uint8Array;
  readonly singles: Float32Array;
  readonly doubles: Float64Array;
  readonly state: Int32Array;
}

const DONE = 0;
const AT_END_AFTER_LIST = 3;
const UNUSUAL = 4;
const FAILED = 5;
const VALUE = 0;
const AFTER_VALUE = 1;
const KINDS = { float32: 0, float64: 1, integer: 2 } as const;
const OFFSET = 0;
const COUNT = 1;
const LISTS = 2;
const WIDTH = 3;
const OPEN = 4;
/** Bytes behind the text that must be zero. */
const PADDING_BYTES = 8;

let loaded: Scanner | null | undefined;

/** The compiled scanner, or null where the runtime has no WebAssembly (`--jitless`) or no room for its memory. */
function load(): Scanner | null {
  try {
    const bytes = readFileSync(entryPath(import.meta.url, 'number-scan.wasm'));
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {});
    const module = exports as ScanModule;
    const { buffer } = module.memory;
    const windowBytes = module.windowBytes.value;
    return {
      scan: module.scan,
      windowBytes,
      text: new Uint8Array(buffer, module.textAt.value, windowBytes + PADDING_BYTES),
      singles: new Float32Array(buffer, module.numbersAt.value, windowBytes / 2),
      doubles: new Float64Array(buffer, module.numbersAt.value, windowBytes / 2),
      state: new Int32Array(buffer, module.stateAt.value, 5),
    };
  } catch {
    return null;
  }
}

/**
 * Reads lists of numbers as `readDecimals` and `readIntegers` do, and gives the same numbers, several times
 * faster. The text passes through a window of the scanner's memory. A number that the scanner leaves alone
 * (NaN, too many digits) is read here. Undefined where there is no scanner.
 */
export function scanNumbers(
  bytes: Buffer,
  at: number,
  sink: NumberSink,
  isInteger: boolean,
  isSingle: boolean,
  least: number,
  most: number,
): number | undefined {
  if (loaded === undefined) loaded = load();
  if (loaded === null) return undefined;
  const { scan, text, state, windowBytes } = loaded;
  const isFloat32 = sink.data instanceof Float32Array;
  const numbers = isFloat32 ? loaded.singles : loaded.doubles;
  const kind = isInteger ? KINDS.integer : isFloat32 ? KINDS.float32 : KINDS.float64;
  const end = bytes.length;
  state[LISTS] = 0;
  state[WIDTH] = 0;
  state[OPEN] = 0;
  let expected: number = VALUE;
  let start = at;
  for (;;) {
    const size = Math.min(end - start, windowBytes);
    text.set(bytes.subarray(start, start + size));
    text.fill(0, size, size + PADDING_BYTES);
    let from = 0;
    let status: number;
    do {
      status = scan(from, size, expected, kind, isSingle, least, most);
      const count = state[COUNT]!;
      const data = reserveSink(sink, count + 1);
      data.set(numbers.subarray(0, count), sink.length);
      sink.length += count;
      from = state[OFFSET]!;
      expected = status - 1;
      if (status === UNUSUAL) {
        if (isInteger) return -1;
        const first = skipSpace(bytes, start + from, end);
        const after = skipNumber(bytes, first, end);
        data[sink.length++] = numberValue(bytes, first, after);
        state[OPEN]!++;
        from = after - start;
        expected = AFTER_VALUE;
      }
    } while (status === UNUSUAL && from < size);
    start += from;
    if (status === DONE || (status === AT_END_AFTER_LIST && start + size - from >= end)) break;
    // No way forward: the text ends too early, or goes on with white space or digits without end.
    if (status === FAILED || from === 0 || start >= end) return -1;
  }
  sink.rows = state[LISTS]!;
  sink.width = state[WIDTH]!;
  return start;
}
