const DTYPES = [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 14, 19, 20, 21, 22, 23, 101, 999, -1];
const NUMBERS = [0n, 1n, -1n, 2n, 7n, 255n, 65536n, 2n ** 31n - 1n, -(2n ** 31n), 2n ** 40n, 2n ** 62n];
const SIZES = [0, 1, -1, -2, 3, 1024, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER];
const FLOATS = [0, -1, 1e-30, 1e30, Number.NaN, Number.POSITIVE_INFINITY];

function shapeOf(random) {
  if (random.int(6) === 0) return { unknown_rank: true };
  const rank = random.int(10) === 0 ? 300 : random.int(6);
  return { dim: Array.from({ length: rank }, () => ({ size: random.pick(SIZES) })) };
}

/** The nodes of the graph, and of each function, with the names that they may refer to. */
function places(model) {
  const graph = model.meta_graphs[0]?.graph_def;
  const functions = graph?.library?.function ?? [];
  return [
    { owner: graph, field: 'node', isFunction: false },
    ...functions.map((owner) => ({ owner, field: 'node_def', isFunction: true })),
  ].filter(({ owner, field }) => (owner?.[field]?.length ?? 0) > 0);
}

function functionsOf(model) {
  return model.meta_graphs[0]?.graph_def?.library?.function ?? [];
}

function pickNode({ random, model }) {
  const { owner, field, isFunction } = random.pick(places(model));
  return { node: random.pick(owner[field]), nodes: owner[field], owner, isFunction };
}

/** A value of an attribute of the same kind, or of any. */
function hostileAttr(random, old, functions) {
  const kinds = ['s', 'i', 'f', 'b', 'type', 'shape', 'func', 'list', 'tensor'];
  const kind =
    random.int(5) === 0 ? random.pick(kinds) : (kinds.find((each) => old?.[each] !== undefined) ?? 'i');
  if (kind === 's') return { s: new Uint8Array(random.int(9)) };
  if (kind === 'i') return { i: random.pick(NUMBERS) };
  if (kind === 'f') return { f: random.pick(FLOATS) };
  if (kind === 'b') return { b: !(old?.b ?? false) };
  if (kind === 'type') return { type: random.pick(DTYPES) };
  if (kind === 'shape') return { shape: shapeOf(random) };
  if (kind === 'func')
    return { func: { name: random.pick([...functions.map(nameOf), 'gone']), attr: new Map() } };
  if (kind === 'list') return { list: hostileList(random, old?.list) };
  return old?.tensor === undefined ? {} : { tensor: old.tensor };
}

const nameOf = (each) => each.signature?.name ?? '';

function hostileList(random, list) {
  const copy = { ...list };
  const fields = Object.keys(copy).filter((field) => (copy[field]?.length ?? 0) > 0);
  if (fields.length === 0) return { i: [random.pick(NUMBERS)] };
  const field = random.pick(fields);
  const items = Array.from(copy[field]);
  const at = random.int(items.length);
  const change = random.int(4);
  if (change === 0) items.splice(at, 1);
  else if (change === 1) items.push(items[at]);
  else if (field === 'i') items[at] = random.pick(NUMBERS);
  else if (field === 'f') items[at] = random.pick(FLOATS);
  else if (field === 'type') items[at] = random.pick(DTYPES);
  else if (field === 'shape') items[at] = shapeOf(random);
  else items.reverse();
  copy[field] = items;
  return copy;
}

/**
 * What graphs are made of, changed where a converter looks: every change leaves a file that decodes. `tools` are the
 * schema's `decode` and `encode`.
 */
const CHANGES = {
  op: (given) => {
    const { node } = pickNode(given);
    const ops = places(given.model).flatMap(({ owner, field }) => owner[field].map(({ op }) => op));
    node.op = given.random.pick([...ops, ...given.ops, 'Gone', '']);
  },
  attr: (given) => {
    const { node } = pickNode(given);
    const names = [...node.attr.keys()];
    if (names.length === 0) return;
    const name = given.random.pick(names);
    node.attr.set(name, hostileAttr(given.random, node.attr.get(name), functionsOf(given.model)));
  },
  lostAttr: (given) => {
    const { node } = pickNode(given);
    const names = [...node.attr.keys()];
    if (names.length > 0) node.attr.delete(given.random.pick(names));
  },
  addedAttr: (given) => {
    const { node } = pickNode(given);
    const name = given.random.pick([
      'T',
      'axis',
      'N',
      'data_format',
      'body',
      '_output_shapes',
      'shape',
      'dtype',
      'new',
    ]);
    node.attr.set(name, hostileAttr(given.random, undefined, functionsOf(given.model)));
  },
  input: (given) => {
    const { node, nodes, owner, isFunction } = pickNode(given);
    const { random } = given;
    const names = nodes.map(({ name }) =>
      isFunction ? `${name}:${random.pick(['output', 'y', 'z'])}:0` : name,
    );
    const all = [...names, ...(isFunction ? (owner.signature?.input_arg ?? []).map(({ name }) => name) : [])];
    const input = random.pick([
      random.pick(all),
      `${random.pick(all)}:${random.int(3)}`,
      `^${random.pick(all)}`,
      '',
      ':',
      'gone',
    ]);
    const inputs = Array.from(node.input);
    const at = random.int(inputs.length + 1);
    const change = random.int(4);
    if (change === 0) inputs.splice(at, 1);
    else if (change === 1) inputs.splice(at, 0, input);
    else inputs[Math.min(at, inputs.length)] = input;
    node.input = inputs;
  },
  name: (given) => {
    const { node, nodes } = pickNode(given);
    node.name = given.random.pick([given.random.pick(nodes).name, '', 'a/b', '__proto__', 'é']);
  },
  tensor: (given) => {
    const { random, tools, model } = given;
    const constants = places(model).flatMap(({ owner, field }) =>
      owner[field].filter(({ attr }) => attr.get('value')?.tensor),
    );
    if (constants.length === 0) return;
    const node = random.pick(constants);
    const tensor = { ...tools.decode('TensorProto', node.attr.get('value').tensor) };
    const change = random.int(5);
    if (change === 0) tensor.tensor_shape = shapeOf(random);
    else if (change === 1) tensor.dtype = random.pick(DTYPES);
    else if (change === 2)
      tensor.tensor_content = (tensor.tensor_content ?? new Uint8Array(0)).slice(random.int(4));
    else if (change === 3) tensor.int_val = [random.pick([-1, 0, 2 ** 31 - 1, -(2 ** 31)])];
    else tensor.tensor_content = Uint8Array.from({ length: random.int(40) }, () => random.int(256));
    node.attr.set('value', { tensor: tools.encode('TensorProto', tensor) });
  },
  placeholder: (given) => {
    const nodes = places(given.model).flatMap(({ owner, field }) =>
      owner[field].filter(({ op }) => op === 'Placeholder'),
    );
    if (nodes.length > 0) given.random.pick(nodes).attr.set('shape', { shape: shapeOf(given.random) });
  },
  recursion: (given) => {
    const { random, model } = given;
    const functions = functionsOf(model);
    if (functions.length === 0) return;
    const from = random.pick(functions);
    const to = random.pick(functions);
    const callers = from.node_def.filter(({ attr }) =>
      [...attr.values()].some(({ func }) => func !== undefined),
    );
    if (callers.length === 0) {
      const node = random.pick(from.node_def.length > 0 ? from.node_def : [{ attr: new Map() }]);
      node.op = random.pick(['PartitionedCall', 'StatelessWhile', 'StatelessIf']);
      for (const name of ['f', 'body', 'cond', 'then_branch', 'else_branch'])
        node.attr.set(name, { func: { name: nameOf(to), attr: new Map() } });
      return;
    }
    const { attr } = random.pick(callers);
    for (const [name, { func }] of attr)
      if (func !== undefined) attr.set(name, { func: { ...func, name: nameOf(to) } });
  },
  calls: (given) => {
    const { random, model } = given;
    const nodes = places(model).flatMap(({ owner, field }) =>
      owner[field].filter(({ attr }) => [...attr.values()].some(({ func }) => func !== undefined)),
    );
    if (nodes.length === 0) return;
    const { attr } = random.pick(nodes);
    const [name] = random.pick([...attr].filter(([, { func }]) => func !== undefined));
    attr.set(name, { func: { name: random.pick(functionsOf(model).map(nameOf)), attr: new Map() } });
  },
  function: (given) => {
    const { random, model } = given;
    const functions = functionsOf(model);
    if (functions.length === 0) return;
    const chosen = random.pick(functions);
    const change = random.int(6);
    const ins = Array.from(chosen.signature.input_arg ?? []);
    const outs = Array.from(chosen.signature.output_arg ?? []);
    if (change === 0) chosen.signature.input_arg = ins.slice(1);
    else if (change === 1) chosen.signature.output_arg = [...outs, ...outs];
    else if (change === 2 && ins.length > 0) random.pick(ins).type = random.pick(DTYPES);
    else if (change === 3 && outs.length > 0) random.pick(outs).type = random.pick(DTYPES);
    else if (change === 4 && chosen.ret.size > 0) {
      const [key] = random.pick([...chosen.ret]);
      chosen.ret.set(key, random.pick([...chosen.ret.values(), 'gone', 'x:y:9', '']));
    } else chosen.node_def.splice(random.int(chosen.node_def.length), 1);
  },
  signature: (given) => {
    const { random, model } = given;
    const signatures = [...(model.meta_graphs[0].signature_def?.values() ?? [])];
    const sides = signatures
      .flatMap(({ inputs, outputs }) => [inputs, outputs])
      .filter((side) => side?.size > 0);
    if (sides.length === 0) return;
    const side = random.pick(sides);
    const [name, info] = random.pick([...side]);
    const change = random.int(4);
    if (change === 0) side.set(name, { ...info, dtype: random.pick(DTYPES) });
    else if (change === 1) side.set(name, { ...info, tensor_shape: shapeOf(random) });
    else if (change === 2)
      side.set(name, {
        ...info,
        name: random.pick([
          'gone:0',
          'x0:5',
          '',
          ...(model.meta_graphs[0].graph_def.node ?? []).map((each) => `${each.name}:0`),
        ]),
      });
    else side.delete(name);
  },
};

/** A copy of a decoded SavedModel with one to three changes. */
export function mutateGraph(model, random, tools, ops) {
  const copy = structuredClone(model);
  for (const owner of functionsOf(copy)) {
    owner.signature ??= { name: '' };
    owner.node_def ??= [];
    owner.ret ??= new Map();
  }
  for (const { owner, field } of places(copy)) {
    for (const node of owner[field]) {
      node.attr ??= new Map();
      node.input ??= [];
    }
  }
  const given = { model: copy, random, tools, ops };
  const done = [];
  for (let i = 0; i <= random.int(3); i++) {
    const name = random.pick(Object.keys(CHANGES));
    if (places(copy).length === 0) break;
    CHANGES[name](given);
    done.push(name);
  }
  return { model: copy, changes: done };
}
