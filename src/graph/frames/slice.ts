import type { NodeDef } from '../../savedmodel/types.js';
import { dataRefs, frameError, type NodeMap, plainRef, splitRef } from './node-map.js';

/** Ops that write what outlives a run: they may not be lost because only control edges lead to them. */
const WRITERS =
  /^(Assign|Scatter(?!Nd$)|ResourceApply|ResourceScatter|Apply|LookupTableInsert|LookupTableImport)/;

/**
 * Nodes that tensors depend on, up to those that `argumentOf` says are passed in from outside; copied without
 * control edges and with references to the arguments.
 */
export class Slice {
  readonly #kept = new Map<string, NodeDef>();
  readonly #seen = new Set<string>();

  constructor(
    private readonly map: NodeMap,
    private readonly argumentOf: (ref: string, node: NodeDef) => string | undefined,
  ) {}

  /** Adds what a tensor depends on; gives the reference that it has inside. */
  add(ref: string): string {
    const inside = this.#inside(ref);
    const pending = inside.argument ? [] : [inside.node];
    while (pending.length > 0) {
      const node = pending.pop()!;
      if (this.#seen.has(node.name)) continue;
      this.#seen.add(node.name);
      const inputs = dataRefs(node).map((input) => {
        const found = this.#inside(input);
        if (!found.argument) pending.push(found.node);
        return found.ref;
      });
      for (const input of node.inputs) if (input.startsWith('^')) this.#checkControl(input.slice(1));
      this.#kept.set(node.name, { ...node, inputs });
    }
    return inside.ref;
  }

  get nodes(): NodeDef[] {
    return [...this.#kept.values()];
  }

  #inside(ref: string): { ref: string; node: NodeDef; argument: boolean } {
    const { name } = splitRef(ref);
    const node = this.map.nodes.get(name);
    if (node === undefined) {
      const [asked] = this.map.nodes.values();
      throw frameError(
        asked ?? ({ name, op: '' } as NodeDef),
        `"${ref}" refers to node "${name}", which is not there`,
      );
    }
    const argument = this.argumentOf(plainRef(ref), node);
    return { ref: argument ?? ref, node, argument: argument !== undefined };
  }

  #checkControl(name: string): void {
    const node = this.map.nodes.get(name);
    if (node !== undefined && WRITERS.test(node.op)) {
      throw frameError(node, 'changes a variable inside control flow, which a compiled model can not');
    }
  }
}
