// Measures which (operator, data type) pairs ONNX Runtime's CPU provider has kernels for: a model of one node per
// pair is offered to it (bfloat16 can not cross the border of onnxruntime-node and is left out). Writes
// src/convert/onnx/kernel-matrix.gen.ts. Needs dist/ and onnxruntime-node.
//
//     node scripts/gen-kernel-matrix.mjs [PACKAGE_DIR...]
//
// Only pairs that all of the given versions have are kept; give the oldest and the newest supported one. Each is
// measured in a process of its own, since two of the native libraries do not fit into one.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { encodeModel, OPSET } from '../dist/convert/onnx/model.js';
import { opKeys, opTypes, tokenAt } from '../dist/convert/onnx/op-types.js';

const require = createRequire(import.meta.url);

const TYPES = [
  ...['float32', 'float64', 'float16', 'int8', 'int16', 'int32', 'int64'],
  ...['uint8', 'uint16', 'uint32', 'uint64', 'bool'],
];

/** What an operator can not be offered without. */
const ATTRS = {
  Concat: { axis: 0 },
  Gather: { axis: 0 },
  DepthToSpace: { blocksize: 2 },
  SpaceToDepth: { blocksize: 2 },
  AveragePool: { kernel_shape: [2, 2] },
  MaxPool: { kernel_shape: [2, 2] },
  LpPool: { kernel_shape: [2, 2] },
  LRN: { size: 3 },
  BitShift: { direction: 'LEFT' },
  Einsum: { equation: 'ab,bc->ac' },
  Transpose: { perm: [1, 0] },
  GroupNormalization: { num_groups: 1 },
  LSTM: { hidden_size: 4 },
  GRU: { hidden_size: 4 },
  RNN: { hidden_size: 4 },
  Multinomial: { dtype: 6 },
  ReverseSequence: {},
  CenterCropPad: {},
  Resize: { mode: 'nearest' },
};
/** Inputs left out: a model may not give them together with the others. */
const OMITTED = { Resize: [1, 2] };
/** Types of the operator's other variables. */
const OTHERS = { Q: ['uint8'], S: ['float32'], U: [], V: [] };
/** Rank of the first inputs where any rank is not enough for the check of the node. */
const RANKS = { Einsum: [2, 2] };

function probe(key, dtype) {
  const [domain, type] = key.includes(':') ? key.split(':') : ['', key];
  const rules = opTypes(key);
  const variables = new Map([['T', dtype]]);
  const count = rules.isVariadicIn ? 2 : rules.inputs.length;
  const inputs = [];
  const names = [];
  for (let index = 0; index < count; index++) {
    const token = tokenAt(rules.inputs, rules.isVariadicIn, index);
    if (OMITTED[type]?.includes(index)) {
      names.push('');
      continue;
    }
    let own = 'float32';
    if (token.kind === 'fixed') own = token.dtypes[0];
    if (token.kind === 'variable') {
      if (!variables.has(token.name)) variables.set(token.name, OTHERS[token.name]?.[0] ?? dtype);
      own = variables.get(token.name);
    }
    const rank = RANKS[type]?.[index];
    const shape = rank === undefined ? null : Array.from({ length: rank }, (_, axis) => `d${index}_${axis}`);
    inputs.push({ name: `i${index}`, dtype: own, shape });
    names.push(`i${index}`);
  }
  const outputs = rules.outputs.map((token, index) => {
    let own = 'float32';
    if (token.kind === 'fixed') own = token.dtypes[0];
    if (token.kind === 'variable') own = variables.get(token.name) ?? dtype;
    if (token.kind === 'attr') own = 'int32';
    return { name: `o${index}`, dtype: own, shape: null };
  });
  const attrs = new Map(Object.entries(ATTRS[type] ?? {}));
  const nodeOutputs = outputs.map((output) => output.name);
  const node = { op: type, domain, name: 'n', inputs: names, outputs: nodeOutputs, attrs };
  return encodeModel({ name: 'probe', nodes: [node], initializers: new Map(), inputs, outputs });
}

/** The matrix of one version of the runtime. */
async function measure(packageDir) {
  const ort = require(packageDir);
  const matrix = {};
  for (const key of opKeys().sort()) {
    const rules = opTypes(key);
    const tokens = [...rules.inputs, ...rules.outputs];
    if (!tokens.some((token) => token.kind === 'variable' && token.name === 'T')) continue;
    matrix[key] = [];
    for (const dtype of TYPES) {
      if (await hasKernel(ort, key, dtype)) matrix[key].push(dtype);
    }
  }
  return { version: ort.env.versions.node, matrix };
}

const NO_KERNEL =
  /NOT_IMPLEMENTED|Could not find an implementation|kernel is not supported|is invalid|INVALID_GRAPH.*Type Error/s;

async function hasKernel(ort, key, dtype) {
  try {
    const session = await ort.InferenceSession.create(probe(key, dtype), { logSeverityLevel: 4 });
    await session.release();
    return true;
  } catch (error) {
    if (NO_KERNEL.test(String(error.message))) return false;
    throw new Error(`${key} ${dtype}: the probe itself is wrong: ${error.message}`);
  }
}

const [first, ...rest] = process.argv.slice(2);
if (first === '--measure') {
  process.stdout.write(JSON.stringify(await measure(rest[0])));
} else {
  const packages = first === undefined ? ['onnxruntime-node'] : [first, ...rest];
  const measured = packages.map((dir) =>
    JSON.parse(
      execFileSync(process.execPath, [fileURLToPath(import.meta.url), '--measure', dir], {
        encoding: 'utf8',
      }),
    ),
  );
  const lines = Object.entries(measured[0].matrix).map(([key, types]) => {
    const shared = types.filter((dtype) => measured.every(({ matrix }) => matrix[key].includes(dtype)));
    return `  '${key}': '${shared.join(' ')}'.split(' '),`;
  });
  const versions = measured.map(({ version }) => version).join(' and ');
  const text = [
    `// Generated by scripts/gen-kernel-matrix.mjs with onnxruntime-node ${versions}, opset ${OPSET}. Do not edit.`,
    'export const KERNEL_MATRIX: Readonly<Record<string, readonly string[]>> = {',
    ...lines,
    '};',
    '',
  ];
  writeFileSync('src/convert/onnx/kernel-matrix.gen.ts', text.join('\n'));
  process.stdout.write(`${lines.length} operators\n`);
}
