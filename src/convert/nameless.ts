import type { Shape } from '../base/shape.js';
import type { OnnxAttr, OnnxBody, OnnxNode } from './types.js';

/** Gives every name the number of its first appearance; an omitted optional input stays one. */
class Numbers {
  readonly #numbers = new Map<string, string>([['', '']]);

  constructor(private readonly prefix: string) {}

  of(name: string): string {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = `${this.prefix}${this.#numbers.size}`;
      this.#numbers.set(name, number);
    }
    return number;
  }
}

/**
 * The same graph with names that follow from the order of its nodes: graphs that differ in nothing but the names
 * of their tensors, nodes and unknown dimensions become equal. Names are unique in a graph and its subgraphs.
 */
export function withoutNames(body: OnnxBody): OnnxBody {
  const tensors = new Numbers('t');
  const dims = new Numbers('d');
  return rename(body, tensors, dims);
}

function rename(body: OnnxBody, tensors: Numbers, dims: Numbers): OnnxBody {
  type Border = OnnxBody['inputs'][number];
  const shapeOf = (shape: Shape): Shape =>
    shape === null ? null : shape.map((dim) => (typeof dim === 'number' ? dim : dims.of(dim)));
  const border = ({ name, dtype, shape }: Border): Border => ({
    name: tensors.of(name),
    dtype,
    shape: shapeOf(shape),
  });
  const attrOf = (attr: OnnxAttr): OnnxAttr =>
    typeof attr === 'object' && 'graph' in attr ? { graph: rename(attr.graph, tensors, dims) } : attr;
  const nodeOf = ({ op, domain, inputs, outputs, attrs }: OnnxNode): OnnxNode => ({
    op,
    domain,
    name: '',
    inputs: inputs.map((name) => tensors.of(name)),
    attrs: new Map([...attrs].map(([name, attr]) => [name, attrOf(attr)])),
    outputs: outputs.map((name) => tensors.of(name)),
  });
  return {
    name: '',
    inputs: body.inputs.map(border),
    nodes: body.nodes.map(nodeOf),
    initializers: new Map([...body.initializers].map(([name, value]) => [tensors.of(name), value])),
    outputs: body.outputs.map(border),
  };
}
