import { TfdeployError } from '../base/error.js';
import { formatShape } from '../base/shape.js';
import type { TensorMap } from '../base/tensor.js';
import type { Plan, SignaturePlan } from '../convert/plan.js';
import { readPlan } from '../convert/plan-files.js';
import type { CompileVariant, InputShapes } from './types.js';
import { needsVariant, shapesOf } from './variant.js';

interface Variant {
  readonly planDir: string;
  readonly signature: SignaturePlan;
}

/** Each variant holds weights of its own; a client that sends ever new shapes is refused at this many. */
const MAX_VARIANTS = 16;

function describeShapes(shapes: InputShapes): string {
  return Object.entries(shapes)
    .map(([name, shape]) => `${name} ${formatShape(shape)}`)
    .join(', ');
}

/** The plans of one model: its own, and those compiled for requests of other shapes. */
export class VariantSet {
  readonly #base: ReadonlyMap<string, SignaturePlan>;
  readonly #compile: CompileVariant | undefined;
  readonly #variants: Variant[] = [];
  readonly #compiling = new Map<string, Promise<string>>();

  constructor(plan: Plan, compile: CompileVariant | undefined) {
    this.#base = new Map(plan.signatures.map((each) => [each.name, each]));
    this.#compile = compile;
  }

  /**
   * The plan directory for a request: undefined for the model's own plan, a promise while another one is
   * compiled. Rejects with TFD_INPUT_INVALID when none can be had.
   */
  choose(signature: string, inputs: TensorMap): undefined | string | Promise<string> {
    const base = this.#base.get(signature);
    if (base === undefined || Object.keys(base.assumedShapes).length === 0) return undefined;
    const shapes = shapesOf(inputs);
    if (!needsVariant(base, shapes)) return undefined;
    const fitting = this.#variants.find(
      (each) => each.signature.name === signature && !needsVariant(each.signature, shapes),
    );
    return fitting?.planDir ?? this.#add(signature, shapes);
  }

  #add(signature: string, shapes: InputShapes): Promise<string> {
    const key = JSON.stringify([signature, shapes]);
    const known = this.#compiling.get(key);
    if (known !== undefined) return known;
    const adding = this.#compileOne(signature, shapes).finally(() => this.#compiling.delete(key));
    this.#compiling.set(key, adding);
    return adding;
  }

  async #compileOne(signature: string, shapes: InputShapes): Promise<string> {
    const refuse = (why: string) =>
      new TfdeployError('TFD_INPUT_INVALID', `inputs of shape ${describeShapes(shapes)} ${why}`);
    if (this.#compile === undefined) throw refuse('do not fit what the model was compiled for');
    if (this.#variants.length + this.#compiling.size >= MAX_VARIANTS) {
      throw refuse(`would need one more compiled form; ${MAX_VARIANTS} are the most`);
    }
    const planDir = await this.#compile(signature, shapes);
    const found = readPlan(planDir).signatures.find((each) => each.name === signature);
    if (found === undefined || needsVariant(found, shapes)) throw refuse('do not fit the model');
    this.#variants.push({ planDir, signature: found });
    return planDir;
  }
}
