import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Case, compareOutput, parseCase } from '../base/case-format.js';
import type { TensorMap } from '../base/tensor.js';
import { exposeTensors } from '../convert/check/expose.js';
import { type FirstDifference, findFirstDifference } from '../convert/check/first-difference.js';
import { runReference } from '../convert/check/reference.js';
import type { CompiledModel, CompiledSignature } from '../convert/compiled.js';
import { writePlan } from '../convert/plan-files.js';
import type { EngineLocation } from '../engine/find.js';
import { createInlineRunner } from '../engine/inline.js';
import { resolveEngine } from '../engine/resolve.js';
import type { Graph } from '../graph/ir.js';
import { makeSample } from './convert-samples.js';
import type { CommandContext } from './define.js';
import { chooseSignature, readInputFile } from './run-input.js';

/** How one signature answered one request. */
export interface CheckRow {
  readonly signature: string;
  /** The case's file, or `made-up input`. */
  readonly input: string;
  /** Where the expected answer came from. */
  readonly against: 'the case' | 'the reference interpreter' | 'nothing';
  readonly matches: boolean;
  /** By output: what differs. */
  readonly why: readonly string[];
  readonly first?: FirstDifference;
}

/** A request with the answer that is expected, where it is known. */
interface Question {
  readonly input: string;
  readonly inputs: TensorMap;
  readonly expected: Case | undefined;
}

export interface CheckOptions {
  readonly compiled: CompiledModel;
  /** The graph of a signature as it was before it was compiled, built anew for each call. */
  readonly buildGraph: (signature: string) => Graph;
  /** Case files; without them a request is made up for each signature. */
  readonly cases: readonly string[];
  /** Where the plan will be; temporary folders stand beside it. */
  readonly output: string;
}

/** Runs the compiled model and compares its answers; the first node that differs is looked for. */
export async function checkModel(options: CheckOptions, context: CommandContext): Promise<CheckRow[]> {
  const engine = await resolveEngine({ signal: context.signal });
  mkdirSync(dirname(options.output), { recursive: true });
  const scratch = mkdtempSync(join(dirname(options.output), '.tfdeploy-check-'));
  try {
    const rows: CheckRow[] = [];
    const plan = writePlan(options.compiled, join(scratch, 'plan'));
    for (const signature of options.compiled.signatures) {
      const own = options.cases.flatMap((file): Question[] => {
        const expected = parseCase(readInputFile(file), file);
        const isOwn = chooseSignature(plan, expected.signature).name === signature.name;
        return isOwn ? [{ input: file, inputs: expected.inputs, expected }] : [];
      });
      const asked = options.cases.length > 0 ? own : makeUp(signature);
      for (const question of asked) {
        context.note(`checking ${signature.name} with ${question.input}`);
        rows.push(await new Check(options, signature, scratch, engine).ask(question));
      }
    }
    return rows;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function makeUp(signature: CompiledSignature): Question[] {
  const plan = { ...signature, stages: [] };
  const inputs = makeSample(plan, 2);
  return inputs === undefined ? [] : [{ input: 'made-up input', inputs, expected: undefined }];
}

class Check {
  constructor(
    private readonly options: CheckOptions,
    private readonly signature: CompiledSignature,
    private readonly scratch: string,
    private readonly engine: EngineLocation,
  ) {}

  async ask({ input, inputs, expected }: Question): Promise<CheckRow> {
    const { name } = this.signature;
    const actual = await this.#run(join(this.scratch, 'plan'), inputs);
    const hasAnswer = expected !== undefined && expected.outputs.size > 0;
    const reference = hasAnswer ? undefined : this.#interpret(inputs);
    if (reference !== undefined && 'why' in reference) {
      return { signature: name, input, against: 'nothing', matches: false, why: [reference.why] };
    }
    const wanted = hasAnswer ? expected.outputs : (reference?.outputs ?? new Map());
    const why = [...wanted].flatMap(([output, value]) => {
      const tensor = actual.get(output);
      if (tensor === undefined) return [`${output} is missing`];
      if (expected?.deterministic.get(output) === false) return [];
      const compared = compareOutput(tensor, value);
      return compared.matches ? [] : [`${output}: ${compared.why}`];
    });
    const against = hasAnswer ? 'the case' : 'the reference interpreter';
    if (why.length === 0) return { signature: name, input, against, matches: true, why };
    const first = await this.#findFirst(inputs);
    return {
      signature: name,
      input,
      against,
      matches: false,
      why,
      ...(first === undefined ? {} : { first }),
    };
  }

  #interpret(inputs: TensorMap) {
    return runReference(this.options.buildGraph(this.signature.name), inputs);
  }

  async #findFirst(inputs: TensorMap): Promise<FirstDifference | undefined> {
    const graph = this.options.buildGraph(this.signature.name);
    const reference = runReference(graph, inputs);
    if ('why' in reference) return undefined;
    return findFirstDifference(graph, this.signature, reference.inner, async (refs) => {
      const exposed = exposeTensors(this.signature, refs);
      const dir = join(this.scratch, 'inner');
      writePlan({ ...this.options.compiled, signatures: [exposed], refused: [] }, dir);
      return this.#run(dir, inputs);
    });
  }

  async #run(dir: string, inputs: TensorMap): Promise<TensorMap> {
    const runner = await createInlineRunner(dir, { engine: this.engine });
    try {
      return await runner.run(this.signature.name, inputs);
    } finally {
      await runner.close();
    }
  }
}

/** Lines for people. */
export function formatCheck(row: CheckRow, { style }: Pick<CommandContext, 'style'>): string[] {
  const where = `${row.signature} with ${row.input}`;
  if (row.matches) return [`${style.green('✓')} ${where}: as ${row.against}`];
  if (row.against === 'nothing') return [`${style.yellow('?')} ${where}: not checked: ${row.why.join('; ')}`];
  const { first } = row;
  return [
    `${style.red('✗')} ${where}: not as ${row.against}`,
    ...row.why.map((each) => `    ${each}`),
    first === undefined
      ? '    every tensor inside is as the reference interpreter has it'
      : `    first at ${first.op} ${first.node}${first.layer === '' ? '' : ` in layer ${first.layer}`}: ${first.why}`,
  ];
}
