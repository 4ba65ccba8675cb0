import { TfdeployError } from '../base/error.js';
import type { Tensor } from '../base/tensor.js';
import { readTableFile } from '../kernels/table-files.js';
import { fillTable, tableTensors } from '../kernels/tables.js';
import type { HostTable } from '../kernels/types.js';
import { AttrReader } from '../savedmodel/attr-reader.js';
import type { Bindings } from '../savedmodel/restore.js';
import type { MetaGraph, SavedModel, TensorValue } from '../savedmodel/types.js';
import { assetPath, assetValues, readAsset } from './assets.js';
import { heldValue } from './constants.js';
import { EffectWalk, type Reached } from './effects.js';
import { Expander, pathOf } from './expand.js';
import { ENSEMBLE_HANDLE, FOREST_HANDLE, FOREST_LOADER, loadEnsemble, loadForest } from './forests.js';
import { Inference } from './infer.js';
import { evaluate } from './interpret.js';
import { type Node, type TableValue, type Value, ValueFactory } from './ir.js';
import { pruneNodes } from './prune.js';
import { dataInputs, Resolver } from './resolve.js';
import { type Attrs, isValue, NodeIndex, parseRef, type Scope } from './scope.js';
import { TABLE_OPS, Variables } from './variables.js';

/** Ops that set the contents of a table, in the init or the restore operation. */
const TABLE_FILLERS: ReadonlyMap<string, 'refuse' | 'replace'> = new Map([
  ['InitializeTable', 'refuse'],
  ['InitializeTableV2', 'refuse'],
  ['InitializeTableFromTextFile', 'refuse'],
  ['InitializeTableFromTextFileV2', 'refuse'],
  ['LookupTableImport', 'replace'],
  ['LookupTableImportV2', 'replace'],
  ['LookupTableInsert', 'replace'],
  ['LookupTableInsertV2', 'replace'],
]);

interface Ran {
  readonly tables: Map<string, HostTable>;
  /** Packed decision forests, by the name of their handle. */
  readonly forests: Map<string, TensorValue>;
  readonly variables: Map<string, () => TensorValue>;
}

/**
 * What running the restore and the init operation leaves behind: tables with their contents, and variables
 * that the init operation sets. Everything is computed when it is first asked for.
 */
export class Initialization {
  readonly assets: ReadonlyMap<string, TensorValue>;
  #ran: Ran | undefined;

  constructor(
    private readonly model: SavedModel,
    private readonly metaGraph: MetaGraph,
    private readonly bindings: () => Bindings,
  ) {
    this.assets = assetValues(model, metaGraph);
  }

  /** Variables that the init operation assigns, by handle node name. */
  get variables(): ReadonlyMap<string, () => TensorValue> {
    return this.#run().variables;
  }

  /** The constant that ReadFile of an asset gives, and the forest that a handle stands for. */
  compute(node: Node): readonly TensorValue[] | undefined {
    if (node.op === 'ReadFile') return readAsset(this.model, node.inputs[0]!.constant!);
    if (node.op === ENSEMBLE_HANDLE) {
      const ensemble = this.bindings().ensembles.get(node.name);
      return ensemble === undefined ? undefined : [loadEnsemble(ensemble, node.name)];
    }
    if (node.op !== FOREST_HANDLE) return undefined;
    const forest = this.#run().forests.get(tableName(node.attrs, node.name));
    return forest === undefined ? undefined : [forest];
  }

  /** The tables among the nodes of a graph, by the name of their handle. */
  tablesOf(nodes: readonly Node[], isState: (name: string) => boolean): Map<string, TableValue> {
    const found = new Map<string, TableValue>();
    const visit = (list: readonly Node[]): void => {
      for (const node of list) {
        if (TABLE_OPS.test(node.op))
          found.set(node.outputs[0]!.name, this.#tableValue(node, isState(node.name)));
        for (const body of node.bodies.values()) visit(body.nodes);
      }
    };
    visit(nodes);
    return found;
  }

  #tableValue(node: Node, isState: boolean): TableValue {
    const name = tableName(node.attrs, node.name);
    const table = this.#run().tables.get(name) ?? (isState ? emptyTable(node) : undefined);
    if (table === undefined) {
      throw new TfdeployError(
        'TFD_GRAPH_INVALID',
        `table "${node.name}" (${node.op}) is not initialised by the model`,
        {
          details: { node: node.name, op: node.op },
        },
      );
    }
    const { keys, values } = tableTensors(table);
    return {
      name: node.name,
      keyDType: table.keyDType,
      valueDType: table.valueDType,
      keys: heldValue(keys),
      values: heldValue(values),
      ...(isState ? { state: name } : {}),
    };
  }

  #run(): Ran {
    if (this.#ran !== undefined) return this.#ran;
    this.#ran = { tables: new Map(), forests: new Map(), variables: new Map() };
    const index = new NodeIndex(this.metaGraph.graph);
    for (const [name, { keys, values }] of this.bindings().tables) {
      const node = index.main.get(name);
      if (node === undefined) continue;
      const table: HostTable = {
        keyDType: keys.dtype as Tensor['dtype'],
        valueDType: values.dtype as Tensor['dtype'],
        map: new Map(),
      };
      fillTable(table, keys.read(), values.read(), 'refuse');
      this.#ran.tables.set(tableName(node.attrs, name), table);
    }
    const init = initOpName(this.metaGraph);
    if (init !== undefined && index.main.has(init)) this.#runInit(index, init);
    return this.#ran;
  }

  #runInit(index: NodeIndex, opName: string): void {
    const feeds = new Map<string, Value>();
    const resolver = new Resolver(index, feeds, () => false);
    const main = resolver.mainScope({ nodes: [], depth: 0 });
    const variables = new Variables(
      () => this.bindings().variables,
      () => this.#run().variables,
    );
    const expander = new Expander(resolver, new ValueFactory(), variables);
    for (const [tensor, value] of this.assets)
      feeds.set(tensor, expander.constant(main, { name: tensor }, value));
    const walk = new EffectWalk(resolver);
    walk.walk(main, [`^${opName}`]);
    for (const each of walk.reached) {
      if (TABLE_FILLERS.has(each.node.op)) this.#fill(expander, main, each);
      else if (each.node.op === FOREST_LOADER) this.#loadForest(expander, main, each);
      else if (/^Assign(VariableOp)?$/.test(each.node.op)) this.#assign(expander, main, each);
    }
  }

  #values(expander: Expander, main: Scope, { scope, node }: Reached, skip: number): Tensor[] {
    const wanted = expander.demand(scope, dataInputs(node).slice(skip));
    const nodes = main.region.nodes;
    const inference = new Inference(nodes.length, (each) => this.compute(each));
    const remaining = inference.walk(nodes.splice(0));
    const current = wanted.map((value) => inference.current(value));
    nodes.push(...remaining);
    return evaluate(pruneNodes(remaining, current), current) as Tensor[];
  }

  #fill(expander: Expander, main: Scope, reached: Reached): void {
    const { scope, node } = reached;
    const place = expander.resolver.resolve(scope, dataInputs(node)[0] ?? '');
    if (isValue(place)) return;
    const name = tableName(place.node.attrs, pathOf(place.scope, place.node));
    const attrs = new AttrReader(place.node.op, place.node.name, place.node.attrs);
    const inputs = this.#values(expander, main, reached, 1);
    const { keys, values } = node.op.startsWith('InitializeTableFromTextFile')
      ? this.#readFile(reached, attrs, inputs[0]!)
      : { keys: inputs[0]!, values: inputs[1]! };
    const { tables } = this.#run();
    const isImport = node.op.startsWith('LookupTableImport');
    const known = isImport ? undefined : tables.get(name);
    const table = known ?? { keyDType: keys.dtype, valueDType: values.dtype, map: new Map() };
    tables.set(name, table);
    fillTable(table, keys, values, TABLE_FILLERS.get(node.op)!);
  }

  #loadForest(expander: Expander, main: Scope, reached: Reached): void {
    const place = expander.resolver.resolve(reached.scope, dataInputs(reached.node)[0] ?? '');
    if (isValue(place)) return;
    const name = tableName(place.node.attrs, pathOf(place.scope, place.node));
    const attrs = new AttrReader(reached.node.op, reached.node.name, reached.node.attrs);
    const [folder] = this.#values(expander, main, reached, 1);
    this.#run().forests.set(name, loadForest(this.model, folder!, attrs.string('file_prefix', '')));
  }

  #readFile({ scope, node }: Reached, table: AttrReader, filename: Tensor): { keys: Tensor; values: Tensor } {
    const attrs = new AttrReader(node.op, node.name, node.attrs);
    const path = assetPath(this.model, filename);
    const options = {
      keyDType: table.dtype('key_dtype'),
      valueDType: table.dtype('value_dtype'),
      keyIndex: attrs.int('key_index'),
      valueIndex: attrs.int('value_index'),
      vocabSize: attrs.int('vocab_size', -1),
      delimiter: attrs.string('delimiter', '\t'),
      offset: attrs.int('offset', 0),
    };
    return readTableFile(
      this.model.files.read(path),
      options,
      `table of node "${pathOf(scope, node)}", file ${path}`,
    );
  }

  #assign(expander: Expander, main: Scope, reached: Reached): void {
    const place = expander.resolver.resolve(reached.scope, dataInputs(reached.node)[0] ?? '');
    if (isValue(place)) return;
    this.#run().variables.set(place.node.name, () => heldValue(this.#values(expander, main, reached, 1)[0]!));
  }
}

/** The operation that runs after the restore, in the order in which TensorFlow looks for it. */
export function initOpName(metaGraph: MetaGraph): string | undefined {
  const [output] = metaGraph.signatures.get('__saved_model_init_op')?.outputs.values() ?? [];
  const name =
    output?.name ??
    metaGraph.nodeCollections.get('saved_model_main_op')?.[0] ??
    metaGraph.nodeCollections.get('legacy_init_op')?.[0];
  return name === undefined || name === '' ? undefined : parseRef(name)?.node;
}

/** A table that requests fill begins empty. */
function emptyTable(node: Node): HostTable {
  const attrs = new AttrReader(node.op, node.name, node.attrs);
  const [keyDType, valueDType] = [attrs.dtype('key_dtype'), attrs.dtype('value_dtype')];
  return { keyDType: keyDType as Tensor['dtype'], valueDType: valueDType as Tensor['dtype'], map: new Map() };
}

/** Tables are shared by name; without one, a table belongs to its node. */
function tableName(attrs: Attrs, nodePath: string): string {
  const shared = attrs.get('shared_name');
  const name = shared?.kind === 's' ? new TextDecoder().decode(shared.value) : '';
  return name === '' ? `node:${nodePath}` : `shared:${name}`;
}
