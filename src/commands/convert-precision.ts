import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TfdeployError } from '../base/error.js';
import { readMachine } from '../base/machine.js';
import type { CompiledModel } from '../convert/compiled.js';
import type { Plan } from '../convert/plan.js';
import { writePlan } from '../convert/plan-files.js';
import {
  applyDynamic,
  applyHalf,
  applyStatic,
  foldModel,
  type QuantizedModel,
} from '../convert/quantize/apply.js';
import type { EngineLocation } from '../engine/find.js';
import { countFusedOps } from '../engine/fused-ops.js';
import { createInlineRunner } from '../engine/inline.js';
import { resolveEngine } from '../engine/resolve.js';
import { calibrate } from './convert-calibrate.js';
import { formatMeasurement, type Measurement, measure } from './convert-measure.js';
import { makeSample, readSamples, type Samples } from './convert-samples.js';
import type { CommandContext } from './define.js';

export interface PrecisionOptions {
  readonly quantize?: 'dynamic-int8' | 'static-int8';
  readonly calibrate?: readonly string[];
  readonly input?: readonly string[];
  readonly fp16Weights?: boolean;
}

export interface PrecisionResult {
  readonly compiled: CompiledModel;
  readonly measurements: readonly Measurement[];
  readonly lines: readonly string[];
}

/** Whether less than float32 precision is asked for. TFD_USAGE for flags that do not go together. */
export function wantsPrecision({ quantize, calibrate: files, fp16Weights }: PrecisionOptions): boolean {
  const hasFiles = files !== undefined && files.length > 0;
  if (quantize === 'static-int8' && !hasFiles) {
    throw new TfdeployError('TFD_USAGE', '--quantize static-int8 needs samples of real inputs', {
      hint: 'add --calibrate FILE, a request as for `tfdeploy run --input`; several make it better',
    });
  }
  if (quantize !== 'static-int8' && hasFiles) {
    throw new TfdeployError('TFD_USAGE', '--calibrate is for --quantize static-int8');
  }
  return quantize !== undefined || fp16Weights === true;
}

/** Changes the model as asked, measures it against float, and takes a change back that does not pay. */
export async function changePrecision(
  compiled: CompiledModel,
  output: string,
  options: PrecisionOptions,
  context: CommandContext,
): Promise<PrecisionResult> {
  const engine = await resolveEngine({ signal: context.signal });
  // Beside the plan: weights can be linked there instead of copied.
  mkdirSync(dirname(output), { recursive: true });
  const scratch = mkdtempSync(join(dirname(output), '.tfdeploy-measure-'));
  try {
    return await new Trial(compiled, scratch, engine, options, context).run();
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

class Trial {
  readonly #lines: string[] = [];

  constructor(
    private readonly compiled: CompiledModel,
    private readonly scratch: string,
    private readonly engine: EngineLocation,
    private readonly options: PrecisionOptions,
    private readonly context: CommandContext,
  ) {}

  async run(): Promise<PrecisionResult> {
    const { quantize, fp16Weights, input = [], calibrate: files = [] } = this.options;
    const plain = writePlan(this.compiled, join(this.scratch, 'float'));
    const samples = readSamples([...files, ...input], plain);
    let changed = this.compiled;
    if (quantize === 'dynamic-int8')
      changed = this.#take(applyDynamic(changed), 'products in 8-bit integers');
    if (quantize === 'static-int8') changed = await this.#quantizeStatic(samples);
    const isQuantized = changed !== this.compiled;
    if (fp16Weights === true) changed = this.#take(applyHalf(changed), 'weights in 16 bits');
    if (changed === this.compiled) return { compiled: changed, measurements: [], lines: this.#lines };
    const made = writePlan(changed, join(this.scratch, 'changed'));
    if (quantize === 'static-int8' && isQuantized && !(await this.#isFused(made))) {
      return this.#takeBack([]);
    }
    const measurements = await this.#measure(plain, samples);
    const isSlower = measurements.length > 0 && measurements.every((each) => each.changedMs > each.floatMs);
    if (quantize === 'static-int8' && isSlower) {
      this.#lines.push('it is slower than float on this machine: left as float');
      return this.#takeBack(measurements);
    }
    return { compiled: changed, measurements, lines: this.#lines };
  }

  /** Without the quantization; what else was asked for stays. */
  async #takeBack(measurements: readonly Measurement[]): Promise<PrecisionResult> {
    const { fp16Weights, input = [], calibrate: files = [] } = this.options;
    if (fp16Weights !== true) return { compiled: this.compiled, measurements, lines: this.#lines };
    const options = { fp16Weights, input: [...files, ...input] };
    const rest = await new Trial(this.compiled, this.scratch, this.engine, options, this.context).run();
    return { ...rest, lines: [...this.#lines, ...rest.lines] };
  }

  #take({ compiled, count }: QuantizedModel, what: string): CompiledModel {
    this.#lines.push(`${count} ${what}`);
    return compiled;
  }

  async #quantizeStatic(samples: Samples): Promise<CompiledModel> {
    const folded = foldModel(this.compiled);
    this.context.note('running the samples');
    const ranges = await calibrate(folded, samples, this.scratch, this.engine);
    const quantized = applyStatic(folded, ranges);
    if (quantized.count > 0) return this.#take(quantized, 'operators in 8-bit integers');
    this.#lines.push('nothing to quantize: there is no convolution with constant weights');
    return this.compiled;
  }

  /** The engine must have made integer operators of the convolutions; else the roundings are only work. */
  async #isFused(plan: Plan): Promise<boolean> {
    for (const { stages } of plan.signatures) {
      for (const { kind, file } of stages) {
        if (kind !== 'onnx') continue;
        const ops = await countFusedOps(this.engine, join(this.scratch, 'changed', file));
        const whole = ops.get('QLinearConv') ?? 0;
        const float = (ops.get('Conv') ?? 0) + (ops.get('FusedConv') ?? 0);
        const rounding = (ops.get('QuantizeLinear') ?? 0) + (ops.get('DequantizeLinear') ?? 0);
        this.#lines.push(
          `${file}: ${whole} integer convolutions, ${float} in float, ${rounding} conversions between`,
        );
        if (whole > 0 && whole >= float && rounding <= whole) continue;
        this.#lines.push('it would be slower than float: left as float');
        return false;
      }
    }
    return true;
  }

  async #measure(plan: Plan, samples: Samples): Promise<Measurement[]> {
    const threads = readMachine().usableCores;
    const open = (name: string) =>
      createInlineRunner(join(this.scratch, name), { engine: this.engine, threads });
    const [plain, changed] = [await open('float'), await open('changed')];
    const measurements: Measurement[] = [];
    try {
      for (const signature of plan.signatures) {
        const made = samples.has(signature.name) ? undefined : makeSample(signature, 1);
        const given = samples.get(signature.name) ?? (made === undefined ? [] : [made]);
        if (given.length === 0) {
          this.#lines.push(`${signature.name}: not measured (give a request with --input)`);
          continue;
        }
        if (made !== undefined)
          this.#lines.push(`${signature.name}: measured on a made-up request; --input FILE gives a real one`);
        const measured = await measure(signature.name, plain, changed, given);
        measurements.push(measured);
        this.#lines.push(formatMeasurement(measured));
      }
    } finally {
      await plain.close();
      await changed.close();
    }
    return measurements;
  }
}
