/** TensorFlow Serving's ServableVersionPolicy. */
export type VersionPolicy =
  | { readonly kind: 'latest'; readonly count: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'specific'; readonly versions: readonly bigint[] };

export const LATEST: VersionPolicy = { kind: 'latest', count: 1 };

/** The versions to serve out of those found (highest first), highest first. */
export function selectVersions(policy: VersionPolicy, found: readonly bigint[]): bigint[] {
  if (policy.kind === 'all') return [...found];
  if (policy.kind === 'specific') return found.filter((version) => policy.versions.includes(version));
  return found.slice(0, Math.max(policy.count, 1));
}

export interface ModelConfig {
  readonly name: string;
  readonly basePath: string;
  readonly policy: VersionPolicy;
  readonly labels: ReadonlyMap<string, bigint>;
}
