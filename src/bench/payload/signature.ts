import { DTYPES, type DType, tfEnumName } from '../../base/dtype.js';
import { TfdeployError } from '../../base/error.js';

/** An input as the server's metadata tells it; -1 is an unknown dimension, null an unknown rank. */
export interface InputSpec {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[] | null;
}

export interface SignatureSpec {
  readonly name: string;
  readonly methodName: string;
  readonly inputs: readonly InputSpec[];
}

/** TensorFlow's own limit. */
const MOST_RANK = 254;

const BY_ENUM_NAME: ReadonlyMap<string, DType> = new Map(
  (Object.keys(DTYPES) as DType[]).map((dtype) => [tfEnumName(dtype), dtype]),
);

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function at(value: unknown, ...path: readonly string[]): unknown {
  let here = value;
  for (const key of path) here = isObject(here) && Object.hasOwn(here, key) ? here[key] : undefined;
  return here;
}

/**
 * Finds a signature in the answer to `GET /v1/models/NAME/metadata`. Without a name it takes `serving_default`,
 * or the only one there is. Throws TFD_SIGNATURE_NOT_FOUND, or TFD_UNAVAILABLE for an answer of another form.
 */
export function readSignature(metadata: unknown, name: string | undefined, where: string): SignatureSpec {
  const all = at(metadata, 'metadata', 'signature_def', 'signature_def');
  if (!isObject(all)) {
    throw new TfdeployError('TFD_UNAVAILABLE', `${where}: the answer is not TensorFlow Serving's metadata`, {
      hint: 'give the request yourself with --input FILE',
    });
  }
  const usable = Object.keys(all).filter(
    (key) => Object.keys((at(all[key], 'inputs') as Json) ?? {}).length > 0,
  );
  const chosen =
    name ?? (usable.includes('serving_default') || usable.length !== 1 ? 'serving_default' : usable[0]!);
  if (!Object.hasOwn(all, chosen)) {
    throw new TfdeployError('TFD_SIGNATURE_NOT_FOUND', `${where}: the model has no signature '${chosen}'`, {
      hint: `choose one with --signature: ${usable.join(', ') || 'it has none with inputs'}`,
    });
  }
  const inputs = at(all[chosen], 'inputs');
  if (!isObject(inputs) || Object.keys(inputs).length === 0) {
    throw new TfdeployError('TFD_SIGNATURE_NOT_FOUND', `${where}: signature '${chosen}' has no inputs`, {
      hint: `choose another with --signature: ${usable.join(', ') || 'it has none with inputs'}`,
    });
  }
  const methodName = at(all[chosen], 'method_name');
  return {
    name: chosen,
    methodName: typeof methodName === 'string' ? methodName : '',
    inputs: Object.entries(inputs).map(([key, info]) => readInput(key, info, where)),
  };
}

function readInput(name: string, info: unknown, where: string): InputSpec {
  if (at(info, 'coo_sparse') !== undefined || at(info, 'composite_tensor') !== undefined) {
    throw new TfdeployError('TFD_DTYPE_UNSUPPORTED', `${where}: input '${name}' is not one dense tensor`, {
      hint: 'give the request yourself with --input FILE',
    });
  }
  const enumName = at(info, 'dtype');
  const dtype = typeof enumName === 'string' ? BY_ENUM_NAME.get(enumName) : undefined;
  if (dtype === undefined) {
    throw new TfdeployError(
      'TFD_DTYPE_UNSUPPORTED',
      `${where}: input '${name}' has data type ${String(enumName)}`,
    );
  }
  return { name, dtype, shape: readShape(name, at(info, 'tensor_shape'), where) };
}

function readShape(name: string, shape: unknown, where: string): number[] | null {
  if (shape === undefined || at(shape, 'unknown_rank') === true) return null;
  const dims = at(shape, 'dim') ?? [];
  if (!Array.isArray(dims) || dims.length > MOST_RANK) throw badShape(name, where);
  return dims.map((dim) => {
    const size = Number(at(dim, 'size') ?? 0);
    if (!Number.isSafeInteger(size) || size < -1) throw badShape(name, where);
    return size;
  });
}

function badShape(name: string, where: string): TfdeployError {
  return new TfdeployError('TFD_UNAVAILABLE', `${where}: the shape of input '${name}' is not readable`);
}
