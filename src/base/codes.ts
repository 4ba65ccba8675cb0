/** What every error of one code has in common: exit status (sysexits), HTTP status and gRPC status name. */
export interface CodeRow {
  readonly exit: number;
  readonly http: number;
  readonly grpc: GrpcStatusName;
  /** One sentence for docs/errors.md: when this happens. */
  readonly about: string;
}

export type GrpcStatusName =
  | 'OK'
  | 'CANCELLED'
  | 'UNKNOWN'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'OUT_OF_RANGE'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'DATA_LOSS'
  | 'UNAUTHENTICATED';

const usage = { exit: 64, http: 400, grpc: 'INVALID_ARGUMENT' } as const;
const badModel = { exit: 65, http: 500, grpc: 'FAILED_PRECONDITION' } as const;
const badInput = { exit: 65, http: 400, grpc: 'INVALID_ARGUMENT' } as const;
const unavailable = { exit: 69, http: 503, grpc: 'UNAVAILABLE' } as const;
const config = { exit: 78, http: 500, grpc: 'FAILED_PRECONDITION' } as const;

/** Every error code of the product. A code is thrown somewhere and has its section in docs/errors.md. */
export const CODES = {
  TFD_BUG: { exit: 1, http: 500, grpc: 'INTERNAL', about: 'A fault of tfdeploy itself. Please report it.' },
  TFD_USAGE: { ...usage, about: 'A command, flag or argument is not understood.' },
  TFD_CONFIG: { ...config, about: 'A configuration value or file is not valid.' },

  TFD_MODEL_NOT_FOUND: { ...badModel, about: 'There is no SavedModel at the path given.' },
  TFD_MODEL_UNSUPPORTED: { ...badModel, about: 'The file is a model, but of a form that is not read.' },
  TFD_MODEL_CORRUPT: { ...badModel, about: 'The bytes of a model file contradict its format.' },
  TFD_MODEL_LIMIT: { ...badModel, about: 'A model file asks for more depth, size or time than is allowed.' },
  TFD_TAGS_NOT_FOUND: { ...badModel, about: 'No MetaGraph of the SavedModel carries exactly these tags.' },
  TFD_SIGNATURE_NOT_FOUND: { ...badInput, about: 'The model has no signature of this name.' },
  TFD_VARIABLE_UNBOUND: { ...badModel, about: 'A variable of the graph has no value in the checkpoint.' },
  TFD_GRAPH_INVALID: {
    ...badModel,
    about: 'The graph refers to something that is not there, or has a cycle.',
  },
  TFD_STATEFUL: { ...badModel, about: 'The signature changes variables in a way that is not built.' },

  TFD_OP_UNSUPPORTED: { ...badModel, about: 'An operation has no converter and no host kernel.' },
  TFD_ATTR_UNREAD: { ...badModel, about: 'An attribute has a value that the converter does not handle.' },
  TFD_SHAPE_UNKNOWN: { ...badModel, about: 'A conversion needs a shape that the graph does not tell.' },
  TFD_DTYPE_UNSUPPORTED: { ...badModel, about: 'An operation has no kernel for this data type.' },
  TFD_KERNEL_INPUT: { ...badInput, about: 'A host kernel met a value that the operation does not accept.' },

  TFD_ENGINE_MISSING: { ...unavailable, about: 'The inference engine is not installed.' },
  TFD_ENGINE_FAILED: {
    exit: 1,
    http: 500,
    grpc: 'INTERNAL',
    about: 'The engine refused the model or the run.',
  },
  TFD_PLAN_CORRUPT: { ...badModel, about: 'A compiled plan on disk is torn, foreign or of another version.' },

  TFD_INPUT_INVALID: { ...badInput, about: 'A request or input file does not fit the signature.' },
  TFD_BODY_TOO_LARGE: {
    exit: 65,
    http: 413,
    grpc: 'RESOURCE_EXHAUSTED',
    about: 'A request body is over the limit.',
  },
  TFD_NOT_FOUND: { exit: 65, http: 404, grpc: 'NOT_FOUND', about: 'No such model, version or route.' },
  TFD_OVERLOADED: { exit: 69, http: 503, grpc: 'UNAVAILABLE', about: 'The queue is full; try again later.' },
  TFD_DEADLINE: {
    exit: 69,
    http: 504,
    grpc: 'DEADLINE_EXCEEDED',
    about: 'The answer could not come in time.',
  },
  TFD_UNAVAILABLE: { ...unavailable, about: 'Something the command needs is not reachable.' },
  TFD_PEER_PROTOCOL: { ...unavailable, about: 'A server answered bytes that are not HTTP/1.1.' },
  TFD_UNIMPLEMENTED: { exit: 69, http: 501, grpc: 'UNIMPLEMENTED', about: 'Known, but not built.' },
  TFD_WRITE_REFUSED: {
    exit: 73,
    http: 500,
    grpc: 'FAILED_PRECONDITION',
    about: 'A file is in the way or can not be written.',
  },
} as const satisfies Record<string, CodeRow>;

export type Code = keyof typeof CODES;
