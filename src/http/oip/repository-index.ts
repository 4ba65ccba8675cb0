import type { ServableDirectory } from '../../repository/types.js';

/** One version of a model, as Triton's repository extension lists it. */
export interface IndexEntry {
  readonly name: string;
  readonly version: string;
  readonly state: string;
  readonly reason: string;
}

/** Every version of every model, or the ones that can be asked. */
export function listRepository(directory: ServableDirectory, isReadyOnly: boolean): IndexEntry[] {
  return directory.models.flatMap((name) =>
    directory
      .status(name)
      .filter(({ state }) => !isReadyOnly || state === 'AVAILABLE')
      .map(({ version, state, errorMessage }) => ({
        name,
        version: String(version),
        state: state === 'AVAILABLE' ? 'READY' : state === 'END' ? 'UNAVAILABLE' : state,
        reason: errorMessage,
      })),
  );
}
