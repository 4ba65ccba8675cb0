import { allocate, DTYPES, type DType, dtypeFromTf, isNumericDType, viewAs } from '../../base/dtype.js';
import { TfdeployError } from '../../base/error.js';
import type { FileRange } from '../../base/files.js';
import { elementCount, type NumericTensor, type StringTensor, type Tensor } from '../../base/tensor.js';
import { type Proto, TF_SCHEMA } from '../proto/schema.js';
import type { TensorValue } from '../types.js';
import { decodeMessage } from '../wire/decode.js';
import { WireReader } from '../wire/reader.js';
import type { ReadContext } from './context.js';
import { toSizes } from './shape.js';

/** A few bytes of file may ask for a tensor filled with one value; this is how large it may get. */
const MAX_FILLED_BYTES = 2 ** 28;

type ListField = {
  [K in keyof Proto<'TensorProto'>]: Proto<'TensorProto'>[K] extends ArrayLike<number | bigint> ? K : never;
}[keyof Proto<'TensorProto'>];

/** The field of TensorProto that carries the values of a type when `tensor_content` does not. */
export const VALUE_FIELDS: Readonly<Partial<Record<DType, ListField>>> = {
  float32: 'float_val',
  float64: 'double_val',
  int32: 'int_val',
  int16: 'int_val',
  int8: 'int_val',
  uint8: 'int_val',
  uint16: 'int_val',
  qint8: 'int_val',
  quint8: 'int_val',
  qint16: 'int_val',
  quint16: 'int_val',
  qint32: 'int_val',
  float16: 'half_val',
  bfloat16: 'half_val',
  complex64: 'scomplex_val',
  complex128: 'dcomplex_val',
  int64: 'int64_val',
  uint64: 'uint64_val',
  uint32: 'uint32_val',
  bool: 'bool_val',
};

/** A TensorProto that is decoded when someone asks: first its head (type and shape), then its elements. */
export class ProtoTensor implements TensorValue {
  #proto: Proto<'TensorProto'> | undefined;
  #shape: readonly number[] | undefined;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly where: string,
    private readonly context: ReadContext,
  ) {}

  get dtype(): DType {
    return dtypeFromTf(this.#decoded().dtype, this.#what());
  }

  get shape(): readonly number[] {
    this.#shape ??= toSizes(this.#decoded().tensor_shape, this.#what());
    return this.#shape;
  }

  get byteLength(): number {
    const { dtype } = this;
    if (isNumericDType(dtype)) return elementCount(this.shape) * DTYPES[dtype].bytes;
    const proto = this.#decoded();
    return proto.string_val.reduce((sum, value) => sum + value.length, proto.tensor_content.length);
  }

  get file(): FileRange | undefined {
    const { root, path } = this.context;
    const { tensor_content: content } = this.#decoded();
    if (root === undefined || path === undefined || content.buffer !== root.buffer) return undefined;
    if (content.length === 0 || !isNumericDType(this.dtype) || content.length !== this.byteLength) {
      return undefined;
    }
    return { path, offset: content.byteOffset - root.byteOffset, length: content.length };
  }

  read(): Tensor {
    const { dtype, shape } = this;
    const proto = this.#decoded();
    if (dtype === 'string') return this.#readStrings(proto, shape);
    if (!isNumericDType(dtype)) {
      throw new TfdeployError('TFD_DTYPE_UNSUPPORTED', `${this.#what()}: a constant of type ${dtype}`);
    }
    const { byteLength } = this;
    if (proto.tensor_content.length > 0) {
      if (proto.tensor_content.length !== byteLength) {
        throw this.#corrupt(`${proto.tensor_content.length} bytes of content instead of ${byteLength}`);
      }
      return { dtype, shape, data: viewAs(dtype, proto.tensor_content) };
    }
    const values = proto[VALUE_FIELDS[dtype]!] as ArrayLike<number | bigint>;
    if (byteLength > MAX_FILLED_BYTES && values.length < elementCount(shape))
      throw this.#tooLarge(byteLength);
    return fillNumbers({ dtype, shape, data: allocate(dtype, elementCount(shape)) }, values);
  }

  #readStrings(proto: Proto<'TensorProto'>, shape: readonly number[]): StringTensor {
    const count = elementCount(shape);
    const values = proto.tensor_content.length > 0 ? this.#decodeStrings(proto, count) : proto.string_val;
    if (values.length < count && count * 8 > MAX_FILLED_BYTES) throw this.#tooLarge(count * 8);
    const last = values.at(-1) ?? new Uint8Array(0);
    return { dtype: 'string', shape, data: Array.from({ length: count }, (_, i) => values[i] ?? last) };
  }

  /** TensorFlow packs strings into `tensor_content` as all lengths (varint32), then all bytes. */
  #decodeStrings(proto: Proto<'TensorProto'>, count: number): Uint8Array[] {
    const content = proto.tensor_content;
    if (count > content.length) throw this.#corrupt(`${count} strings in ${content.length} bytes of content`);
    const reader = new WireReader(content, { what: this.#what() });
    const lengths = Array.from({ length: count }, () => reader.varint32());
    let { pos } = reader;
    return lengths.map((length) => {
      if (length > content.length - pos) throw this.#corrupt('strings that run past their content');
      pos += length;
      return content.subarray(pos - length, pos);
    });
  }

  #decoded(): Proto<'TensorProto'> {
    this.#proto ??= decodeMessage(TF_SCHEMA, 'TensorProto', this.bytes, { what: this.#what() });
    return this.#proto;
  }

  #what(): string {
    return `${this.context.what}: ${this.where}`;
  }

  #corrupt(message: string): TfdeployError {
    return new TfdeployError('TFD_MODEL_CORRUPT', `${this.#what()}: ${message}`);
  }

  #tooLarge(bytes: number): TfdeployError {
    return new TfdeployError('TFD_MODEL_LIMIT', `${this.#what()}: asks for ${bytes} bytes of one value`);
  }
}

/** TensorFlow's rule: surplus values are ignored, the last one fills what is missing, none at all is zeros. */
function fillNumbers(tensor: NumericTensor, values: ArrayLike<number | bigint>): NumericTensor {
  const data = tensor.data as unknown as Record<number, number | bigint> & {
    fill(v: never, from: number): void;
  };
  const slots = tensor.data.length;
  const given = Math.min(values.length, slots);
  for (let i = 0; i < given; i++) data[i] = values[i]!;
  if (given === 0 || given === slots) return tensor;
  const isPair = tensor.dtype === 'complex64' || tensor.dtype === 'complex128';
  if (!isPair) data.fill(values[given - 1] as never, given);
  else for (let i = given; i < slots; i++) data[i] = data[i - 2]!;
  return tensor;
}
