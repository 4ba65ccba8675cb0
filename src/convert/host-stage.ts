import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TfdeployError } from '../base/error.js';
import { runKernel } from '../kernels/registry.js';
import type { HostValue } from '../kernels/types.js';
import { decodeHostProgram } from './host-json.js';
import type { HostProgram } from './host-program.js';
import { makeTables } from './host-tables.js';
import type { HostStage } from './plan.js';

/** A loaded host stage: values by name in, values by name out. */
export type HostRunner = (inputs: ReadonlyMap<string, HostValue>) => ReadonlyMap<string, HostValue>;

/** Loads a host stage of a plan directory. Tables are built once and shared by all runs. */
export function loadHostStage(planDir: string, stage: HostStage): HostRunner {
  const path = join(planDir, stage.file);
  return bindProgram(decodeHostProgram(readFileSync(path, 'utf8'), path), stage.outputs);
}

/** The program as a function of its inputs. */
export function bindProgram(program: HostProgram, outputs: readonly string[]): HostRunner {
  const fixed = new Map<string, HostValue>(makeTables(program.tables));
  for (const [name, value] of program.constants) fixed.set(name, value.read());
  return (inputs) => {
    const values = new Map<string, HostValue>([...fixed, ...inputs]);
    const find = (name: string): HostValue => {
      const value = values.get(name);
      if (value !== undefined) return value;
      throw new TfdeployError('TFD_PLAN_CORRUPT', `a host stage needs "${name}", which nothing makes`);
    };
    for (const node of program.nodes) {
      const results = runKernel(node, node.inputs.map(find));
      node.outputs.forEach((name, index) => {
        const result = results[index];
        if (result !== undefined) values.set(name, result);
      });
    }
    return new Map(outputs.map((name) => [name, find(name)]));
  };
}
