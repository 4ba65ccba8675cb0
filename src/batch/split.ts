import { TfdeployError } from '../base/error.js';
import type { TensorMap } from '../base/tensor.js';
import type { PredictAnswer, PredictRequest } from '../repository/types.js';
import { joinRows, sliceRows } from './pack.js';

/**
 * A request above the largest batch, as several: the parts may share batches with other requests and their
 * outputs are joined. The first part that fails takes the rest along.
 */
export async function submitInParts(
  request: PredictRequest,
  rows: number,
  maxRows: number,
  submit: (part: PredictRequest) => Promise<PredictAnswer>,
): Promise<PredictAnswer> {
  const rest = new AbortController();
  const signal = request.signal === undefined ? rest.signal : AbortSignal.any([request.signal, rest.signal]);
  const parts: Promise<PredictAnswer>[] = [];
  for (let start = 0; start < rows; start += maxRows) {
    const inputs: TensorMap = new Map();
    for (const [name, tensor] of request.inputs)
      inputs.set(name, sliceRows(tensor, start, Math.min(maxRows, rows - start)));
    parts.push(submit({ ...request, inputs, signal }));
  }
  try {
    const answers = await Promise.all(parts);
    return {
      outputs: joinParts(answers, maxRows, rows),
      queueMs: Math.min(...answers.map((answer) => answer.queueMs)),
      computeMs: answers.reduce((sum, answer) => sum + answer.computeMs, 0),
      batchRows: Math.max(...answers.map((answer) => answer.batchRows)),
    };
  } catch (error) {
    rest.abort();
    await Promise.allSettled(parts);
    throw error;
  }
}

function joinParts(answers: readonly PredictAnswer[], maxRows: number, rows: number): TensorMap {
  answers.forEach(({ outputs }, index) => {
    const own = Math.min(maxRows, rows - index * maxRows);
    for (const [name, { shape }] of outputs)
      if (shape[0] !== own)
        throw new TfdeployError(
          'TFD_INPUT_INVALID',
          `Task size ${rows} is larger than maximum input batch size ${maxRows}, and output "${name}" does not follow the rows`,
          { hint: 'send fewer rows in one request' },
        );
  });
  return joinRows(answers.map((answer) => answer.outputs));
}
