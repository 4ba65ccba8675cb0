/**
 * The read access to a model's files, so that reading and converting run in any JavaScript runtime.
 * Paths are '/'-separated. All calls are synchronous: model files are local and reads are ranges.
 */
export interface ModelFiles {
  /** Names (not paths) in a directory; an absent directory gives an empty list. */
  list(dir: string): string[];
  isDirectory(path: string): boolean;
  exists(path: string): boolean;
  /** Size in bytes. Throws TFD_MODEL_NOT_FOUND for an absent file. */
  size(path: string): number;
  read(path: string): Uint8Array;
  /** Exactly `length` bytes from `offset`; a shorter file is TFD_MODEL_CORRUPT. */
  readRange(path: string, offset: number, length: number): Uint8Array;
}

/** A run of bytes inside a file, not read yet. */
export interface FileRange {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}
