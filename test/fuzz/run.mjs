// Mutated model files through inspect, build, conversion and run: the long run.
//
//   node test/fuzz/run.mjs --count 20000 --seed 7 [--report FILE]
//   node test/fuzz/run.mjs --seed 7 --first 123 --count 1        repeats one mutant
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { watch } from './watch.mjs';

const { values: flags } = parseArgs({
  options: {
    count: { type: 'string', default: '2000' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    first: { type: 'string', default: '0' },
    report: { type: 'string' },
  },
});
const corpus = fileURLToPath(new URL('./corpus.json.gz', import.meta.url));
const report = await watch(corpus, {
  seed: Number(flags.seed),
  count: Number(flags.count),
  first: Number(flags.first),
  onProgress: ({ mutants, faults }) => process.stderr.write(`${mutants} mutants, ${faults.length} faults\n`),
});
if (flags.report) writeFileSync(flags.report, JSON.stringify(report, null, 1));
const rows = Object.entries(report.results).sort((a, b) => b[1] - a[1]);
const lines = [
  `seed ${flags.seed}: ${report.mutants} mutants, ${report.faults.length} faults; slowest ${report.slowestMs} ms of processor, at most ${report.peakRssMb} MB`,
  ...rows.map(([word, times]) => `  ${String(times).padStart(7)}  ${word}`),
  ...report.faults.map(({ number, what, result }) => `${number} (${what}): ${result.slice(0, 1500)}`),
];
process.stdout.write(`${lines.join('\n')}\n`);
process.exitCode = report.faults.length > 0 ? 1 : 0;
