import type { DType } from '../base/dtype.js';

/** A tensor of the signature as far as sizes go; `null` is an unknown dimension. */
export interface TensorFact {
  readonly name: string;
  readonly dtype: DType;
  /** undefined for an unknown rank. */
  readonly shape: readonly (number | null)[] | undefined;
  /** Base64 of a serialized tf.Example that fits, for an input that takes such. */
  readonly sampleB64?: string;
}

export interface ModelFacts {
  /** Absolute path: a SavedModel or a directory of numbered versions. */
  readonly path: string;
  readonly name: string;
  readonly signature: string;
  readonly inputs: readonly TensorFact[];
  readonly outputs: readonly TensorFact[];
  /** Bytes on disk of one version. */
  readonly sizeBytes: number;
}

export interface MachineFacts {
  /** Cores this process may use (affinity and cgroup quota), possibly fractional. */
  readonly cores: number;
  readonly memoryBytes: number;
}

export interface SoftwareFacts {
  /** Absolute path of the node binary. */
  readonly nodePath: string;
  readonly nodeVersion: string;
  readonly tfdeployVersion: string;
  /** `1.22.1`; undefined when nginx is not installed here. */
  readonly nginxVersion: string | undefined;
  /** `252`; undefined when systemd is not installed here. */
  readonly systemdVersion: number | undefined;
}

/** Everything the plan is made from, besides the answers. `init --facts FILE` replays it byte for byte. */
export interface Facts {
  readonly machine: MachineFacts;
  readonly software: SoftwareFacts;
  readonly model: ModelFacts;
}

export type Target = 'vm' | 'kubernetes';

/** What a person decides. */
export interface Answers {
  /** Absolute directory of the generated project. */
  readonly projectDir: string;
  readonly targets: readonly Target[];
  /** Host name in nginx; `_` answers to every name. */
  readonly serverName: string;
  readonly listenPort: number;
  readonly restPort: number;
  readonly grpcPort: number;
  /** Longest time one request may take, in seconds. */
  readonly requestTimeoutSeconds: number;
  /** Account the service runs under; undefined takes a transient one (DynamicUser). */
  readonly user: string | undefined;
  readonly image: string;
}
