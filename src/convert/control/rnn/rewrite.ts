import { DTYPES } from '../../../base/dtype.js';
import type { Body, Graph, Node, Value } from '../../../graph/ir.js';
import type { AttrValue } from '../../../savedmodel/types.js';
import { constInts, textAttr } from '../../layout/graph-reading.js';
import { capturesOf } from '../captures.js';
import {
  type Counter,
  countReads,
  findCounters,
  findRowWrites,
  intConstant,
  type RowWrite,
  tripCount,
} from '../counters.js';
import { eachRegion, GraphEditor, inferAgain, type RegionView, typeAttr } from '../editor.js';
import { type Cell, CellReader } from './cell.js';
import { widthOf } from './forms.js';
import { biasOf, inputWeights, stateWeights } from './pack.js';
import { isSameCell, type Turn } from './validate.js';

/** A loop over time that is a recurrent layer. */
interface Match {
  readonly cell: Cell;
  readonly sequence: Value;
  readonly h: number;
  readonly c: number | undefined;
  readonly writes: readonly RowWrite[];
}

/**
 * Loops that run a recurrent cell over the rows of a tensor become one node (`_Rnn`) each, after the cell that
 * was read from the body has been run beside the body on random numbers. All other loops stay.
 */
export function recogniseRnns(graph: Graph): void {
  const found: { region: RegionView; node: Node; match: Match }[] = [];
  eachRegion(graph, (region) => {
    for (const node of region.nodes) {
      const match = node.bodies.has('cond') ? matchLoop(graph, region, node) : undefined;
      if (match !== undefined) found.push({ region, node, match });
    }
  });
  if (found.length === 0) return;
  const editor = new GraphEditor(graph);
  for (const each of found) replaceLoop(editor, each.region, each.node, each.match);
  inferAgain(graph);
}

function matchLoop(graph: Graph, region: RegionView, node: Node): Match | undefined {
  const body = node.bodies.get('body') as Body;
  const counters = findCounters(node);
  const writes = findRowWrites(node, counters);
  const trips = tripCount(node, counters);
  if (trips === undefined) return undefined;
  const gathers = body.nodes.filter((each) => rowOf(each, counters) !== undefined);
  const [gather] = gathers;
  if (gather === undefined || gathers.length > 1 || isMadeIn(body, gather.inputs[0] as Value))
    return undefined;
  const sequence = gather.inputs[0] as Value;
  if (sequence.shape?.length !== 3 || sequence.shape[0] !== trips || sequence.constant !== undefined)
    return undefined;
  const taken = new Set([...counters, ...writes].map(({ position }) => position));
  const states = body.inputs.flatMap((_, i) => (taken.has(i) ? [] : [i]));
  const outputs = node.outputs;
  if (counters.some(({ position }) => isRead(graph, region, node, outputs[position] as Value)))
    return undefined;
  const x = gather.outputs[0] as Value;
  for (const order of states.length === 2 ? [states, [...states].reverse()] : [states]) {
    const match = matchCell(node, body, x, order);
    if (match === undefined) continue;
    const nextH = body.outputs[match.h] as Value;
    const fits = writes.every((write) => write.item === nextH && fillsList(node, write, trips));
    return fits ? { ...match, sequence, writes } : undefined;
  }
  return undefined;
}

function matchCell(
  node: Node,
  body: Body,
  x: Value,
  states: readonly number[],
): { cell: Cell; h: number; c: number | undefined } | undefined {
  const [h, c] = states;
  if (h === undefined || states.length > 2) return undefined;
  const [inputH, nextH] = [body.inputs[h] as Value, body.outputs[h] as Value];
  if (states.some((i) => !isSteady(node, body, i))) return undefined;
  const reader = new CellReader(x, inputH);
  const [inputC, nextC] = c === undefined ? [] : [body.inputs[c], body.outputs[c]];
  const cell =
    inputC !== undefined && nextC !== undefined
      ? reader.lstm(nextH, inputC, nextC)
      : (reader.gru(nextH) ?? reader.simple(nextH));
  if (cell === undefined) return undefined;
  const turn: Turn = { x, h: inputH, nextH, c: inputC, nextC };
  return isSameCell(body, turn, cell) ? { cell, h, c } : undefined;
}

/** A state of one shape from before the first turn on. */
function isSteady(node: Node, body: Body, position: number): boolean {
  const [before, input, after] = [node.inputs[position], body.inputs[position], body.outputs[position]];
  if (input === undefined || widthOf(input) === undefined) return false;
  return before?.shape?.join() === input.shape?.join() && after?.shape?.join() === input.shape?.join();
}

/** The counter that a Gather takes a row at. */
function rowOf(gather: Node, counters: readonly Counter[]): Counter | undefined {
  const [, index, axis] = gather.inputs;
  if (gather.op === 'StridedSlice') return sliceRowOf(gather, counters);
  if (gather.op !== 'GatherV2') return undefined;
  return intConstant(axis) === 0 ? counters.find(({ input }) => input === index) : undefined;
}

/** `rows[counter]` */
function sliceRowOf(node: Node, counters: readonly Counter[]): Counter | undefined {
  const begin = node.inputs[1]?.producer;
  const mask = (name: string) => {
    const attr = node.attrs.get(name);
    return attr?.kind === 'i' ? Number(attr.value) : 0;
  };
  const others = ['begin_mask', 'ellipsis_mask', 'new_axis_mask'].some((name) => mask(name) !== 0);
  if (others || mask('shrink_axis_mask') !== 1 || begin?.op !== 'Pack' || begin.inputs.length !== 1)
    return undefined;
  return counters.find(({ input }) => input === begin.inputs[0]);
}

function isMadeIn(body: Body, value: Value): boolean {
  return body.inputs.includes(value) || body.nodes.some((node) => node.outputs.includes(value));
}

/** Whether a written tensor is all rows of the sequence, or one row that is written again each turn. */
function fillsList(node: Node, write: RowWrite, trips: number | string): boolean {
  const rows = node.inputs[write.position]?.shape?.[0];
  if (typeof write.at !== 'number') return write.at.start === 0 && rows === trips;
  return write.at === 0 && rows === 1 && typeof trips === 'number' && trips > 0;
}

/** Whether anything after the loop reads one of its outputs. */
function isRead(graph: Graph, region: RegionView, node: Node, value: Value): boolean {
  const isCaptured = region.nodes.some(
    (each) => each !== node && (each.inputs.includes(value) || capturesOf(each).outside.has(value)),
  );
  const owner = region.owner;
  const isGiven =
    owner === undefined
      ? graph.outputs.some((output) => output.value === value)
      : [...owner.bodies.values()].some((body) => countReads(body, value) > 0);
  return isCaptured || isGiven;
}

function replaceLoop(editor: GraphEditor, region: RegionView, node: Node, match: Match): void {
  const { cell, h, c } = match;
  const make = new NodeMaker(editor, node);
  const { source, isReversed } = make.batchMajor(match.sequence);
  const constants = [inputWeights(cell), stateWeights(cell), biasOf(cell)].map((value, i) =>
    editor.constant(`${node.name}/${'WRB'[i]}`, value),
  );
  const states = [h, ...(c === undefined ? [] : [c])];
  const rnn = editor.node(
    '_Rnn',
    [source, ...constants, ...states.map((i) => node.inputs[i] as Value)],
    attrsOf(cell, isReversed),
    {
      name: node.name,
      dtype: 'float32',
      origin: node.origin,
      outputs: [
        editor.value(`${node.name}/sequence`, 'float32', null),
        ...states.map((i) => node.outputs[i] as Value),
      ],
    },
  );
  const sequence = rnn.outputs[0] as Value;
  make.nodes.push(rnn);
  for (const write of match.writes) {
    const output = node.outputs[write.position] as Value;
    const last = node.outputs[h] as Value;
    if (typeof write.at === 'number') make.expand(last, output);
    else make.timeMajor(region, sequence, output);
    for (const reader of region.nodes) if (takesLast(reader, output)) makeAlias(reader, last);
  }
  const nodes = [...region.nodes];
  nodes.splice(nodes.indexOf(node), 1, ...make.nodes);
  region.nodes = nodes;
}

function attrsOf(cell: Cell, isReversed: boolean): Record<string, AttrValue> {
  const floats = (pick: (each: Cell['activations'][number]) => number | undefined): AttrValue => ({
    kind: 'list',
    value: cell.activations.flatMap((each) => {
      const value = pick(each);
      return value === undefined ? [] : [{ kind: 'f' as const, value }];
    }),
  });
  return {
    kind: textAttr(cell.kind),
    activations: { kind: 'list', value: cell.activations.map(({ name }) => textAttr(name)) },
    activation_alpha: floats(({ alpha }) => alpha),
    activation_beta: floats(({ beta }) => beta),
    reset_after: { kind: 'b', value: cell.isResetAfter },
    reverse: { kind: 'b', value: isReversed },
    units: { kind: 'i', value: BigInt(cell.width) },
  };
}

/** `rows[-1]` */
function takesLast(node: Node, rows: Value): boolean {
  if (node.op !== 'StridedSlice' || node.inputs[0] !== rows) return false;
  const mask = (name: string) => {
    const attr = node.attrs.get(name);
    return attr?.kind === 'i' ? Number(attr.value) : 0;
  };
  const masks = ['begin_mask', 'ellipsis_mask', 'new_axis_mask'].some((name) => mask(name) !== 0);
  return !masks && mask('shrink_axis_mask') === 1 && constInts(node.inputs[1])?.join() === '-1';
}

/** Lets a node give out another value as it is; the next inference takes it away. */
function makeAlias(node: Node, value: Value): void {
  const type: AttrValue = { kind: 'type', value: DTYPES.float32.tf };
  node.op = 'Cast';
  node.inputs = [value];
  node.attrs = new Map<string, AttrValue>([
    ['SrcT', type],
    ['DstT', type],
    ['Truncate', { kind: 'b', value: false }],
  ]);
}

const TIME_FIRST = [1, 0, 2];

/** Makes the nodes around a recurrent node, which takes and gives sequences with the batch first. */
class NodeMaker {
  readonly nodes: Node[] = [];

  constructor(
    private readonly editor: GraphEditor,
    private readonly loop: Node,
  ) {}

  #add(op: string, inputs: readonly Value[], attrs: Record<string, AttrValue>, output?: Value): Value {
    const made = this.editor.node(op, inputs, attrs, {
      name: `${this.loop.name}/${op}`,
      dtype: 'float32',
      origin: this.loop.origin,
      ...(output === undefined ? {} : { outputs: [output] }),
    });
    this.nodes.push(made);
    return made.outputs[0] as Value;
  }

  #transpose(value: Value, output?: Value): Value {
    const perm = this.editor.ints(`${this.loop.name}/perm`, TIME_FIRST);
    const attrs = { T: typeAttr('float32'), Tperm: typeAttr('int32') };
    return this.#add('Transpose', [value, perm], attrs, output);
  }

  /** The sequence with the batch first, and whether it is read from its end. */
  batchMajor(sequence: Value): { source: Value; isReversed: boolean } {
    const last = sequence.producer;
    const isReversed = last?.op === 'ReverseV2' && constInts(last.inputs[1])?.join() === '0';
    const turned = isReversed ? (last.inputs[0] as Value) : sequence;
    const transpose = turned.producer;
    const isTurned =
      transpose?.op === 'Transpose' && constInts(transpose.inputs[1])?.join() === TIME_FIRST.join();
    return { source: isTurned ? (transpose.inputs[0] as Value) : this.#transpose(turned), isReversed };
  }

  /** The sequence with the time first as `output`; readers that turn it back read it as it is. */
  timeMajor(region: RegionView, sequence: Value, output: Value): void {
    this.#transpose(sequence, output);
    for (const reader of region.nodes) {
      const isBack = reader.op === 'Transpose' && reader.inputs[0] === output;
      if (!isBack || constInts(reader.inputs[1])?.join() !== TIME_FIRST.join()) continue;
      makeAlias(reader, sequence);
    }
  }

  expand(value: Value, output: Value): void {
    this.#add('ExpandDims', [value, this.editor.int(`${this.loop.name}/axis`, 0)], {}, output);
  }
}
