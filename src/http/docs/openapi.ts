import type { PlanTensor } from '../../convert/plan.js';
import type { Servable, ServableDirectory, ServableSignature } from '../../repository/types.js';
import { OIP_TYPES } from '../oip/types.js';
import { type Schema, sampleTensor, tensorSchema } from './schema.js';

const ERROR = {
  description: 'what was wrong; the header x-tfdeploy-code names the kind',
  content: {
    'application/json': {
      schema: { type: 'object', properties: { error: { type: 'string' } }, required: ['error'] },
    },
  },
};
const ERRORS = Object.fromEntries(
  ['400', '404', '413', '429', '500', '503', '504'].map((status) => [status, ERROR]),
);

/** The OpenAPI document of the models that are loaded now. */
export function describeApi(directory: ServableDirectory, version: string): object {
  const servables = directory.models.flatMap((model) => findServable(directory, model) ?? []);
  return {
    openapi: '3.1.0',
    info: {
      title: 'tfdeploy',
      version,
      description:
        'TensorFlow models behind the REST API of TensorFlow Serving and the Open Inference Protocol.',
    },
    paths: Object.assign({}, FIXED_PATHS, ...servables.map(modelPaths)),
    'x-models': servables.map(describeModel),
  };
}

function findServable(directory: ServableDirectory, model: string): Servable | undefined {
  try {
    return directory.find(model, {});
  } catch {
    // Not loaded yet, or no more: there is nothing to describe.
    return undefined;
  }
}

function read(summary: string): object {
  return { get: { summary, responses: { '200': { description: 'ok' }, ...ERRORS } } };
}

const FIXED_PATHS = {
  '/healthz': read('Whether the process lives'),
  '/readyz': read('Whether every model can answer'),
  '/metrics': read('Metrics in the text format of Prometheus'),
  '/v1/models': read('The models with their versions, states and labels'),
  '/v2': read('The server in the words of the Open Inference Protocol'),
  '/v2/health/ready': read('Whether every model can answer'),
};

function modelPaths(servable: Servable): object {
  const name = encodeURIComponent(servable.model);
  const signatures = [...servable.signatures.values()].filter(({ refusal }) => refusal === undefined);
  const callable = signatures.filter(({ inputs }) => inputs.length > 0);
  const paths: Record<string, object> = {
    [`/v1/models/${name}`]: read('The versions of the model and their states'),
    [`/v1/models/${name}/metadata`]: read('The signatures of the model'),
    [`/v1/models/${name}:predict`]: {
      post: call(
        'Predict',
        callable.flatMap(predictSchemas),
        'nested lists by output',
        predictAnswer(callable),
      ),
    },
    [`/v2/models/${name}`]: read('The model in the words of the Open Inference Protocol'),
    [`/v2/models/${name}/infer`]: { post: call('Predict (Open Inference Protocol)', [INFER], 'tensors', {}) },
  };
  const takesExamples = callable.filter(({ inputs }) => inputs.length === 1 && inputs[0]!.name === 'inputs');
  for (const [api, wanted] of Object.entries({ classify: ['classes', 'scores'], regress: ['outputs'] })) {
    const fitting = takesExamples.filter(({ outputs }) =>
      outputs.some((output) => wanted.includes(output.name)),
    );
    if (fitting.length > 0) {
      paths[`/v1/models/${name}:${api}`] = {
        post: call(api, [examplesSchema(fitting)], 'one result for each example', {}),
      };
    }
  }
  return paths;
}

function call(summary: string, bodies: readonly Schema[], answer: string, schema: Schema): object {
  return {
    summary,
    requestBody: {
      required: true,
      content: { 'application/json': { schema: bodies.length === 1 ? bodies[0] : { anyOf: bodies } } },
    },
    responses: {
      '200': { description: answer, content: { 'application/json': { schema } } },
      ...ERRORS,
    },
  };
}

function rowOf(tensor: PlanTensor): Schema {
  return tensorSchema(tensor.dtype, tensor.shape === null ? null : tensor.shape.slice(1));
}

function columnOf(tensor: PlanTensor): Schema {
  return tensorSchema(tensor.dtype, tensor.shape);
}

function named(tensors: readonly PlanTensor[], schemaOf: (tensor: PlanTensor) => Schema): Schema {
  return {
    type: 'object',
    properties: Object.fromEntries(tensors.map((tensor) => [tensor.name, schemaOf(tensor)])),
    required: tensors.map((tensor) => tensor.name),
  };
}

function bareOrNamed(tensors: readonly PlanTensor[], schemaOf: (tensor: PlanTensor) => Schema): Schema {
  const byName = named(tensors, schemaOf);
  return tensors.length === 1 ? { anyOf: [schemaOf(tensors[0]!), byName] } : byName;
}

/** The row form and the columnar form of one signature. */
function predictSchemas(signature: ServableSignature): Schema[] {
  const isDefault = signature.name === 'serving_default';
  const base = { signature_name: { const: signature.name } };
  const required = isDefault ? [] : ['signature_name'];
  const rows = { type: 'array', minItems: 1, items: bareOrNamed(signature.inputs, rowOf) };
  const sample = sampleBody(signature);
  return [
    {
      title: `${signature.name}, by rows`,
      type: 'object',
      properties: { ...base, instances: rows },
      required: [...required, 'instances'],
      ...(sample === undefined || !('instances' in sample) ? {} : { examples: [sample] }),
    },
    {
      title: `${signature.name}, by columns`,
      type: 'object',
      properties: { ...base, inputs: bareOrNamed(signature.inputs, columnOf) },
      required: [...required, 'inputs'],
    },
  ];
}

function predictAnswer(signatures: readonly ServableSignature[]): Schema {
  const one = (outputs: readonly PlanTensor[], schemaOf: (tensor: PlanTensor) => Schema) =>
    outputs.length === 1 ? schemaOf(outputs[0]!) : named(outputs, schemaOf);
  return {
    anyOf: signatures.flatMap(({ outputs }) => [
      { type: 'object', properties: { predictions: { type: 'array', items: one(outputs, rowOf) } } },
      { type: 'object', properties: { outputs: one(outputs, columnOf) } },
    ]),
  };
}

function examplesSchema(signatures: readonly ServableSignature[]): Schema {
  const features = {
    type: 'object',
    description: 'features by name: numbers, text, base64, or lists of them',
  };
  return {
    type: 'object',
    properties: {
      signature_name: { enum: signatures.map(({ name }) => name) },
      context: features,
      examples: { type: 'array', minItems: 1, items: features },
    },
    required: ['examples'],
  };
}

const INFER: Schema = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    parameters: { type: 'object', properties: { signature_name: { type: 'string' } } },
    inputs: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          shape: { type: 'array', items: { type: 'integer', minimum: 0 } },
          datatype: { enum: [...OIP_TYPES.values()] },
          data: { type: 'array' },
        },
        required: ['name', 'shape', 'datatype'],
      },
    },
    outputs: {
      type: 'array',
      items: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
    },
  },
  required: ['inputs'],
};

/** A request of zeros; undefined where it would be long or has no JSON form. */
export function sampleBody(signature: ServableSignature): Record<string, unknown> | undefined {
  const { inputs, name } = signature;
  // Without a first dimension there are no rows.
  const isRow = inputs.every((input) => input.shape === null || input.shape.length > 0);
  const values = inputs.map((input) =>
    sampleTensor(input.dtype, isRow && input.shape !== null ? input.shape.slice(1) : input.shape),
  );
  if (values.includes(undefined)) return undefined;
  const value =
    inputs.length === 1
      ? values[0]
      : Object.fromEntries(inputs.map((input, index) => [input.name, values[index]]));
  return {
    ...(name === 'serving_default' ? {} : { signature_name: name }),
    ...(isRow ? { instances: [value] } : { inputs: value }),
  };
}

/** Signatures of classify and regress take serialized examples, which nobody writes by hand. */
function sampleCall(signature: ServableSignature): { api: string; sample: unknown } {
  const { inputs, methodName, name } = signature;
  const api = /^tensorflow\/serving\/(classify|regress)$/.exec(methodName)?.[1];
  const takesExamples = inputs.length === 1 && inputs[0]?.name === 'inputs' && inputs[0].dtype === 'string';
  if (api === undefined || !takesExamples) return { api: 'predict', sample: sampleBody(signature) };
  return { api, sample: { signature_name: name, examples: [{ feature_name: 1.5 }] } };
}

/** What the page at /docs shows. */
function describeModel(servable: Servable): object {
  const tensor = ({ name, dtype, shape }: PlanTensor) => ({
    name,
    dtype,
    shape: shape === null ? null : shape.map((dim) => (typeof dim === 'number' ? dim : null)),
  });
  return {
    name: servable.model,
    version: String(servable.version),
    signatures: [...servable.signatures.values()].map((signature) => ({
      name: signature.name,
      method: signature.methodName,
      inputs: signature.inputs.map(tensor),
      outputs: signature.outputs.map(tensor),
      refusal: signature.refusal?.message,
      ...sampleCall(signature),
    })),
  };
}
