// Converts one SavedModel in a process of its own, so that its peak memory can be told. Prints JSON.
import { resourceUsage } from 'node:process';

const [modelDir, planDir] = process.argv.slice(2);
const started = performance.now();
const { nodeFiles } = await import('../../dist/base/node-files.js');
const { compileModel } = await import('../../dist/convert/compile.js');
const { writePlan } = await import('../../dist/convert/plan-files.js');
const { openSavedModel } = await import('../../dist/savedmodel/open.js');
const ready = performance.now();
const before = process.cpuUsage();
const baseKb = resourceUsage().maxRSS;
const compiled = compileModel(openSavedModel(nodeFiles, modelDir), { signatures: ['serving_default'] });
if (compiled.refused.length === 0) writePlan(compiled, planDir);
const done = performance.now();
const used = process.cpuUsage(before);
console.log(
  JSON.stringify({
    startMs: ready - started,
    convertMs: done - ready,
    cpuMs: (used.user + used.system) / 1000,
    baseRssMb: baseKb / 1024,
    peakRssMb: resourceUsage().maxRSS / 1024,
    heapMb: process.memoryUsage().heapUsed / 2 ** 20,
    blockers: compiled.refused.flatMap((each) => each.blockers),
    warnings: compiled.signatures.flatMap((each) => each.warnings),
  }),
);
