import { isTfdeployError } from '../base/error.js';
import { type CompileOptions, compileModel, listSignatures } from '../convert/compile.js';
import type { CompiledModel } from '../convert/compiled.js';
import { openBundle } from '../savedmodel/bundle/open.js';
import { outlineBundle } from '../savedmodel/bundle/outline.js';
import { selectMetaGraph } from '../savedmodel/open.js';
import type { MetaGraph, SavedModel } from '../savedmodel/types.js';
import type { SignatureCoverage } from './inspection.js';

/**
 * Compiles every signature without its weights: floating-point variables count as zeros, so that their files
 * stay closed. Nothing of the result is kept but what it says about engines.
 */
export function coverModel(model: SavedModel): ReadonlyMap<string, SignatureCoverage>[] {
  return model.metaGraphs.map((metaGraph) => coverMetaGraph(model, metaGraph));
}

function coverMetaGraph(model: SavedModel, { tags }: MetaGraph): ReadonlyMap<string, SignatureCoverage> {
  const coverage = new Map<string, SignatureCoverage>();
  const bundle = openBundle(model.files, model.dir);
  const outline = bundle === undefined ? {} : { bundle: outlineBundle(bundle) };
  const { signatures, refused } = compileOrRefuse(model, { tags, ...outline });
  for (const { name, stages, isBatchable, warnings } of signatures) {
    coverage.set(name, { stages: stages.map((stage) => stage.kind), isBatchable, warnings, blockers: [] });
  }
  for (const { name, blockers } of refused) {
    coverage.set(name, { stages: [], isBatchable: false, warnings: [], blockers });
  }
  return coverage;
}

/** A fault of the compiler itself must not keep the model from being described. */
function compileOrRefuse(
  model: SavedModel,
  options: CompileOptions,
): Pick<CompiledModel, 'signatures' | 'refused'> {
  try {
    return compileModel(model, options);
  } catch (error) {
    if (!isTfdeployError(error)) throw error;
    const blocker = {
      code: error.code,
      op: '',
      node: '',
      layer: '',
      dtype: '',
      shape: '',
      why: error.message,
      wayOut: error.hint ?? '',
    };
    const names = listSignatures(selectMetaGraph(model, options.tags));
    return { signatures: [], refused: names.map((name) => ({ name, methodName: '', blockers: [blocker] })) };
  }
}
