import { type DType, dtypeFromTf } from '../../base/dtype.js';
import { isTfdeployError } from '../../base/error.js';
import { type Proto, TF_ENUMS } from '../proto/schema.js';
import type { SignatureDef, TensorInfo, TensorValue } from '../types.js';
import type { ReadContext } from './context.js';
import { toShape } from './shape.js';
import { ProtoTensor } from './tensor.js';

const TYPE_SPECS: ReadonlyMap<number, string> = new Map(
  Object.entries(TF_ENUMS.TypeSpecClass).map(([name, number]) => [number, name]),
);

export function toSignature(name: string, proto: Proto<'SignatureDef'>, context: ReadContext): SignatureDef {
  const where = `${context.what}: signature "${name}"`;
  const defaults = new Map<string, TensorValue>();
  for (const [input, tensor] of proto.defaults) {
    defaults.set(input, new ProtoTensor(tensor, `signature "${name}", default of "${input}"`, context));
  }
  return {
    name,
    methodName: proto.method_name,
    inputs: toInfos(proto.inputs, where),
    outputs: toInfos(proto.outputs, where),
    defaults,
  };
}

function toInfos(
  protos: ReadonlyMap<string, Proto<'TensorInfo'>>,
  where: string,
): ReadonlyMap<string, TensorInfo> {
  const infos = new Map<string, TensorInfo>();
  for (const [name, proto] of protos) infos.set(name, toTensorInfo(proto, `${where}, tensor "${name}"`));
  return infos;
}

/** One tensor of a signature; reference types give their base type, unknown type numbers `invalid`. */
export function toTensorInfo(proto: Proto<'TensorInfo'>, where: string): TensorInfo {
  const dtype = declaredDType(proto.dtype);
  const shape = toShape(proto.tensor_shape, where);
  if (proto.coo_sparse !== undefined) {
    const { indices_tensor_name, values_tensor_name, dense_shape_tensor_name } = proto.coo_sparse;
    const rank = shape === null ? '?' : shape.length;
    const components = new Map<string, TensorInfo>([
      ['indices', { name: withIndex(indices_tensor_name), dtype: 'int64', shape: ['?', rank] }],
      ['values', { name: withIndex(values_tensor_name), dtype, shape: ['?'] }],
      ['dense_shape', { name: withIndex(dense_shape_tensor_name), dtype: 'int64', shape: [rank] }],
    ]);
    return { name: '', dtype, shape, components, compositeType: 'SparseTensor' };
  }
  if (proto.composite_tensor !== undefined) {
    const { type_spec: spec, components: parts } = proto.composite_tensor;
    return {
      name: '',
      dtype,
      shape,
      components: new Map(parts.map((part, i) => [String(i), toTensorInfo(part, where)])),
      compositeType:
        spec?.type_spec_class_name || TYPE_SPECS.get(spec?.type_spec_class ?? 0) || 'CompositeTensor',
    };
  }
  return { name: withIndex(proto.name ?? ''), dtype, shape };
}

function declaredDType(number: number): DType | 'invalid' {
  try {
    return dtypeFromTf(number, '');
  } catch (error) {
    if (isTfdeployError(error)) return 'invalid';
    throw error;
  }
}

/** `node` alone means its first output. */
function withIndex(name: string): string {
  return name === '' || /:\d+$/.test(name) ? name : `${name}:0`;
}
