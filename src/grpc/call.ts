import { TfdeployError } from '../base/error.js';
import type { Servable, ServableDirectory, VersionChoice } from '../repository/types.js';
import type { MessageIn, MessageOut } from './messages.js';

/** What a method is given beside its request. */
export interface CallContext {
  readonly directory: ServableDirectory;
  readonly asContent: boolean;
  /** performance.now() moment after which the client no longer waits. */
  readonly deadlineMs: number | undefined;
  /** Aborted when the client cancels or goes away. */
  readonly signal: AbortSignal;
  /** Told which servable and signature a request ran on, for the metrics. */
  onServable(servable: Servable, signature: string): void;
}

export function inputError(message: string): TfdeployError {
  return new TfdeployError('TFD_INPUT_INVALID', message);
}

type SpecIn = MessageIn<'ModelSpec'> | undefined;

function toChoice(spec: MessageIn<'ModelSpec'>): VersionChoice {
  if (spec.version !== undefined) return { version: spec.version.value };
  return spec.version_label === undefined ? {} : { label: spec.version_label };
}

/** The name a ModelSpec gives; TFD_INPUT_INVALID when it gives none. */
export function requireName(spec: SpecIn): string {
  if (spec === undefined) throw inputError('Missing ModelSpec');
  if (spec.name === '') throw inputError('ModelSpec has no name specified.');
  return spec.name;
}

export function findServable(context: CallContext, spec: SpecIn): Servable {
  const name = requireName(spec);
  return context.directory.find(name, spec === undefined ? {} : toChoice(spec));
}

/** The ModelSpec of an answer: what actually ran. */
export function answerSpec(servable: Servable, signature: string): MessageOut<'ModelSpec'> {
  return { name: servable.model, version: { value: servable.version }, signature_name: signature };
}
