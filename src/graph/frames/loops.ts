import { TfdeployError } from '../../base/error.js';
import type { AttrValue, NodeDef } from '../../savedmodel/types.js';
import { rewriteConditionals } from './conditionals.js';
import {
  attempt,
  dataRefs,
  frameError,
  freshName,
  functionAttr,
  makeFunction,
  makeNode,
  type NodeMap,
  splitRef,
  typeAttr,
  typesAttr,
} from './node-map.js';
import { Slice } from './slice.js';

/** TensorFlow nests loops a few deep; each frame costs a walk over the graph. */
const MAX_DEPTH = 50;
const MAX_FRAMES = 2000;

interface Variable {
  readonly enter: NodeDef;
  readonly merge: NodeDef;
  /** The Switch between the condition and the body; undefined when nothing reads the variable after it. */
  readonly gate: NodeDef | undefined;
  readonly next: string;
}

interface Frame {
  readonly name: string;
  readonly variables: readonly Variable[];
  /** Enter nodes of values that the loop does not change. */
  readonly invariants: readonly NodeDef[];
  readonly condition: string;
  readonly exits: readonly NodeDef[];
}

/** Frames of TensorFlow 1 loops become While nodes, inner ones first. Gives the names of the nodes taken away. */
export function rewriteLoops(map: NodeMap): Set<string> {
  const frames = collectFrames(map);
  const gone = new Set<string>();
  const running = new Set<string>();
  const done = new Set<string>();
  const rewrite = (name: string): void => {
    if (done.has(name)) return;
    if (running.has(name) || running.size > MAX_DEPTH) {
      throw new TfdeployError('TFD_GRAPH_INVALID', `the loop frame "${name}" is inside itself`);
    }
    running.add(name);
    let frame = readFrame(map, frames, name);
    for (let inner = innerFrame(map, frame); inner !== undefined; inner = innerFrame(map, frame)) {
      rewrite(inner);
      frame = readFrame(map, frames, name);
    }
    rewriteFrame(map, frame, gone);
    running.delete(name);
    done.add(name);
  };
  if (frames.size > MAX_FRAMES) {
    throw new TfdeployError('TFD_MODEL_LIMIT', `the graph has more than ${MAX_FRAMES} loop frames`);
  }
  for (const name of frames.keys()) {
    running.clear();
    attempt(() => rewrite(name));
  }
  return gone;
}

function frameNameOf(node: NodeDef): string {
  const attr = node.attrs.get('frame_name');
  if (attr?.kind !== 's') throw frameError(node, 'attribute "frame_name" is missing');
  return new TextDecoder().decode(attr.value);
}

function collectFrames(map: NodeMap): Map<string, NodeDef[]> {
  const frames = new Map<string, NodeDef[]>();
  for (const node of map.nodes.values()) {
    if (node.op !== 'Enter' && node.op !== 'RefEnter') continue;
    const name = frameNameOf(node);
    frames.set(name, [...(frames.get(name) ?? []), node]);
  }
  return frames;
}

/** A frame inside this one that is still made of frames: one whose Exit the condition or the body depends on. */
function innerFrame(map: NodeMap, frame: Frame): string | undefined {
  const own = new Set<string>();
  for (const { merge, gate } of frame.variables) own.add(merge.name).add(gate?.name ?? merge.name);
  for (const enter of frame.invariants) own.add(enter.name);
  const pending = [frame.condition, ...frame.variables.map(({ next }) => next)];
  while (pending.length > 0) {
    const { name } = splitRef(pending.pop()!);
    const node = map.nodes.get(name);
    if (node === undefined || own.has(name)) continue;
    own.add(name);
    if (node.op.endsWith('Exit')) return frameOfExit(map, node);
    pending.push(...dataRefs(node));
  }
  return undefined;
}

function frameOfExit(map: NodeMap, exit: NodeDef): string {
  const sourceOf = (node: NodeDef | undefined) =>
    map.nodes.get(splitRef(dataRefs(node ?? exit)[0] ?? '').name);
  const merge = sourceOf(sourceOf(exit));
  const enter = dataRefs(merge ?? exit)
    .map((ref) => map.nodes.get(splitRef(ref).name))
    .find((node) => node?.op.endsWith('Enter'));
  if (enter === undefined) throw frameError(exit, 'leaves no loop frame');
  return frameNameOf(enter);
}

function readersOf(map: NodeMap): Map<string, NodeDef[]> {
  const readers = new Map<string, NodeDef[]>();
  for (const node of map.nodes.values()) {
    for (const ref of dataRefs(node)) {
      const { name } = splitRef(ref);
      const list = readers.get(name);
      if (list === undefined) readers.set(name, [node]);
      else list.push(node);
    }
  }
  return readers;
}

function readFrame(map: NodeMap, frames: ReadonlyMap<string, readonly NodeDef[]>, name: string): Frame {
  const readers = readersOf(map);
  const enters = (frames.get(name) ?? []).map((node) => map.nodes.get(node.name) ?? node);
  const variables: Variable[] = [];
  const invariants: NodeDef[] = [];
  const exits: NodeDef[] = [];
  let condition: string | undefined;
  for (const enter of enters) {
    const merge = readers
      .get(enter.name)
      ?.find((node) => /^(Ref)?Merge$/.test(node.op) && isLoopMerge(map, node));
    if (merge === undefined) {
      invariants.push(enter);
      continue;
    }
    const next = dataRefs(merge)
      .map((ref) => map.nodes.get(splitRef(ref).name))
      .find((node) => node?.op.endsWith('NextIteration'));
    const gates = (readers.get(merge.name) ?? []).filter(
      (node) =>
        /^(Ref)?Switch$/.test(node.op) &&
        isLoopGate(map, node) &&
        splitRef(node.inputs[0]!).name === merge.name,
    );
    const [gate] = gates;
    variables.push({ enter, merge, gate, next: dataRefs(next!)[0]! });
    if (gate === undefined) continue;
    condition ??= dataRefs(map.nodes.get(splitRef(dataRefs(gate)[1]!).name)!)[0];
    exits.push(...(readers.get(gate.name) ?? []).filter((node) => node.op.endsWith('Exit')));
  }
  if (condition === undefined) throw frameError(enters[0]!, `the loop frame "${name}" has no condition`);
  return { name, variables, invariants, condition, exits };
}

export function isLoopMerge(map: NodeMap, node: NodeDef): boolean {
  return dataRefs(node).some(
    (ref) => map.nodes.get(splitRef(ref).name)?.op.endsWith('NextIteration') ?? false,
  );
}

function isLoopGate(map: NodeMap, node: NodeDef): boolean {
  return map.nodes.get(splitRef(dataRefs(node)[1] ?? '').name)?.op === 'LoopCond';
}

function typeOf(node: NodeDef): number {
  const attr = node.attrs.get('T');
  if (attr?.kind !== 'type') throw frameError(node, 'attribute "T" is missing');
  return attr.value > 100 ? attr.value - 100 : attr.value;
}

function rewriteFrame(map: NodeMap, frame: Frame, gone: Set<string>): void {
  const { variables, condition } = frame;
  const argument = new Map<string, string>();
  for (const { merge, gate } of variables) {
    argument.set(merge.name, merge.name);
    if (gate !== undefined) argument.set(`${gate.name}:1`, merge.name);
  }
  for (const enter of frame.invariants) argument.set(enter.name, enter.name);
  const used = new Set<string>();
  const argumentOf = (ref: string, node: NodeDef): string | undefined => {
    const found = argument.get(ref);
    if (found !== undefined) used.add(found);
    else if (node.op.endsWith('Enter')) throw frameError(node, `is read outside of its frame`);
    return found;
  };
  const test = new Slice(map, argumentOf);
  const testRef = test.add(condition);
  const body = new Slice(map, argumentOf);
  const next = variables.map((variable) => body.add(variable.next));
  const invariants = frame.invariants.filter((enter) => used.has(enter.name));
  const args = [
    ...variables.map(({ enter, merge }) => ({ name: merge.name, type: typeOf(enter) })),
    ...invariants.map((enter) => ({ name: enter.name, type: typeOf(enter) })),
  ];
  const name = freshName(map, `${frame.name}/While`);
  const condName = freshName(map, `${name}/cond`);
  map.functions.set(
    condName,
    makeFunction(condName, args, [{ ref: testRef, type: 10 }], cleanBody(map, test, args)),
  );
  const bodyName = freshName(map, `${name}/body`);
  const returned = [...next, ...invariants.map((enter) => enter.name)];
  map.functions.set(
    bodyName,
    makeFunction(
      bodyName,
      args,
      returned.map((ref, i) => ({ ref, type: args[i]!.type })),
      cleanBody(map, body, args),
    ),
  );
  const inputs = [...variables.map(({ enter }) => enter), ...invariants].map((enter) => dataRefs(enter)[0]!);
  const attrs: Record<string, AttrValue> = {
    T: typesAttr(args.map(({ type }) => type)),
    cond: functionAttr(condName),
    body: functionAttr(bodyName),
    output_shapes: { kind: 'list', value: [] },
  };
  map.nodes.set(name, makeNode(name, 'While', inputs, attrs));
  for (const exit of frame.exits) {
    const from = splitRef(dataRefs(exit)[0]!).name;
    const position = variables.findIndex(({ gate }) => gate?.name === from);
    map.nodes.set(
      exit.name,
      makeNode(exit.name, 'Identity', [`${name}:${position}`], { T: typeAttr(args[position]!.type) }),
    );
  }
  for (const node of [...test.nodes, ...body.nodes]) gone.add(node.name);
  for (const { enter, merge, gate } of variables) {
    for (const node of [enter, merge, gate]) if (node !== undefined) gone.add(node.name);
  }
  for (const enter of frame.invariants) gone.add(enter.name);
}

/** The nodes of a body, with its own conditionals rewritten. */
function cleanBody(
  map: NodeMap,
  slice: Slice,
  args: readonly { readonly name: string; readonly type: number }[],
): NodeDef[] {
  const { nodes } = slice;
  if (!nodes.some((node) => /^(Ref)?Merge$/.test(node.op))) return nodes;
  const own: NodeMap = { nodes: new Map(nodes.map((node) => [node.name, node])), functions: map.functions };
  // Arguments stand as placeholders while the body is looked at as a graph.
  for (const { name, type } of args)
    own.nodes.set(name, makeNode(name, 'Placeholder', [], { dtype: typeAttr(type) }));
  rewriteConditionals(own, new Set());
  for (const { name } of args) own.nodes.delete(name);
  return [...own.nodes.values()];
}
