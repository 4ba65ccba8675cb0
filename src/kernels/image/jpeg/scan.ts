import { imageFault } from '../limits.js';
import { BitReader, type Huffman } from './bits.js';
import { type Component, type Frame, NATURAL_ORDER } from './markers.js';

interface Part {
  readonly component: Component;
  readonly dc: Huffman | undefined;
  readonly ac: Huffman | undefined;
}

export interface Scan {
  readonly frame: Frame;
  readonly parts: readonly Part[];
  readonly from: number;
  readonly to: number;
  readonly high: number;
  readonly low: number;
  readonly restartInterval: number;
}

/** What is carried from block to block. */
interface Carry {
  readonly bits: BitReader;
  readonly predictions: Int32Array;
  endOfBandRun: number;
}

type DecodeBlock = (scan: Scan, carry: Carry, part: Part, index: number, at: number) => void;

const need = (table: Huffman | undefined): Huffman => {
  if (table === undefined) throw imageFault('JPEG: a Huffman table is missing');
  return table;
};

const baseline: DecodeBlock = (_scan, carry, { component, dc, ac }, index, at) => {
  const { bits, predictions } = carry;
  const out = component.coefficients;
  predictions[index]! += bits.readSigned(bits.decode(need(dc)) & 15);
  out[at] = predictions[index]!;
  const table = need(ac);
  for (let k = 1; k < 64; k++) {
    const code = bits.decode(table);
    const size = code & 15;
    if (size === 0) {
      if (code !== 0xf0) break;
      k += 15;
      continue;
    }
    k += code >> 4;
    const value = bits.readSigned(size);
    if (k < 64) out[at + NATURAL_ORDER[k]!] = value;
  }
};

const dcFirst: DecodeBlock = ({ low }, { bits, predictions }, { component, dc }, index, at) => {
  predictions[index]! += bits.readSigned(bits.decode(need(dc)) & 15);
  component.coefficients[at] = predictions[index]! << low;
};

const dcRefine: DecodeBlock = ({ low }, { bits }, { component }, _index, at) => {
  if (bits.read(1) === 1) component.coefficients[at]! |= 1 << low;
};

const acFirst: DecodeBlock = ({ from, to, low }, carry, { component, ac }, _index, at) => {
  if (carry.endOfBandRun > 0) {
    carry.endOfBandRun--;
    return;
  }
  const { bits } = carry;
  const table = need(ac);
  for (let k = from; k <= to; k++) {
    const code = bits.decode(table);
    const [run, size] = [code >> 4, code & 15];
    if (size > 0) {
      k += run;
      const value = bits.readSigned(size) << low;
      if (k < 64) component.coefficients[at + NATURAL_ORDER[k]!] = value;
    } else if (run === 15) k += 15;
    else {
      carry.endOfBandRun = (1 << run) - 1 + bits.read(run);
      break;
    }
  }
};

const acRefine: DecodeBlock = ({ from, to, low }, carry, { component, ac }, _index, at) => {
  const { bits } = carry;
  const out = component.coefficients;
  const step = 1 << low;
  /** One more bit for a coefficient that is not zero. */
  const refine = (place: number) => {
    const value = out[place]!;
    if (bits.read(1) === 0 || (Math.abs(value) & step) !== 0) return;
    out[place] = value > 0 ? value + step : value - step;
  };
  let k = from;
  if (carry.endOfBandRun === 0) {
    const table = need(ac);
    for (; k <= to; k++) {
      const code = bits.decode(table);
      let run = code >> 4;
      let value = 0;
      if ((code & 15) !== 0) value = bits.read(1) === 1 ? step : -step;
      else if (run !== 15) {
        carry.endOfBandRun = (1 << run) + bits.read(run);
        break;
      }
      for (; k <= to; k++) {
        const place = at + NATURAL_ORDER[k]!;
        if (out[place] !== 0) refine(place);
        else if (--run < 0) break;
      }
      if (value !== 0 && k < 64) out[at + NATURAL_ORDER[k]!] = value;
    }
  }
  if (carry.endOfBandRun > 0) {
    for (; k <= to; k++) {
      const place = at + NATURAL_ORDER[k]!;
      if (out[place] !== 0) refine(place);
    }
    carry.endOfBandRun--;
  }
};

function chooseDecoder({ frame, from, high }: Scan): DecodeBlock {
  if (!frame.isProgressive) return baseline;
  if (from === 0) return high === 0 ? dcFirst : dcRefine;
  return high === 0 ? acFirst : acRefine;
}

/** Decodes one scan; returns where the data after it starts. */
export function decodeScan(bytes: Uint8Array, at: number, scan: Scan): number {
  const { frame, parts, restartInterval } = scan;
  const carry: Carry = { bits: new BitReader(bytes, at), predictions: new Int32Array(4), endOfBandRun: 0 };
  const decode = chooseDecoder(scan);
  const [first] = parts as [Part, ...Part[]];
  const isSingle = parts.length === 1;
  // A scan of one component has no filling up to whole MCUs.
  const wide = isSingle ? Math.ceil(first.component.width / 8) : Math.ceil(frame.width / (8 * frame.maxH));
  const high = isSingle ? Math.ceil(first.component.height / 8) : Math.ceil(frame.height / (8 * frame.maxV));
  for (let mcu = 0; mcu < wide * high; mcu++) {
    if (restartInterval > 0 && mcu > 0 && mcu % restartInterval === 0) {
      carry.bits.restart(mcu / restartInterval - 1);
      carry.predictions.fill(0);
      carry.endOfBandRun = 0;
    }
    const [row, column] = [Math.floor(mcu / wide), mcu % wide];
    if (isSingle) {
      decode(scan, carry, first, 0, (row * first.component.blocksWide + column) * 64);
      continue;
    }
    parts.forEach((part, index) => {
      const { h, v, blocksWide } = part.component;
      for (let y = 0; y < v; y++) {
        for (let x = 0; x < h; x++) {
          decode(scan, carry, part, index, ((row * v + y) * blocksWide + column * h + x) * 64);
        }
      }
    });
  }
  return carry.bits.at;
}
