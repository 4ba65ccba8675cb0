import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TfdeployError } from '../base/error.js';
import { nodeFiles } from '../base/node-files.js';
import { runFlow, TurnCounter } from '../kernels/flow.js';
import { runKernel } from '../kernels/registry.js';
import type { HostValue } from '../kernels/types.js';
import type { ReadBytes } from './external-tensor.js';
import { decodeHostProgram } from './host-json.js';
import type { HostBody, HostNode, HostProgram } from './host-program.js';
import { makeTables, makeVariables } from './host-tables.js';
import { ModelState } from './model-state.js';
import type { HostStage } from './plan.js';

/** A loaded host stage: values by name in, values by name out. */
export type HostRunner = (inputs: ReadonlyMap<string, HostValue>) => ReadonlyMap<string, HostValue>;

/** Loads a host stage of a plan directory. Tables are built once and shared by all runs; `state` is the model's. */
export function loadHostStage(planDir: string, stage: HostStage, state: ModelState): HostRunner {
  const path = join(planDir, stage.file);
  const readBytes: ReadBytes = ({ location, offset, length }) =>
    nodeFiles.readRange(join(planDir, location), offset, length);
  return bindProgram(decodeHostProgram(readFileSync(path, 'utf8'), path, readBytes), stage.outputs, state);
}

/** The program as a function of its inputs. */
export function bindProgram(
  program: HostProgram,
  outputs: readonly string[],
  state = new ModelState(),
): HostRunner {
  const fixed = new Map<string, HostValue>(makeTables(program.tables, state));
  for (const [handle, variable] of makeVariables(program.variables ?? new Map(), state))
    fixed.set(handle, variable);
  for (const [name, value] of program.constants) fixed.set(name, value.read());
  return (inputs) => {
    const frame = new Frame(new Map([...fixed, ...inputs]), undefined);
    runNodes(program.nodes, frame, new TurnCounter());
    return new Map(outputs.map((name) => [name, frame.find(name)]));
  };
}

/** The values of one run, or of one turn of a body, which sees those around it. */
class Frame {
  constructor(
    private readonly values: Map<string, HostValue>,
    private readonly outer: Frame | undefined,
  ) {}

  set(name: string, value: HostValue): void {
    this.values.set(name, value);
  }

  find(name: string): HostValue {
    for (let frame: Frame | undefined = this; frame !== undefined; frame = frame.outer) {
      const value = frame.values.get(name);
      if (value !== undefined) return value;
    }
    throw new TfdeployError('TFD_PLAN_CORRUPT', `a host stage needs "${name}", which nothing makes`);
  }
}

function runNodes(nodes: readonly HostNode[], frame: Frame, turns: TurnCounter): void {
  for (const node of nodes) {
    const inputs = node.inputs.map((name) => frame.find(name));
    const results =
      node.bodies === undefined ? runKernel(node, inputs) : runBodies(node, inputs, frame, turns);
    node.outputs.forEach((name, index) => {
      const result = results[index];
      if (result !== undefined) frame.set(name, result);
    });
  }
}

function runBodies(
  node: HostNode,
  inputs: readonly HostValue[],
  outer: Frame,
  turns: TurnCounter,
): HostValue[] {
  const bodies = node.bodies ?? new Map<string, HostBody>();
  const runBody = (key: string, given: readonly HostValue[]): HostValue[] => {
    const body = bodies.get(key);
    if (body === undefined)
      throw new TfdeployError('TFD_PLAN_CORRUPT', `node "${node.name}" has no "${key}"`);
    const values = body.inputs.map((name, i): [string, HostValue] => [name, given[i] as HostValue]);
    const frame = new Frame(new Map(values), outer);
    runNodes(body.nodes, frame, turns);
    return body.outputs.map((name) => frame.find(name));
  };
  return runFlow({ op: node.op, name: node.name, bodies }, inputs, runBody, turns);
}
