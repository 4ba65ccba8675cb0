import { DTYPES, type DType, isNumericDType } from '../base/dtype.js';
import { TfdeployError } from '../base/error.js';
import { numericTensor, tensorBytes } from '../base/tensor.js';
import type { TensorValue } from '../savedmodel/types.js';
import { denseValue } from './derive.js';
import { chooseKernel } from './onnx/kernels.js';
import { NameScope } from './onnx/names.js';
import { type OpTypes, opKey, opTypes, type TypeToken, tokenAt } from './onnx/op-types.js';
import type { OnnxAttr, OnnxBody, OnnxEmitter, OnnxNode, Ref } from './types.js';

type AttrInput = Readonly<Record<string, OnnxAttr | undefined>>;
type Types = Map<string, DType>;

/** Constants up to this many bytes are compared by content. */
const SHARED_CONSTANT_BYTES = 1024;

interface DraftNode extends OnnxNode {
  readonly inputs: Ref[];
  readonly outputs: Ref[];
}

/**
 * Builds the nodes of one ONNX graph. Knows the type of every tensor, so that an operator is only emitted
 * with types ONNX Runtime has a kernel for: others are computed in a wider type between two Casts, or refused.
 * Equal nodes and equal small constants are made once.
 */
export class Emitter implements OnnxEmitter {
  readonly nodes: DraftNode[] = [];
  readonly initializers = new Map<string, TensorValue>();
  readonly warnings = new Set<string>();
  readonly #dtypes: Map<Ref, DType>;
  readonly #constants = new Map<string, Ref>();
  readonly #byValue = new Map<TensorValue, Ref>();
  readonly #known = new Map<string, DraftNode>();
  /** Name given to the outputs of the nodes made next: that of the TensorFlow node under conversion. */
  scope = '';

  constructor(
    readonly names: NameScope = new NameScope(),
    parent?: Emitter,
  ) {
    this.#dtypes = parent === undefined ? new Map() : parent.#dtypes;
  }

  /** A tensor that comes from outside (graph input, another stage). */
  declare(wanted: string, dtype: DType): Ref {
    const name = this.names.take(wanted);
    this.#dtypes.set(name, dtype);
    return name;
  }

  dtypeOf(ref: Ref): DType {
    const dtype = this.#dtypes.get(ref);
    if (dtype === undefined) throw new TfdeployError('TFD_BUG', `tensor "${ref}" is not in the ONNX graph`);
    return dtype;
  }

  op(type: string, inputs: readonly Ref[], attrs: AttrInput = {}, options: { domain?: string } = {}): Ref {
    return this.ops(type, inputs, 1, attrs, options)[0] as Ref;
  }

  ops(
    type: string,
    inputs: readonly Ref[],
    outputs: number,
    attrs: AttrInput = {},
    options: { domain?: string } = {},
  ): Ref[] {
    const key = opKey(type, options.domain ?? '');
    const rules = opTypes(key);
    const asked = this.#bindTypes(key, rules, inputs);
    const main = asked.get('T');
    const choice = main === undefined ? undefined : chooseKernel(key, main);
    if (main !== undefined && choice === undefined) {
      throw new TfdeployError('TFD_DTYPE_UNSUPPORTED', `ONNX Runtime has no ${key} kernel for ${main}`, {
        hint: 'run the signature with the tfjs-node engine',
        details: { operator: key, dtype: main },
      });
    }
    if (choice?.isLossy) this.warnings.add(`${key} of ${main} is computed in ${choice.dtype}`);
    const used = new Map(asked);
    if (choice !== undefined) used.set('T', choice.dtype);
    const casted = inputs.map((ref, index) => this.#fit(key, ref, index, rules, used));
    const node = this.#append(type, options.domain ?? '', casted, outputs, attrs, (index) =>
      this.#outputType(key, rules, index, used, attrs),
    );
    return node.outputs.map((ref, index) => {
      const token = tokenAt(rules.outputs, rules.isVariadicOut, index);
      const wanted = token?.kind === 'variable' ? asked.get(token.name) : undefined;
      return wanted === undefined || ref === '' ? ref : this.cast(ref, this.dtypeOf(ref), wanted);
    });
  }

  constant(value: TensorValue): Ref {
    const seen = this.#byValue.get(value);
    if (seen !== undefined) return seen;
    const key = constantKey(value);
    const shared = key === undefined ? undefined : this.#constants.get(key);
    const ref = shared ?? this.declare(`${this.scope}/const`, value.dtype);
    if (shared === undefined) this.initializers.set(ref, value);
    if (key !== undefined) this.#constants.set(key, ref);
    this.#byValue.set(value, ref);
    return ref;
  }

  i64(values: readonly number[]): Ref {
    return this.constant(denseValue(numericTensor('int64', [values.length], values)));
  }

  i64Scalar(value: number): Ref {
    return this.scalar('int64', value);
  }

  scalar(dtype: DType, value: number): Ref {
    if (!isNumericDType(dtype)) throw new TfdeployError('TFD_BUG', `a scalar of type ${dtype}`);
    if (dtype === 'float16' || dtype === 'bfloat16')
      return this.cast(this.scalar('float32', value), 'float32', dtype);
    return this.constant(denseValue(numericTensor(dtype, [], [value])));
  }

  cast(ref: Ref, from: DType, to: DType): Ref {
    const actual = this.dtypeOf(ref);
    if (actual !== from) throw new TfdeployError('TFD_BUG', `"${ref}" is ${actual}, not ${from}`);
    if (DTYPES[from].onnx === DTYPES[to].onnx && from !== to) {
      throw new TfdeployError('TFD_DTYPE_UNSUPPORTED', `no conversion from ${from} to ${to}`);
    }
    return from === to ? ref : this.op('Cast', [ref], { to: DTYPES[to].onnx });
  }

  /** Gives a tensor made since node `from` its final name; an older one keeps its own. */
  rename(ref: Ref, wanted: string, from: number): Ref {
    const made = this.nodes.slice(from);
    if (!made.some((node) => node.outputs.includes(ref))) return ref;
    const name = this.names.claim(wanted);
    this.#dtypes.set(name, this.dtypeOf(ref));
    for (const node of made) {
      replace(node.inputs, ref, name);
      replace(node.outputs, ref, name);
    }
    return name;
  }

  /** Makes a tensor known under a name reserved before, by a copy where it is not called so already. */
  publish(ref: Ref, name: string): void {
    if (ref === name) return;
    this.#dtypes.set(this.names.claim(name), this.dtypeOf(ref));
    this.nodes.push({ op: 'Identity', domain: '', name, inputs: [ref], outputs: [name], attrs: new Map() });
  }

  /** If or Loop: an operator whose outputs have the types that its bodies give. */
  control(type: string, inputs: readonly Ref[], attrs: AttrInput, outputs: readonly DType[]): Ref[] {
    return this.#append(type, '', [...inputs], outputs.length, attrs, (index) => outputs[index] as DType)
      .outputs;
  }

  /** A tensor of its own with the same value: what a body gives out must be made in the body, once per output. */
  copy(ref: Ref): Ref {
    const name = this.declare(`${ref}/copy`, this.dtypeOf(ref));
    this.nodes.push({ op: 'Identity', domain: '', name, inputs: [ref], outputs: [name], attrs: new Map() });
    return name;
  }

  /** An emitter for the body of If or Loop: it sees the tensors of this one. */
  child(): Emitter {
    const child = new Emitter(this.names, this);
    child.scope = this.scope;
    return child;
  }

  /** The graph made so far, with these borders. */
  body(name: string, inputs: OnnxBody['inputs'], outputs: OnnxBody['outputs']): OnnxBody {
    return { name, nodes: this.nodes, initializers: this.initializers, inputs, outputs };
  }

  #bindTypes(key: string, rules: OpTypes, inputs: readonly Ref[]): Types {
    const bound: Types = new Map();
    inputs.forEach((ref, index) => {
      const token = tokenAt(rules.inputs, rules.isVariadicIn, index);
      if (token === undefined)
        throw new TfdeployError('TFD_BUG', `${key}: too many inputs in "${this.scope}"`);
      if (ref === '' || token.kind !== 'variable') return;
      const dtype = this.dtypeOf(ref);
      const before = bound.get(token.name);
      if (before !== undefined && before !== dtype) {
        throw new TfdeployError(
          'TFD_BUG',
          `${key} in "${this.scope}": input ${index} is ${dtype}, not ${before}`,
        );
      }
      bound.set(token.name, dtype);
    });
    return bound;
  }

  #fit(key: string, ref: Ref, index: number, rules: OpTypes, used: Types): Ref {
    if (ref === '') return ref;
    const token = tokenAt(rules.inputs, rules.isVariadicIn, index) as TypeToken;
    const actual = this.dtypeOf(ref);
    if (token.kind === 'variable') return this.cast(ref, actual, used.get(token.name) ?? actual);
    if (token.kind !== 'fixed' || token.dtypes.includes(actual)) return ref;
    const to = token.dtypes.at(-1) as DType;
    if (actual === 'int32' && to === 'int64') return this.cast(ref, actual, to);
    throw new TfdeployError('TFD_BUG', `${key} in "${this.scope}": input ${index} is ${actual}, not ${to}`);
  }

  #outputType(key: string, rules: OpTypes, index: number, used: Types, attrs: AttrInput): DType {
    const token = tokenAt(rules.outputs, rules.isVariadicOut, index);
    if (token?.kind === 'fixed') return token.dtypes[0] as DType;
    const dtype = token?.kind === 'variable' ? used.get(token.name) : undefined;
    if (dtype !== undefined) return dtype;
    if (token?.kind === 'attr') return dtypeOfAttr(attrs[token.name]);
    throw new TfdeployError('TFD_BUG', `${key} in "${this.scope}": output ${index} has no type`);
  }

  #append(
    type: string,
    domain: string,
    inputs: Ref[],
    outputs: number,
    attrs: AttrInput,
    typeOf: (index: number) => DType,
  ): DraftNode {
    while (inputs.at(-1) === '') inputs.pop();
    const entries = Object.entries(attrs).filter(
      (entry): entry is [string, OnnxAttr] => entry[1] !== undefined,
    );
    const key = nodeKey(type, domain, inputs, outputs, entries);
    const known = key === undefined ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const label = `${this.scope}/${type}`;
    const made: Ref[] = [];
    for (let index = 0; index < outputs; index++) {
      made.push(this.declare(index === 0 ? label : `${label}:${index}`, typeOf(index)));
    }
    const node = { op: type, domain, name: made[0] ?? label, inputs, outputs: made, attrs: new Map(entries) };
    this.nodes.push(node);
    if (key !== undefined) this.#known.set(key, node);
    return node;
  }
}

function replace(refs: Ref[], from: Ref, to: Ref): void {
  for (let index = 0; index < refs.length; index++) if (refs[index] === from) refs[index] = to;
}

/** By ONNX's number; its quantized twins (`qint8`…) have numbers of plain types. */
const ONNX_TYPES: ReadonlyMap<number, DType> = new Map(
  Object.entries(DTYPES)
    .filter(([name, row]) => row.onnx !== 0 && !name.startsWith('q'))
    .map(([name, row]) => [row.onnx, name as DType]),
);

function dtypeOfAttr(attr: OnnxAttr | undefined): DType {
  const number = typeof attr === 'object' && 'tensor' in attr ? DTYPES[attr.tensor.dtype].onnx : attr;
  const found = ONNX_TYPES.get(Number(number));
  if (found !== undefined) return found;
  throw new TfdeployError('TFD_BUG', 'an ONNX type attribute is missing or not known');
}

/** Random operators and control flow are never shared. */
function nodeKey(
  type: string,
  domain: string,
  inputs: readonly Ref[],
  outputs: number,
  attrs: readonly [string, OnnxAttr][],
): string | undefined {
  if (type.startsWith('Random') || type === 'Multinomial') return undefined;
  const parts: string[] = [];
  for (const [name, attr] of attrs) {
    if (typeof attr === 'object' && ('graph' in attr || 'tensor' in attr)) return undefined;
    parts.push(
      `${name}=${JSON.stringify(attr, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))}`,
    );
  }
  return JSON.stringify([type, domain, outputs, inputs, parts.sort()]);
}

function constantKey(value: TensorValue): string | undefined {
  const border = `${value.dtype}[${value.shape.join()}]`;
  if (value.file !== undefined) return `${border}@${value.file.path}:${value.file.offset}`;
  if (value.byteLength > SHARED_CONSTANT_BYTES || value.dtype === 'string') return undefined;
  const tensor = value.read();
  if (tensor.dtype === 'string') return undefined;
  return `${border}=${Buffer.from(tensorBytes(tensor)).toString('latin1')}`;
}
