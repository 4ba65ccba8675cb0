import { TF_ENUMS, TF_MESSAGES } from '../../savedmodel/proto/schema.js';
import { HEALTH_MESSAGES, SERVING_ENUMS, SERVING_MESSAGES } from '../messages.js';
import { OIP_MESSAGES } from '../oip/messages.js';
import { REFLECTION_MESSAGES } from './messages.js';

/** One file of descriptors: whose messages it holds. A message belongs to the first package that has it. */
export interface PackageRow {
  readonly file: string;
  readonly name: string;
  readonly messages: readonly string[];
}

/** An enum, with the message that it is declared in (a package's own when absent). */
export interface EnumRow {
  readonly values: Readonly<Record<string, number>>;
  readonly package: string;
  readonly parent?: string;
}

export const PACKAGES: readonly PackageRow[] = [
  { file: 'google/protobuf/wrappers.proto', name: 'google.protobuf', messages: ['Int64Value'] },
  { file: 'google/protobuf/any.proto', name: 'google.protobuf', messages: ['Any'] },
  { file: 'tfdeploy/tensorflow.proto', name: 'tensorflow', messages: Object.keys(TF_MESSAGES) },
  { file: 'tfdeploy/error_codes.proto', name: 'tensorflow.error', messages: [] },
  { file: 'tfdeploy/serving.proto', name: 'tensorflow.serving', messages: Object.keys(SERVING_MESSAGES) },
  { file: 'tfdeploy/health.proto', name: 'grpc.health.v1', messages: Object.keys(HEALTH_MESSAGES) },
  { file: 'tfdeploy/inference.proto', name: 'inference', messages: Object.keys(OIP_MESSAGES) },
];

/** Reflection describes itself, in each of its versions. */
export const REFLECTION_PACKAGES: readonly PackageRow[] = ['v1', 'v1alpha'].map((version) => ({
  file: `tfdeploy/reflection_${version}.proto`,
  name: `grpc.reflection.${version}`,
  messages: Object.keys(REFLECTION_MESSAGES),
}));

export const ENUMS: Readonly<Record<string, EnumRow>> = {
  DataType: { values: TF_ENUMS.DataType, package: 'tensorflow' },
  TypeSpecClass: { values: TF_ENUMS.TypeSpecClass, package: 'tensorflow', parent: 'TypeSpecProto' },
  ModelType: { values: SERVING_ENUMS.ModelType, package: 'tensorflow.serving' },
  State: { values: SERVING_ENUMS.State, package: 'tensorflow.serving', parent: 'ModelVersionStatus' },
  ServingStatus: {
    values: SERVING_ENUMS.ServingStatus,
    package: 'grpc.health.v1',
    parent: 'HealthCheckResponse',
  },
  Code: { values: SERVING_ENUMS.Code, package: 'tensorflow.error' },
};

/** Types that no field names, but that travel in an Any. */
export const FURTHER_ROOTS = ['SignatureDefMap'] as const;
