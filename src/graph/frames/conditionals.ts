import type { AttrValue, NodeDef } from '../../savedmodel/types.js';
import { intValue } from '../constants.js';
import {
  attempt,
  dataRefs,
  frameError,
  freshName,
  functionAttr,
  INT32,
  makeFunction,
  makeNode,
  type NodeMap,
  plainRef,
  splitRef,
  typeAttr,
  typeOfRef,
  typesAttr,
} from './node-map.js';
import { Slice } from './slice.js';

/** Under which outcomes of which predicates a node is run: predicate → 0 or 1. */
type Literals = ReadonlyMap<string, 0 | 1>;

interface Choice {
  readonly merge: NodeDef;
  readonly predicate: string;
  /** The tensor that is taken when the predicate is false, and when it is true. */
  readonly sides: readonly [string, string];
  /** Position of those in the Merge. */
  readonly positions: readonly [number, number];
  readonly outer: Literals;
}

const isMerge = (node: NodeDef) => node.op === 'Merge' || node.op === 'RefMerge';
const isSwitch = (node: NodeDef) => node.op === 'Switch' || node.op === 'RefSwitch';

/**
 * TensorFlow 1 conditionals become If nodes: each Merge joins what is run when one predicate is true with what
 * is run when it is false; what both need is passed in. Nodes in `skip` are left alone.
 */
export function rewriteConditionals(map: NodeMap, skip: ReadonlySet<string>): void {
  const merges = [...map.nodes.values()].filter((node) => isMerge(node) && !skip.has(node.name));
  if (merges.length === 0) return;
  const liveness = new Liveness(map);
  const choices = merges.flatMap((merge) => attempt(() => liveness.choiceOf(merge)) ?? []);
  const groups = new Map<string, Choice[]>();
  for (const choice of choices) {
    const scope = choice.merge.name.slice(0, choice.merge.name.lastIndexOf('/') + 1);
    const key = JSON.stringify([scope, choice.predicate, [...choice.outer].sort()]);
    groups.set(key, [...(groups.get(key) ?? []), choice]);
  }
  // Inner conditionals first: they are nodes of the outer ones' branches.
  const ordered = [...groups.values()].sort((a, b) => b[0]!.outer.size - a[0]!.outer.size);
  const readsPosition = new Set(
    [...map.nodes.values()].flatMap((node) => dataRefs(node).filter((ref) => ref.endsWith(':1'))),
  );
  for (const group of ordered) attempt(() => rewriteGroup(map, liveness, group, readsPosition));
}

/** Follows Switch outputs through the graph. */
class Liveness {
  readonly #ofNode = new Map<string, Literals>();

  constructor(private readonly map: NodeMap) {}

  /** What a Merge chooses between; undefined when it does not depend on a predicate. */
  choiceOf(merge: NodeDef): Choice | undefined {
    const refs = dataRefs(merge);
    if (refs.length !== 2) throw frameError(merge, `joins ${refs.length} tensors`);
    const [a, b] = refs.map((ref) => this.#ofRef(ref)) as [Literals, Literals];
    const found = splitLiterals(a, b);
    if (found === undefined) throw frameError(merge, 'joins two tensors that no predicate tells apart');
    const { predicate, isFirstTrue, outer } = found;
    this.#ofNode.set(merge.name, outer);
    return {
      merge,
      predicate,
      sides: isFirstTrue ? [refs[1]!, refs[0]!] : [refs[0]!, refs[1]!],
      positions: isFirstTrue ? [1, 0] : [0, 1],
      outer,
    };
  }

  set(name: string, literals: Literals): void {
    this.#ofNode.set(name, literals);
  }

  /** Literals of a node, computed from its inputs without recursion. */
  of(name: string): Literals {
    const pending = [name];
    const open = new Set<string>();
    while (pending.length > 0) {
      const top = pending[pending.length - 1]!;
      const node = this.map.nodes.get(top);
      if (node === undefined || this.#ofNode.has(top)) {
        pending.pop();
        continue;
      }
      const inputs = node.inputs.map((ref) => splitRef(ref).name);
      const missing = open.has(top) ? [] : inputs.filter((each) => !this.#ofNode.has(each));
      open.add(top);
      if (missing.length > 0) pending.push(...missing);
      else {
        pending.pop();
        this.#ofNode.set(top, this.#combine(node));
      }
    }
    return this.#ofNode.get(name) ?? new Map();
  }

  #combine(node: NodeDef): Literals {
    if (isMerge(node)) {
      const [a, b] = dataRefs(node).map((ref) => this.#settled(ref)) as [Literals, Literals];
      return splitLiterals(a, b ?? a)?.outer ?? new Map();
    }
    const made = new Map<string, 0 | 1>();
    for (const ref of node.inputs)
      for (const [predicate, side] of this.#settled(ref)) made.set(predicate, side);
    return made;
  }

  #ofRef(ref: string): Literals {
    this.of(splitRef(ref).name);
    return this.#settled(ref);
  }

  /** Literals of a tensor whose node is settled: a Switch adds the side that the tensor is on. */
  #settled(ref: string): Literals {
    const { name, index } = splitRef(ref);
    const own = this.#ofNode.get(name) ?? new Map<string, 0 | 1>();
    const node = this.map.nodes.get(name);
    if (node === undefined || !isSwitch(node) || ref.startsWith('^')) return own;
    return new Map(own).set(predicateOf(this.map, node), index === 0 ? 0 : 1);
  }

  ofRef(ref: string): Literals {
    return this.#ofRef(ref);
  }
}

/** The predicate of a Switch, behind Identity nodes. */
function predicateOf(map: NodeMap, node: NodeDef): string {
  let ref = plainRef(dataRefs(node)[1] ?? '');
  for (let steps = 0; steps < 1000; steps++) {
    const source = map.nodes.get(splitRef(ref).name);
    if (source?.op !== 'Identity') break;
    ref = plainRef(dataRefs(source)[0]!);
  }
  return ref;
}

/** The one predicate in which two sets of literals differ, and what is left without it. */
function splitLiterals(
  a: Literals,
  b: Literals,
): { predicate: string; isFirstTrue: boolean; outer: Literals } | undefined {
  const names = [...new Set([...a.keys(), ...b.keys()])];
  const opposed = names.filter((name) => a.has(name) && b.has(name) && a.get(name) !== b.get(name));
  // A branch that is a constant may have lost the edge that tells when it is run.
  const onlyOne = names.filter((name) => a.has(name) !== b.has(name));
  const predicate =
    opposed.length === 1 ? opposed[0] : opposed.length === 0 && onlyOne.length === 1 ? onlyOne[0] : undefined;
  if (predicate === undefined) return undefined;
  const isFirstTrue = a.has(predicate) ? a.get(predicate) === 1 : b.get(predicate) === 0;
  const outer = new Map([...a, ...b]);
  outer.delete(predicate);
  return { predicate, isFirstTrue, outer };
}

function rewriteGroup(
  map: NodeMap,
  liveness: Liveness,
  group: readonly Choice[],
  readsPosition: ReadonlySet<string>,
): void {
  const { predicate, outer } = group[0]!;
  const positioned = group.filter(({ merge }) => readsPosition.has(`${merge.name}:1`));
  const args = new Map<string, string>();
  const slices = ([0, 1] as const).map((side) => sliceSide(map, liveness, predicate, side, args));
  const types = group.map(({ merge }) => typeOfRef(map, merge.name));
  const returnedBy = ([0, 1] as const).map((side) =>
    group.map(({ sides }) => slices[side]!.add(sides[side])),
  );
  const name = freshName(map, `${group[0]!.merge.name}/If`);
  const passed = [...args].map(([ref, arg]) => ({ ref, name: arg, type: typeOfRef(map, ref) }));
  const names = ([0, 1] as const).map((side) => {
    const functionName = freshName(map, `${name}/${side === 1 ? 'then' : 'else'}`);
    const positions = positioned.map(({ merge, positions: at }) =>
      positionNode(`${merge.name}/position`, at[side]),
    );
    map.functions.set(
      functionName,
      makeFunction(
        functionName,
        passed,
        [
          ...returnedBy[side]!.map((ref, i) => ({ ref, type: types[i]! })),
          ...positions.map((node) => ({ ref: node.name, type: INT32 })),
        ],
        [...slices[side]!.nodes, ...positions],
      ),
    );
    return functionName;
  });
  const outputs = [...types, ...positioned.map(() => INT32)];
  map.nodes.set(
    name,
    makeNode(name, 'If', [predicate, ...passed.map(({ ref }) => ref)], {
      Tcond: typeAttr(typeOfRef(map, predicate)),
      Tin: typesAttr(passed.map(({ type }) => type)),
      Tout: typesAttr(outputs),
      then_branch: functionAttr(names[1]!),
      else_branch: functionAttr(names[0]!),
      output_shapes: { kind: 'list', value: [] },
    }),
  );
  liveness.set(name, outer);
  group.forEach(({ merge }, i) => {
    const at = positioned.findIndex((each) => each.merge === merge);
    const position = at < 0 ? [] : [`${name}:${types.length + at}`];
    const attrs: Record<string, AttrValue> = { T: typesAttr([types[i]!, ...(at < 0 ? [] : [INT32])]) };
    map.nodes.set(merge.name, makeNode(merge.name, 'IdentityN', [`${name}:${i}`, ...position], attrs));
  });
}

function positionNode(name: string, position: number): NodeDef {
  const value = intValue('int32', [position], []);
  return makeNode(name, 'Const', [], { dtype: typeAttr(INT32), value: { kind: 'tensor', value } });
}

/** The nodes of one branch: those that only run on this side of the predicate. */
function sliceSide(
  map: NodeMap,
  liveness: Liveness,
  predicate: string,
  side: 0 | 1,
  args: Map<string, string>,
): Slice {
  const pass = (ref: string): string => {
    const known = args.get(ref);
    if (known !== undefined) return known;
    const name = freshName(map, `${ref.replaceAll(':', '_')}/passed`);
    args.set(ref, name);
    return name;
  };
  return new Slice(map, (ref, node) => {
    if (isSwitch(node) && predicateOf(map, node) === predicate) return pass(plainRef(dataRefs(node)[0]!));
    if (liveness.of(node.name).get(predicate) === side) return undefined;
    return node.op === 'Const' && dataRefs(node).length === 0 ? undefined : pass(ref);
  });
}
