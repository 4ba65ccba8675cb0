import { TfdeployError } from '../base/error.js';
import type { VersionChoice } from '../repository/types.js';

export type PredictionApi = 'classify' | 'regress' | 'predict';

/** A request to run a model: `POST /v1/models/<name>[/versions/<n>|/labels/<l>]:<api>`. */
export interface PredictionRoute {
  readonly model: string;
  readonly choice: VersionChoice;
  readonly api: PredictionApi;
}

/** A question about a model: `GET /v1/models/<name>[/versions/<n>|/labels/<l>][/metadata]`. */
export interface ModelRoute {
  readonly model: string | undefined;
  readonly choice: VersionChoice;
  readonly isMetadata: boolean;
}

const PREDICTION =
  /^\/v1\/models\/([^/:]+)(?:\/versions\/(\d+)|\/labels\/([^/:]+))?:(classify|regress|predict)$/i;
const MODEL = /^\/v1\/models(?:\/([^/:]+))?(?:\/versions\/(\d+)|\/labels\/([^/:]+))?(?:\/(metadata))?$/i;
const MAX_VERSION = 2n ** 63n - 1n;

/** Paths seen lately, so that a busy path is matched once. */
const MAX_KNOWN = 512;
const known = new Map<string, PredictionRoute>();

/** Undefined where the path is none. Throws for a version beyond 64 bits and for a broken escape. */
export function parsePrediction(path: string): PredictionRoute | undefined {
  const found = known.get(path);
  if (found !== undefined) return found;
  const match = PREDICTION.exec(path);
  if (match === null) return undefined;
  const [, name = '', version, label, api = ''] = match;
  // The method is matched without regard to case like the rest, and then compared with it.
  if (api !== 'classify' && api !== 'regress' && api !== 'predict') return undefined;
  const route = { model: decodeName(name, 'model name'), choice: choiceOf(version, label), api } as const;
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(path, route);
  return route;
}

export function parseModel(path: string): ModelRoute | undefined {
  const match = MODEL.exec(path);
  if (match === null) return undefined;
  const [, name, version, label, metadata] = match;
  return {
    model: name === undefined ? undefined : decodeName(name, 'model name'),
    choice: choiceOf(version, label),
    isMetadata: metadata !== undefined,
  };
}

function choiceOf(version: string | undefined, label: string | undefined): VersionChoice {
  if (label !== undefined) return { label: decodeName(label, 'model version label') };
  return version === undefined ? {} : { version: versionOf(version) };
}

/** The number of a version from its digits. Throws when it has more than 63 bits. */
export function versionOf(version: string): bigint {
  // 64 bits have at most 19 digits; a longer text need not become a number to be refused.
  const digits = version.replace(/^0+(?=\d)/, '');
  if (digits.length > 19 || BigInt(digits) > MAX_VERSION) {
    throw new TfdeployError('TFD_INPUT_INVALID', `Failed to convert version: ${version} to numeric.`, {
      details: { failedVersion: true },
    });
  }
  return BigInt(digits);
}

/** A name from a path, its escapes resolved. */
export function decodeName(text: string, what: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new TfdeployError('TFD_INPUT_INVALID', `Failed to decode ${what}:${text}`);
  }
}
