import { createHash, randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { TfdeployError } from '../base/error.js';
import type { CompiledModel, CompiledSignature, CompiledStage } from './compiled.js';
import { PLAN_FORMAT, VERSION } from './compiler-version.js';
import { encodeHostProgram } from './host-json.js';
import { withoutNames } from './nameless.js';
import { encodeModel } from './onnx/model.js';
import type { Plan, SignaturePlan, Stage } from './plan.js';
import { formatPlan, parsePlan } from './plan-json.js';
import type { OnnxBody } from './types.js';
import { checkLinks } from './weights/check-links.js';
import { openWeights, type WeightOptions, type Weights } from './weights/placement.js';

const PLAN_FILE = 'plan.json';

/** `files` reads the weights' files; the file system when absent. */
export type WriteOptions = WeightOptions;

/**
 * Writes a compiled model as a plan directory: `plan.json`, one file per stage, one file of weights for all, and hard
 * links to large checkpoint files.
 * The directory appears at once, complete. An older plan there is replaced; anything else in the way is
 * TFD_WRITE_REFUSED.
 */
export function writePlan(compiled: CompiledModel, dir: string, options: WriteOptions = {}): Plan {
  refuseForeign(dir);
  mkdirSync(dirname(dir), { recursive: true });
  const draft = `${dir.replace(/[\\/]+$/, '')}.${process.pid}-${randomUUID()}.tmp`;
  mkdirSync(draft);
  try {
    const plan = writeFiles(compiled, draft, options);
    writeFileSync(join(draft, PLAN_FILE), formatPlan(plan), { flush: true });
    moveInto(draft, dir);
    return plan;
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}

/** Reads and checks a plan directory. TFD_PLAN_CORRUPT when it is torn, foreign or of another version. */
export function readPlan(dir: string): Plan {
  const path = join(dir, PLAN_FILE);
  if (!existsSync(path)) {
    throw new TfdeployError('TFD_PLAN_CORRUPT', `${dir}: is no compiled plan (it has no ${PLAN_FILE})`);
  }
  const plan = parsePlan(readFileSync(path, 'utf8'), path);
  const stages = plan.signatures.flatMap((signature) => signature.stages);
  for (const name of [...Object.keys(plan.files ?? {}), ...stages.map((stage) => stage.file)]) {
    const size = statSync(join(dir, name), { throwIfNoEntry: false })?.size;
    if (size === undefined || size !== plan.files?.[name]) {
      throw new TfdeployError(
        'TFD_PLAN_CORRUPT',
        `${dir}: ${name} is ${size === undefined ? 'missing' : 'torn'}`,
        {
          hint: 'convert the model again',
        },
      );
    }
  }
  checkLinks(dir, plan);
  return plan;
}

function refuseForeign(dir: string): void {
  if (!existsSync(dir) || readdirSync(dir).length === 0 || existsSync(join(dir, PLAN_FILE))) return;
  throw new TfdeployError('TFD_WRITE_REFUSED', `${dir}: is not empty and holds no plan`, {
    hint: 'name another directory, or empty this one',
  });
}

/** A directory can not be replaced in one step: the old one is moved aside first. */
function moveInto(draft: string, dir: string): void {
  const old = `${draft}.old`;
  if (existsSync(dir)) renameSync(dir, old);
  renameSync(draft, dir);
  rmSync(old, { recursive: true, force: true });
}

function writeFiles(compiled: CompiledModel, draft: string, options: WriteOptions): Plan {
  const bodies = compiled.signatures.flatMap(({ stages }) =>
    stages.flatMap((stage) => (stage.kind === 'onnx' ? [stage.body] : [])),
  );
  const place = openWeights(bodies, draft, options);
  const written = new StageWriter(draft, place);
  try {
    const signatures = compiled.signatures.map((signature) => writeSignature(signature, written));
    return {
      format: PLAN_FORMAT,
      compiler: VERSION,
      source: compiled.source,
      signatures,
      refused: compiled.refused,
      files: { ...written.sizes, ...place.sizes() },
      linked: place.linked(),
      ...(compiled.precision === undefined ? {} : { precision: compiled.precision }),
    };
  } finally {
    place.close();
  }
}

function writeSignature(signature: CompiledSignature, written: StageWriter): SignaturePlan {
  const { ops: _, ...rest } = signature;
  return (
    written.shareWhole(rest, signature.stages) ?? {
      ...rest,
      stages: signature.stages.map((stage) => written.write(signature.name, stage)),
    }
  );
}

/** Writes stage files; two stages of equal content share one file, and so one session. */
class StageWriter {
  readonly sizes: Record<string, number> = {};
  readonly #byContent = new Map<string, string>();
  /** Signatures of one stage, by what that computes. */
  readonly #wholes = new Map<string, { readonly body: OnnxBody; readonly file: string }>();

  constructor(
    private readonly dir: string,
    private readonly weights: Weights,
  ) {}

  write(signature: string, stage: CompiledStage): Stage {
    const { kind, inputs, outputs } = stage;
    const bytes =
      kind === 'onnx'
        ? encodeModel(stage.body, this.weights.placement)
        : encodeHostProgram(stage.program, this.weights.place);
    const digest = createHash('sha256').update(bytes).digest('hex');
    const known = this.#byContent.get(digest);
    const file = known ?? this.#fileName(signature, kind === 'onnx' ? '.onnx' : '.host.json');
    if (known === undefined) {
      writeFileSync(join(this.dir, file), bytes);
      this.sizes[file] = bytes.byteLength;
      this.#byContent.set(digest, file);
    }
    return { kind, file, inputs, outputs };
  }

  /**
   * A signature that is one graph, which differs from an earlier one's in names only (Keras exports `serve` beside
   * `serving_default`), as a plan over that one's file; undefined where there is none.
   */
  shareWhole(
    signature: Omit<SignaturePlan, 'stages'>,
    stages: readonly CompiledStage[],
  ): SignaturePlan | undefined {
    const [stage] = stages;
    if (stages.length !== 1 || stage?.kind !== 'onnx') return undefined;
    const bytes = encodeModel(withoutNames(stage.body), this.weights.placement);
    const key = createHash('sha256').update(bytes).digest('hex');
    const first = this.#wholes.get(key);
    if (first === undefined) {
      const written = this.write(signature.name, stage);
      this.#wholes.set(key, { body: stage.body, file: written.file });
      return { ...signature, stages: [written] };
    }
    const names = pairNames(stage.body, first.body);
    const rename = (name: string) => names.get(name) ?? name;
    const inputs = signature.inputs.map((input) => ({ ...input, ref: rename(input.ref) }));
    // An input that the graph does not use keeps its name, which must not be that of another one there.
    if (new Set(inputs.map(({ ref }) => ref)).size < inputs.length) return undefined;
    return {
      ...signature,
      inputs,
      outputs: signature.outputs.map((output) => ({ ...output, ref: rename(output.ref) })),
      stages: [
        {
          kind: 'onnx',
          file: first.file,
          inputs: stage.inputs.map(rename),
          outputs: stage.outputs.map(rename),
        },
      ],
    };
  }

  #fileName(signature: string, ending: string): string {
    const base = signature.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 60) || 'signature';
    let name = `${base}${ending}`;
    for (let number = 2; name in this.sizes; number++) name = `${base}-${number}${ending}`;
    return name;
  }
}

/** Names at the border of a graph, with those at the same places of another one. */
function pairNames(own: OnnxBody, other: OnnxBody): Map<string, string> {
  const pairs = (side: 'inputs' | 'outputs') =>
    own[side].map(({ name }, index) => [name, other[side][index]?.name ?? name] as const);
  return new Map([...pairs('inputs'), ...pairs('outputs')]);
}
