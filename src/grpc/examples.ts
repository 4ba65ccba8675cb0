import { TfdeployError } from '../base/error.js';
import { findExampleSignature, readClasses, readValues, resultNames } from '../http/examples.js';
import { concatBytes } from '../kernels/text/bytes.js';
import type { Servable } from '../repository/types.js';
import { answerSpec, type CallContext, findServable, inputError } from './call.js';
import type { MessageIn, MessageOut } from './messages.js';

type ExampleApi = 'classify' | 'regress';
type InputIn = MessageIn<'Input'> | undefined;
type Spec = MessageIn<'ModelSpec'> | undefined;

/** Serialized examples of a request. A context in front of an example makes one message of both: the later wins. */
function readInput(input: InputIn): readonly Uint8Array[] {
  const list = input?.example_list?.examples;
  const withContext = input?.example_list_with_context;
  const examples =
    list ?? withContext?.examples.map((example) => concatBytes([withContext.context, example])) ?? [];
  if (examples.length === 0) throw inputError('Input is empty');
  return examples;
}

interface Ran {
  readonly servable: Servable;
  readonly signature: string;
  readonly outputs: Awaited<ReturnType<Servable['predict']>>['outputs'];
  readonly count: number;
}

async function run(context: CallContext, spec: Spec, input: InputIn, api: ExampleApi): Promise<Ran> {
  const servable = findServable(context, spec);
  const signature = findExampleSignature(servable, spec?.signature_name || undefined, api);
  context.onServable(servable, signature.name);
  const examples = readInput(input);
  const { outputs } = await servable.predict({
    signature: signature.name,
    inputs: new Map([['inputs', { dtype: 'string', shape: [examples.length], data: examples }]]),
    outputs: resultNames(signature, api),
    deadlineMs: context.deadlineMs,
    signal: context.signal,
  });
  return { servable, signature: signature.name, outputs, count: examples.length };
}

function toClassification({ outputs, count }: Ran): MessageOut<'ClassificationResult'> {
  return { classifications: readClasses(outputs, count).map((classes) => ({ classes })) };
}

function toRegression({ outputs, count }: Ran): MessageOut<'RegressionResult'> {
  return { regressions: Array.from(readValues(outputs, count), (value) => ({ value })) };
}

/** PredictionService.Classify. */
export async function classify(
  request: MessageIn<'ClassificationRequest'>,
  context: CallContext,
): Promise<MessageOut<'ClassificationResponse'>> {
  const ran = await run(context, request.model_spec, request.input, 'classify');
  return { result: toClassification(ran), model_spec: answerSpec(ran.servable, ran.signature) };
}

/** PredictionService.Regress. */
export async function regress(
  request: MessageIn<'RegressionRequest'>,
  context: CallContext,
): Promise<MessageOut<'RegressionResponse'>> {
  const ran = await run(context, request.model_spec, request.input, 'regress');
  return { result: toRegression(ran), model_spec: answerSpec(ran.servable, ran.signature) };
}

const CLASSIFY = 'tensorflow/serving/classify';
const REGRESS = 'tensorflow/serving/regress';

function checkTasks(tasks: readonly MessageIn<'InferenceTask'>[]): void {
  const names = new Set(tasks.map((task) => task.model_spec?.name));
  if (names.size > 1) {
    throw inputError(
      `All ModelSpecs in a MultiInferenceRequest must access the same model name. Found ${[...names].join(', ')}`,
    );
  }
  const seen = new Set<string>();
  for (const { model_spec: spec, method_name: method } of tasks) {
    const signature = spec?.signature_name || 'serving_default';
    if (seen.has(signature)) throw inputError(`Duplicate evaluation of signature: ${signature}`);
    seen.add(signature);
    if (method === CLASSIFY || method === REGRESS) continue;
    throw new TfdeployError('TFD_UNIMPLEMENTED', `Unsupported signature method_name: ${method}`);
  }
}

/** PredictionService.MultiInference: several classify and regress tasks on the same examples. */
export async function multiInference(
  request: MessageIn<'MultiInferenceRequest'>,
  context: CallContext,
): Promise<MessageOut<'MultiInferenceResponse'>> {
  readInput(request.input);
  checkTasks(request.tasks);
  const results = request.tasks.map(
    async ({ model_spec: spec, method_name: method }): Promise<MessageOut<'InferenceResult'>> => {
      const isRegress = method === REGRESS;
      const ran = await run(context, spec, request.input, isRegress ? 'regress' : 'classify').catch(
        renameMissing,
      );
      const answered = answerSpec(ran.servable, ran.signature);
      return isRegress
        ? { model_spec: answered, regression_result: toRegression(ran) }
        : { model_spec: answered, classification_result: toClassification(ran) };
    },
  );
  return { results: await Promise.all(results) };
}

/** MultiInference has a text of its own for a signature that is not there. */
function renameMissing(error: unknown): never {
  if (error instanceof TfdeployError && error.code === 'TFD_SIGNATURE_NOT_FOUND') {
    throw new TfdeployError(
      'TFD_SIGNATURE_NOT_FOUND',
      `Requested signature not found in model graph: ${error.message}`,
      { hint: error.hint },
    );
  }
  throw error;
}
