/** The parts of the product that random graphs go through, from its build. */
export async function loadProduct(root) {
  const from = (path) => import(new URL(path, root).href);
  const [compile, open, write, inline, cases, converters, kernels, resolve, denormals] = await Promise.all([
    from('convert/compile.js'),
    from('savedmodel/open.js'),
    from('convert/plan-files.js'),
    from('engine/inline.js'),
    from('base/case-format.js'),
    from('convert/registry.js'),
    from('kernels/registry.js'),
    from('engine/resolve.js'),
    from('engine/flush-denormals.js'),
  ]);
  // As in the threads that serve, and in TensorFlow's.
  await denormals.flushDenormals(await resolve.resolveEngine());
  return {
    ...{ compileModel: compile.compileModel, openSavedModel: open.openSavedModel },
    ...{ writePlan: write.writePlan, createInlineRunner: inline.createInlineRunner },
    ...{ compareOutput: cases.compareOutput, readCase: cases.readCase, inflateCase: cases.inflateCase },
    isClaimed: (op) => converters.findConverter(op) !== undefined || kernels.findKernel(op) !== undefined,
    claimed: () => [...new Set([...converters.converterOps(), ...kernels.kernelOps()])].sort(),
  };
}
