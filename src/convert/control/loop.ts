import { isStatic } from '../../base/shape.js';
import type { Body, Value } from '../../graph/ir.js';
import type { Emitter } from '../emitter.js';
import { RefTable } from '../ref-table.js';
import type { Ref } from '../types.js';
import { emitBody } from './body.js';
import { type Counter, findCounters, findRowWrites, type RowWrite, tripCount } from './counters.js';
import { asCondition, type FlowTools } from './flow.js';

/** A tensor that the loop fills row by row at a counter: its rows are collected by the loop itself. */
interface Scan extends RowWrite {
  readonly at: Counter;
  /** True when every row is written, so that nothing of the tensor before the loop is left. */
  readonly isWhole: boolean;
}

/**
 * While as ONNX Loop: the condition is computed once before and at the end of each turn. Values that the loop
 * does not change are no variables any more at this point, and are seen from inside as they stand outside.
 * Tensors that are filled row by row are not carried: their rows are scan outputs.
 */
export function emitLoop(tools: FlowTools): readonly Ref[] {
  const { node, onnx, refs } = tools;
  const [condition, body] = [node.bodies.get('cond') as Body, node.bodies.get('body') as Body];
  const scans = findScans(tools);
  const carried = node.inputs.flatMap((_, i) => (scans.has(i) ? [] : [i]));
  const initial = carried.map((i) => refs.get(node.inputs[i] as Value));
  const isEntered = emitCondition(tools, onnx, refs, condition, carried, initial);
  onnx.scope = node.name;
  const child = onnx.child();
  const inner = new RefTable(child, refs);
  const turn = child.declare(`${node.name}/turn`, 'int64');
  const goesOn = child.declare(`${node.name}/goes_on`, 'bool');
  const state = carried.map((i) => bindInput(child, inner, body.inputs[i] as Value));
  const collecting = new Set([...scans.values()].map((scan) => scan.node));
  tools.convert(
    body.nodes.filter((each) => !collecting.has(each)),
    child,
    inner,
  );
  const next = carried.map((i) => inner.get(body.outputs[i] as Value));
  const rows = [...scans.values()].map(({ item }) => inner.get(item));
  const again = emitCondition(tools, child, inner, condition, carried, next);
  const graph = emitBody(
    child,
    node.name,
    [
      { name: turn, dtype: 'int64', shape: [] },
      { name: goesOn, dtype: 'bool', shape: [] },
      ...state.map((name) => ({ name, dtype: child.dtypeOf(name) })),
    ],
    [again, ...next, ...rows],
    new Map(
      [...scans.values()].flatMap(({ item }, i) =>
        isStatic(item.shape) ? [[rows[i] as Ref, item.shape]] : [],
      ),
    ),
  );
  const dtypes = [...next, ...rows].map((ref) => child.dtypeOf(ref));
  const made = onnx.control('Loop', ['', isEntered, ...initial], { body: { graph } }, dtypes);
  const outputs = node.outputs.map((_, i) => made[carried.indexOf(i)] ?? '');
  [...scans.values()].forEach((scan, i) => {
    outputs[scan.position] = placeRows(tools, scan, made[carried.length + i] as Ref);
  });
  return outputs;
}

function findScans({ node }: FlowTools): Map<number, Scan> {
  const counters = findCounters(node);
  const trips = tripCount(node, counters);
  const scans = new Map<number, Scan>();
  for (const write of findRowWrites(node, counters)) {
    const { at, position } = write;
    // An element of unknown rank can not be collected when the loop takes no turn.
    if (typeof at === 'number' || at.start < 0 || write.item.shape === null) continue;
    const isWhole = at.start === 0 && trips !== undefined && node.inputs[position]?.shape?.[0] === trips;
    scans.set(position, { ...write, at, isWhole });
  }
  return scans;
}

/**
 * The tensor before the loop with the collected rows in the place where they were written. A loop that takes no
 * turn collects rows of no shape, so that the shape is set unless it is the same always.
 */
function placeRows({ node, onnx, refs }: FlowTools, { position, at, item, isWhole }: Scan, made: Ref): Ref {
  if (isWhole && isStatic(item.shape)) return made;
  const tensor = node.inputs[position] as Value;
  if (isWhole) return onnx.op('Reshape', [made, wholeShape(onnx, refs, tensor)], { allowzero: 1 });
  const before = refs.get(tensor);
  const count = onnx.op('Shape', [made], { start: 0, end: 1 });
  const rowShape = onnx.op('Shape', [before], { start: 1 });
  const shape = onnx.op('Concat', [count, rowShape], { axis: 0 });
  const rows = onnx.op('Reshape', [made, shape], { allowzero: 1 });
  const end = onnx.op('Add', [count, onnx.i64([at.start])]);
  const rest = onnx.op('Slice', [before, end, onnx.i64([Number.MAX_SAFE_INTEGER]), onnx.i64([0])]);
  const head = onnx.op('Slice', [before, onnx.i64([0]), onnx.i64([at.start]), onnx.i64([0])]);
  return onnx.op('Concat', at.start === 0 ? [rows, rest] : [head, rows, rest], { axis: 0 });
}

/** The shape of the tensor before the loop; that of blank rows without making them. */
function wholeShape(onnx: Emitter, refs: RefTable, tensor: Value): Ref {
  const fill = tensor.constant === undefined && tensor.producer?.op === 'Fill' ? tensor.producer : undefined;
  const [dims] = fill?.inputs ?? [];
  if (dims === undefined) return onnx.op('Shape', [refs.get(tensor)]);
  return onnx.cast(refs.get(dims), dims.dtype, 'int64');
}

function bindInput(child: Emitter, refs: RefTable, input: Value): Ref {
  const ref = child.declare(input.name, input.dtype);
  refs.set(input, ref);
  return ref;
}

function emitCondition(
  tools: FlowTools,
  onnx: Emitter,
  refs: RefTable,
  condition: Body,
  carried: readonly number[],
  state: readonly Ref[],
): Ref {
  const own = new RefTable(onnx, refs);
  carried.forEach((position, i) => {
    own.set(condition.inputs[position] as Value, state[i] as Ref);
  });
  tools.convert(condition.nodes, onnx, own);
  const output = condition.outputs[0] as Value;
  return asCondition(tools, onnx, own.get(output), output);
}
