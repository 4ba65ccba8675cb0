import { isTfdeployError } from '../base/error.js';
import { compileModel } from '../convert/compile.js';
import type { RefusedSignature } from '../convert/plan.js';
import { openBundle } from '../savedmodel/bundle/open.js';
import { outlineBundle } from '../savedmodel/bundle/outline.js';
import { selectMetaGraph } from '../savedmodel/open.js';
import { servableSignatures } from '../savedmodel/signatures.js';
import type { Bundle, MetaGraph, SavedModel, SignatureDef } from '../savedmodel/types.js';
import type { SignatureCoverage } from './inspection.js';

/**
 * Compiles every signature without its weights: variables have stand-ins for values, so that their files stay
 * closed. Nothing of the result is kept but what it says about engines.
 */
export function coverModel(model: SavedModel): ReadonlyMap<string, SignatureCoverage>[] {
  const bundle = openBundle(model.files, model.dir);
  return model.metaGraphs.map((metaGraph) => coverMetaGraph(model, metaGraph, bundle));
}

function coverMetaGraph(
  model: SavedModel,
  { tags }: MetaGraph,
  bundle: Bundle | undefined,
): ReadonlyMap<string, SignatureCoverage> {
  const coverage = new Map<string, SignatureCoverage>();
  const twins = new Map<string, string>();
  for (const signature of servableSignatures(selectMetaGraph(model, tags))) {
    const { name } = signature;
    // Estimators export `serving_default` as a copy of another signature.
    const border = describeBorder(signature);
    const twin = coverage.get(twins.get(border) ?? '');
    // A blocker without an operation speaks of its signature by name.
    const isShared = twin?.blockers.every(({ op }) => op !== '') ?? false;
    coverage.set(name, isShared ? twin! : coverOutline(model, tags, name, bundle));
    twins.set(border, name);
  }
  return coverage;
}

function describeBorder({ inputs, outputs }: SignatureDef): string {
  return JSON.stringify(
    [[...inputs], [...outputs]].map((side) =>
      side.map(([name, { name: ref, components }]) => [name, ref, [...(components ?? [])]]),
    ),
  );
}

/** A refusal that may come of a made-up integer or string is looked at again with the real ones. */
function coverOutline(
  model: SavedModel,
  tags: readonly string[],
  name: string,
  bundle: Bundle | undefined,
): SignatureCoverage {
  if (bundle === undefined) return coverSignature(model, tags, name, undefined);
  const outline = outlineBundle(bundle);
  const coverage = coverSignature(model, tags, name, outline.bundle);
  if (coverage.blockers.length === 0 || !outline.hasInvented()) return coverage;
  return coverSignature(model, tags, name, outlineBundle(bundle, 'steering').bundle);
}

function coverSignature(
  model: SavedModel,
  tags: readonly string[],
  name: string,
  bundle: Bundle | undefined,
): SignatureCoverage {
  const refuse = (blockers: RefusedSignature['blockers']): SignatureCoverage => ({
    stages: [],
    isBatchable: false,
    warnings: [],
    blockers,
  });
  try {
    const outline = bundle === undefined ? {} : { bundle };
    const { signatures, refused } = compileModel(model, { tags, signatures: [name], ...outline });
    const [compiled] = signatures;
    if (compiled === undefined) return refuse(refused[0]?.blockers ?? []);
    const { stages, isBatchable, warnings } = compiled;
    return { stages: stages.map((stage) => stage.kind), isBatchable, warnings, blockers: [] };
  } catch (error) {
    // A fault of the compiler itself must not keep the model from being described.
    if (!isTfdeployError(error)) throw error;
    const { code, message: why, hint: wayOut = '' } = error;
    return refuse([{ code, op: '', node: '', layer: '', dtype: '', shape: '', why, wayOut }]);
  }
}
