import { isStatic } from '../base/shape.js';
import { elementCount } from '../base/tensor.js';
import type { AttrValue, TensorValue } from '../savedmodel/types.js';
import { intValue } from './constants.js';
import { inferElements } from './elements.js';
import { canFold, foldNode } from './fold.js';
import { inferBranches } from './infer-branches.js';
import { inferLoop } from './infer-loop.js';
import type { Node, Value } from './ir.js';
import { DimNames, NodeContext } from './node-context.js';
import { findShapeRow } from './shapes/index.js';

/**
 * Folds constants, infers shapes and follows the elements of small integer tensors in one walk in
 * topological order: what a node can learn from its inputs is final when it is reached. Loops are walked
 * until the shapes of their variables hold, before they are walked for good.
 */
export class Inference {
  readonly names = new DimNames();
  readonly #replaced = new Map<Value, Value>();
  /** Above 0 while a loop body is only looked at: nothing may be changed but the facts about values. */
  trialDepth = 0;
  /** Nodes that trials may still walk; when it is used up, loops forget the shapes of their variables. */
  trialBudget: number;

  constructor(
    nodeCount: number,
    /** Constants of ops that read the model's files (assets, checkpoint), for nodes with constant inputs. */
    private readonly compute: (node: Node) => readonly TensorValue[] | undefined = () => undefined,
  ) {
    this.trialBudget = 50_000 + 20 * nodeCount;
  }

  /** The value that took the place of another. */
  current(value: Value): Value {
    let at = value;
    for (let next = this.#replaced.get(at); next !== undefined; next = this.#replaced.get(at)) at = next;
    if (at !== value) this.#replaced.set(value, at);
    return at;
  }

  replace(value: Value, by: Value): void {
    if (value !== by) this.#replaced.set(value, by);
  }

  /** Walks nodes in order and returns those that remain. */
  walk(nodes: readonly Node[]): Node[] {
    const remaining: Node[] = [];
    const pending: { nodes: readonly Node[]; next: number }[] = [{ nodes, next: 0 }];
    while (pending.length > 0) {
      const top = pending[pending.length - 1]!;
      const node = top.nodes[top.next++];
      if (node === undefined) {
        pending.pop();
        continue;
      }
      if (this.trialDepth > 0) this.trialBudget--;
      node.inputs = node.inputs.map((input) => this.current(input));
      const spliced = node.bodies.size > 0 ? this.#walkBodies(node) : undefined;
      if (spliced !== undefined) pending.push({ nodes: spliced, next: 0 });
      else if (node.bodies.size > 0 || !this.#settle(node)) remaining.push(node);
    }
    return remaining;
  }

  /** The nodes of a branch that takes the node's place, when the choice is known. */
  #walkBodies(node: Node): readonly Node[] | undefined {
    if (node.bodies.has('cond')) {
      inferLoop(this, node);
      return undefined;
    }
    return inferBranches(this, node);
  }

  /** Infers one node; true when it is not needed any more because all of its outputs are constants or others. */
  #settle(node: Node): boolean {
    for (const output of node.outputs) {
      output.shape = null;
      output.elements = undefined;
      output.constant = undefined;
      output.producer = node;
    }
    if (this.trialDepth === 0 && isNoChange(node)) {
      this.replace(node.outputs[0]!, node.inputs[0]!);
      return true;
    }
    const context = new NodeContext(node, this.names);
    const shapes = findShapeRow(node.op)?.(context) ?? [];
    node.outputs.forEach((output, i) => {
      output.shape = shapes[i] ?? null;
    });
    if (node.inputs.every((input) => input.constant !== undefined)) {
      const folded = this.compute(node) ?? (canFold(node) ? foldNode(node) : undefined);
      if (folded !== undefined) {
        node.outputs.forEach((output, i) => {
          setConstant(output, folded[i]!);
        });
        return true;
      }
    }
    this.#settleElements(node, context);
    return node.outputs.length > 0 && node.outputs.every((output) => output.constant !== undefined);
  }

  #settleElements(node: Node, context: NodeContext): void {
    const elements = inferElements(context);
    node.outputs.forEach((output, i) => {
      const known = elements[i];
      if (known === undefined || (output.dtype !== 'int32' && output.dtype !== 'int64')) return;
      if (!isStatic(output.shape) || output.shape.length > 1 || elementCount(output.shape) !== known.length)
        return;
      output.elements = known;
      if (known.every((element) => typeof element === 'number')) {
        setConstant(output, intValue(output.dtype, known as readonly number[], output.shape));
      }
    });
  }
}

function setConstant(value: Value, constant: NonNullable<Value['constant']>): void {
  value.constant = constant;
  value.shape = constant.shape;
  value.producer = undefined;
}

/** A cast to the type that the value has already, or a shape check that the known shape passes. */
function isNoChange(node: Node): boolean {
  const [input, output] = [node.inputs[0], node.outputs[0]];
  if (input === undefined || output === undefined) return false;
  if (node.op === 'Cast') return input.dtype === output.dtype;
  if (node.op !== 'EnsureShape') return false;
  return passesShape(input, node.attrs.get('shape'));
}

function passesShape(input: Value, attr: AttrValue | undefined): boolean {
  if (attr?.kind !== 'shape') return false;
  const wanted = attr.value;
  if (wanted === null) return true;
  if (input.shape?.length !== wanted.length) return false;
  return wanted.every((dim, i) => typeof dim === 'string' || dim === input.shape![i]);
}
