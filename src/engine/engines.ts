/** One inference engine: an npm package that is found, or installed on first use, never bundled. */
export interface EngineRow {
  /** The word of `--engine` and `tfdeploy engine`. */
  readonly name: string;
  readonly packageName: string;
  /** Versions that the tests pass with: from (inclusive) and below (exclusive). */
  readonly from: string;
  readonly below: string;
  /** The version that is installed into the cache. */
  readonly installVersion: string;
  /** Bytes of the download and of the installed package before other platforms' files are dropped. */
  readonly downloadBytes: number;
  readonly installedBytes: number;
  readonly about: string;
}

export const ONNXRUNTIME: EngineRow = {
  name: 'onnxruntime',
  packageName: 'onnxruntime-node',
  from: '1.24.1',
  below: '2.0.0',
  installVersion: '1.30.0',
  downloadBytes: 113_507_888,
  installedBytes: 302_000_000,
  about: 'ONNX Runtime: runs what tfdeploy compiles, on CPU (default)',
};

/** Engines that this version runs. */
export const ENGINES: readonly EngineRow[] = [ONNXRUNTIME];

/** Negative, zero or positive like `a - b`; a pre-release counts as its version. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split('-')[0]!.split('.').map(Number));
  for (let index = 0; index < 3; index++) {
    const difference = (left![index] ?? 0) - (right![index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function isVersionSupported(row: EngineRow, version: string): boolean {
  return compareVersions(version, row.from) >= 0 && compareVersions(version, row.below) < 0;
}
