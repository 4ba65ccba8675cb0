import type { HostTable, HostVariable } from '../kernels/types.js';
import type { TensorValue } from '../savedmodel/types.js';

/**
 * The variables and tables that the signatures of one loaded model change, by name: all of its stages share
 * them. Each begins as the plan has it, when the first stage that uses it is loaded.
 */
export class ModelState {
  readonly #variables = new Map<string, HostVariable>();
  readonly #tables = new Map<string, HostTable>();

  variable(name: string, initial: TensorValue): HostVariable {
    const known = this.#variables.get(name) ?? { name, value: initial.read() };
    this.#variables.set(name, known);
    return known;
  }

  table(name: string, make: () => HostTable): HostTable {
    const known = this.#tables.get(name) ?? make();
    this.#tables.set(name, known);
    return known;
  }
}
