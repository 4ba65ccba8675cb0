import { TfdeployError } from '../base/error.js';
import type { Log } from '../base/log.js';
import { findModelVersions } from '../repository/layout.js';
import type { ModelConfig } from '../repository/policy.js';
import type { Repository } from '../repository/repository.js';

interface Options {
  readonly log: Log;
  readonly canLabelsPrecede: boolean;
}

type Models = readonly ModelConfig[];
type Book = Pick<Repository, 'configure' | 'snapshot' | 'listFailures' | 'isHeldByAll'>;

/**
 * Replaces the list of models while the server runs, one list after the other: looked at first, so that a wrong
 * path changes nothing; labels last, when the versions they name are served.
 */
export class ModelReplacement {
  #last: Promise<void> = Promise.resolve();
  #waiting: (() => void)[] = [];

  constructor(
    private readonly book: Book,
    private readonly options: Options,
  ) {}

  /** Tell it whenever the book has changed. */
  notify(): void {
    if (this.#waiting.length === 0 || !this.#isSettled) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /**
   * Resolves once every model of `next` is served by every worker. Rejects with TFD_CONFIG, nothing changed, for
   * models without versions; with TFD_UNAVAILABLE naming those that can not be served, the others being served;
   * and with TFD_CONFIG for labels of versions that are not there, the labels being as before.
   */
  replace(current: () => Models, next: Models, commit: (models: Models) => void): Promise<void> {
    const replaced = this.#last.then(async () => {
      const old = current();
      refuseEmpty(old, next);
      this.options.log.info('replacing the models', { models: next.map(({ name }) => name) });
      const labelled = new Map(old.map(({ name, labels }) => [name, labels]));
      const draft = next.map((model) => ({ ...model, labels: labelled.get(model.name) ?? new Map() }));
      commit(draft);
      this.book.configure(draft);
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        this.notify();
      });
      this.#refuseFailed(next);
      this.#refuseLabels(labelled, next);
      commit(next);
      this.book.configure(next);
    });
    this.#last = replaced.catch(() => {});
    return replaced;
  }

  get #isSettled(): boolean {
    return this.book.snapshot.isSettled && this.book.isHeldByAll;
  }

  #refuseFailed(next: Models): void {
    const names = new Set(next.map(({ name }) => name));
    const failed = this.book.listFailures().filter(({ model }) => names.has(model));
    const [first] = failed;
    if (first === undefined) return;
    throw new TfdeployError(
      'TFD_UNAVAILABLE',
      failed
        .map(({ model, version, failure }) => `model ${model} version ${version}: ${failure.message}`)
        .join('; '),
      { details: { grpcStatus: first.failure.grpc } },
    );
  }

  #refuseLabels(old: ReadonlyMap<string, ModelConfig['labels']>, next: Models): void {
    const [first] = this.listLooseLabels(old, next);
    if (first === undefined) return;
    throw new TfdeployError('TFD_CONFIG', first, {
      hint: 'the labels are as before, the models are the new ones',
    });
  }

  /** What is wrong with labels that name versions which are not served; `old` are those in use. */
  listLooseLabels(old: ReadonlyMap<string, ModelConfig['labels']>, next: Models): string[] {
    return next.flatMap(({ name, labels }) => {
      const versions = this.book.snapshot.models.find((model) => model.name === name)?.versions ?? [];
      const served = new Set(
        versions.filter(({ state }) => state === 'AVAILABLE').map(({ version }) => version),
      );
      return [...labels].flatMap(([label, version]) => {
        const before = old.get(name)?.get(label);
        const mayPrecede = this.options.canLabelsPrecede && (before === undefined || before === version);
        if (served.has(String(version)) || mayPrecede) return [];
        return `Request to assign label to version ${version} of model ${name}, which is not currently available for inference (label "${label}")`;
      });
    });
  }
}

/** A path that is wrong would otherwise be waited for without end. */
function refuseEmpty(old: Models, next: Models): void {
  const known = new Set(old.map(({ name, basePath }) => `${name} ${basePath}`));
  const empty = next.filter(
    ({ name, basePath }) => !known.has(`${name} ${basePath}`) && findModelVersions(basePath).length === 0,
  );
  if (empty.length === 0) return;
  throw new TfdeployError(
    'TFD_CONFIG',
    empty
      .map(({ name, basePath }) => `No versions of servable ${name} found under base path ${basePath}`)
      .join('; '),
    { hint: 'nothing is changed' },
  );
}
