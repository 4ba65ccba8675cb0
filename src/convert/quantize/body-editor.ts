import type { TensorValue } from '../../savedmodel/types.js';
import type { OnnxAttr, OnnxBody, OnnxNode, Ref } from '../types.js';

/** The nodes of one ONNX graph with who makes and who reads each tensor, while some are replaced. */
export class BodyEditor {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: Map<string, TensorValue>;
  readonly #names: Set<string>;
  readonly #readers = new Map<Ref, OnnxNode[]>();
  readonly #kept: Set<Ref>;

  constructor(readonly body: OnnxBody) {
    this.initializers = new Map(body.initializers);
    this.#kept = new Set(body.outputs.map(({ name }) => name));
    this.#names = new Set([...this.initializers.keys(), ...body.inputs.map(({ name }) => name)]);
    for (const node of body.nodes) {
      for (const output of node.outputs) this.#names.add(output);
      for (const input of new Set(readsOf(node))) {
        this.#readers.set(input, [...(this.#readers.get(input) ?? []), node]);
      }
    }
  }

  constantOf(ref: Ref | undefined): TensorValue | undefined {
    return ref === undefined ? undefined : this.initializers.get(ref);
  }

  /** Nodes that read a tensor, those in bodies of control flow by the node around them. */
  readersOf(ref: Ref): readonly OnnxNode[] {
    return this.#readers.get(ref) ?? [];
  }

  /** The one node that reads a tensor, where nothing else needs it. */
  onlyReader(ref: Ref): OnnxNode | undefined {
    const readers = this.readersOf(ref);
    return readers.length === 1 && !this.#kept.has(ref) ? readers[0] : undefined;
  }

  isOutput(ref: Ref): boolean {
    return this.#kept.has(ref);
  }

  /** A name that nothing has yet. */
  name(wanted: string): string {
    let name = wanted;
    for (let number = 2; this.#names.has(name); number++) name = `${wanted}__${number}`;
    this.#names.add(name);
    return name;
  }

  constant(wanted: string, value: TensorValue): Ref {
    const name = this.name(wanted);
    this.initializers.set(name, value);
    return name;
  }

  /** Appends a node; its first output is called `outputs[0]` where given. */
  add(
    op: string,
    inputs: readonly Ref[],
    outputs: readonly Ref[],
    attrs: Readonly<Record<string, OnnxAttr>> = {},
  ): Ref {
    const [first = op] = outputs;
    const made = { op, domain: '', name: first, inputs, outputs, attrs: new Map(Object.entries(attrs)) };
    this.nodes.push(made);
    return first;
  }

  /** The graph of the nodes added, without constants that nothing reads any more. */
  finish(): OnnxBody {
    const used = new Set([...this.nodes.flatMap(readsOf), ...this.#kept]);
    const initializers = new Map([...this.initializers].filter(([name]) => used.has(name)));
    return { ...this.body, nodes: this.nodes, initializers };
  }
}

function readsOf(node: OnnxNode): Ref[] {
  const inner = [...node.attrs.values()].flatMap((attr) =>
    typeof attr === 'object' && 'graph' in attr
      ? [...attr.graph.nodes.flatMap(readsOf), ...attr.graph.outputs.map(({ name }) => name)]
      : [],
  );
  return [...node.inputs, ...inner];
}
