import { allocate, DTYPES, type DType, type NumericDType } from '../../base/dtype.js';
import { elementCount, type Tensor } from '../../base/tensor.js';
import { readRawTensor } from '../../http/binary/raw-tensor.js';
import { DTYPES_BY_OIP, OIP_TYPES } from '../../http/oip/types.js';
import { inputError } from '../call.js';
import type { MessageIn, MessageOut } from '../messages.js';

type Contents = MessageIn<'InferTensorContents'>;

/** The list of InferTensorContents that carries a type; FP16 and BF16 have none and travel raw only. */
const LISTS: Readonly<Partial<Record<DType, keyof Contents & string>>> = {
  bool: 'bool_contents',
  int8: 'int_contents',
  int16: 'int_contents',
  int32: 'int_contents',
  int64: 'int64_contents',
  uint8: 'uint_contents',
  uint16: 'uint_contents',
  uint32: 'uint_contents',
  uint64: 'uint64_contents',
  float32: 'fp32_contents',
  float64: 'fp64_contents',
  string: 'bytes_contents',
};

const MAX_RANK = 254;

function readShape(shape: BigInt64Array, where: string): number[] {
  if (shape.length > MAX_RANK) throw inputError(`${where}: more than ${MAX_RANK} dimensions`);
  const dims = Array.from(shape, Number);
  const isWhole = dims.every((dim) => dim >= 0 && Number.isSafeInteger(dim));
  if (!isWhole || !Number.isSafeInteger(elementCount(dims)))
    throw inputError(`${where}: shape [${dims}] is not one`);
  return dims;
}

/** The values of a typed list in a type that may be narrower; what does not fit is refused. */
function narrow(dtype: NumericDType, values: ArrayLike<number | bigint>, where: string): Tensor['data'] {
  const data = allocate(dtype, values.length);
  for (let index = 0; index < values.length; index++) {
    data[index] = values[index] as never;
    // A float is stored as it came; a NaN is not equal to itself.
    if (data[index] !== values[index] && !(dtype === 'float32' || dtype === 'float64'))
      throw inputError(`${where}: ${values[index]} does not fit into ${DTYPES[dtype].short}`);
  }
  return data;
}

function readContents(
  dtype: DType,
  shape: readonly number[],
  contents: Contents | undefined,
  where: string,
): Tensor {
  const list = LISTS[dtype];
  if (list === undefined)
    throw inputError(`${where}: ${DTYPES[dtype].short} travels in raw_input_contents only`);
  for (const [name, values] of Object.entries(LISTS).map(([, each]) => [each, contents?.[each]] as const))
    if (name !== list && values !== undefined && values.length > 0)
      throw inputError(`${where}: ${name} is not where ${DTYPES[dtype].short} belongs`);
  const values = contents?.[list] ?? [];
  if (values.length !== elementCount(shape))
    throw inputError(`${where}: ${values.length} elements do not make shape [${shape}]`);
  if (dtype === 'string') return { dtype, shape, data: [...(values as readonly Uint8Array[])] };
  const numbers = values as ArrayLike<number | bigint>;
  return {
    dtype: dtype as 'float32',
    shape,
    data: narrow(dtype as NumericDType, numbers, where) as Float32Array,
  };
}

/** One input of a ModelInfer request; `raw` are its bytes when the request carries raw contents. */
export function readInput(
  { name, datatype, shape: dims, contents }: MessageIn<'InferInputTensor'>,
  raw: Uint8Array | undefined,
): Tensor {
  const where = `input "${name}"`;
  const dtype = DTYPES_BY_OIP.get(datatype);
  if (dtype === undefined) throw inputError(`${where}: datatype "${datatype}"`);
  const shape = readShape(dims, where);
  if (raw === undefined) return readContents(dtype, shape, contents, where);
  // The message's own bytes may lie at any offset; a view needs its element's alignment.
  return readRawTensor(dtype as 'float32', shape, raw.slice(), where);
}

/** The datatype of an output, with its `contents` unless it is sent raw. */
export function describeOutput(
  name: string,
  tensor: Tensor,
  isRaw: boolean,
): MessageOut<'InferOutputTensor'> {
  const datatype = OIP_TYPES.get(tensor.dtype);
  if (datatype === undefined)
    throw inputError(
      `output "${name}" is of type ${DTYPES[tensor.dtype].short}, which the Open Inference Protocol does not have`,
    );
  const head = { name, datatype, shape: tensor.shape.map(BigInt) };
  const list = LISTS[tensor.dtype];
  if (isRaw || list === undefined) return head;
  return { ...head, contents: { [list]: tensor.data } };
}

/** Types that have no list of their own. */
export function isRawOnly(tensor: Tensor): boolean {
  return LISTS[tensor.dtype] === undefined;
}
