import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Case, compareOutput, inflateCase, readCase } from '../../src/base/case-format.js';
import type { TensorMap } from '../../src/base/tensor.js';
import { compileModel } from '../../src/convert/compile.js';
import type { CompiledSignature } from '../../src/convert/compiled.js';
import { decodeHostProgram, encodeHostProgram } from '../../src/convert/host-json.js';
import { buildGraph } from '../../src/graph/build.js';
import { interpret } from '../../src/graph/interpret.js';
import { openSavedModel, selectMetaGraph } from '../../src/savedmodel/open.js';
import { memoryFiles } from '../fixtures/memory-files.js';
import { describeStages } from '../system/exported-model.js';
import { loadCompiled } from './run-compiled.js';

interface PackedModel {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly cases: readonly unknown[];
}

/** Written by test/oracle/rnn_pack.py from models that test/oracle/layer_zoo/export.py exports. */
const PATH = fileURLToPath(new URL('./cases/control.json.gz', import.meta.url));
const { models } = JSON.parse(new TextDecoder().decode(inflateCase(readFileSync(PATH), PATH))) as {
  models: PackedModel[];
};

/** How a model is expected to run, where it matters: fallbacks are as right, but slower. */
const HOW: Readonly<Record<string, string>> = {
  'keras3-lstm_state': 'LSTM',
  'keras3-gru_reset_before': 'GRU',
  'keras3-simple_rnn': 'RNN',
  'keras3-bidirectional_lstm': 'LSTM',
  'keras3-lstm_hard_sigmoid': 'LSTM',
  'keras3-lstm_masking_holes': 'Loop',
  'keras2-lstm_backwards_last': 'LSTM',
  'keras2-gru_last': 'GRU',
  'tf2-lstm_by_hand_none': 'LSTM',
  'tf2-lstm_by_hand_clip': 'Loop',
  'tf2-lstm_by_hand_coupled': 'Loop',
  'tf2-lstm_by_hand_time': 'Loop',
  'tf2-lstm_by_hand_skip': 'Loop',
  'tf2-lstm_by_hand_residual': 'Loop',
  'tf2-gru_by_hand_other_way': 'Loop',
  'tf2-map_fn': 'Loop',
  'tf2-array_concat_ragged': 'host',
  'tf2-strings_map': 'host',
  'tf2-strings_fused': 'host',
  'tf2-block_lstm': 'Loop',
  'keras3-lstm_recurrent_dropout': 'LSTM',
  'tf1-cond': 'If',
  'tf1-rnn': 'Loop',
};

function open({ files }: PackedModel) {
  const map = new Map(
    Object.entries(files).map(([path, data]): [string, Uint8Array] => [
      `model/${path}`,
      new Uint8Array(Buffer.from(data, 'base64')),
    ]),
  );
  return openSavedModel(memoryFiles(map), 'model');
}

function expectSame(answers: TensorMap, { outputs }: Case): void {
  for (const [name, wanted] of outputs) {
    const answer = answers.get(name);
    expect(answer, name).toBeDefined();
    const { matches, why } = compareOutput(answer!, wanted);
    expect(matches ? 'match' : `${name}: ${why}`).toBe('match');
  }
}

/** As a plan directory would hold it. */
function throughJson(compiled: CompiledSignature): CompiledSignature {
  const stages = compiled.stages.map((stage) =>
    stage.kind === 'host'
      ? {
          ...stage,
          program: decodeHostProgram(new TextDecoder().decode(encodeHostProgram(stage.program)), 'stage'),
        }
      : stage,
  );
  return { ...compiled, stages };
}

describe.each(models)('$name', (model) => {
  const cases = model.cases.map((each) => readCase(each, model.name));
  const saved = open(model);
  const result = compileModel(saved, { signatures: ['serving_default'] });

  it('is compiled, and runs as expected', () => {
    expect(result.refused).toEqual([]);
    const [compiled] = result.signatures;
    if (HOW[model.name] !== undefined) expect(describeStages(compiled!)).toBe(HOW[model.name]);
  });

  it('answers as TensorFlow, compiled', async () => {
    const loaded = await loadCompiled(throughJson(result.signatures[0]!));
    try {
      for (const each of cases) expectSame(await loaded.run(each.inputs), each);
    } finally {
      await loaded.close();
    }
  });

  it('answers as TensorFlow, interpreted', () => {
    const graph = buildGraph(saved, selectMetaGraph(saved), 'serving_default');
    for (const each of cases) expectSame(interpret(graph, each.inputs), each);
  });
});

it('covers every expectation', () => {
  const names = new Set(models.map(({ name }) => name));
  expect(Object.keys(HOW).filter((name) => !names.has(name))).toEqual([]);
});
