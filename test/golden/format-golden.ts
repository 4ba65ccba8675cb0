import type { GoldenRow } from './run-golden.js';

/** Cells are one line; a pipe would end them. */
function cell(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|');
  return line.length > 240 ? `${line.slice(0, 240)}…` : line;
}

function describeRow({ outcome, why, error, loose }: GoldenRow): string {
  if (outcome !== 'match') return cell(why);
  const off = error === 0 ? 'exact' : `max error ${error.toExponential(1)} of the largest element`;
  return loose.length === 0
    ? off
    : `${off}; by design not repeatable, type and shape only: ${loose.join(', ')}`;
}

/** docs/golden.md. */
export function formatGolden(rows: readonly GoldenRow[]): string {
  const sorted = [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));
  const count = (outcome: GoldenRow['outcome']) => rows.filter((row) => row.outcome === outcome).length;
  const models = new Map<string, GoldenRow[]>();
  for (const row of sorted) {
    const name = row.id.split('/')[0]!;
    models.set(name, [...(models.get(name) ?? []), row]);
  }
  const whole = [...models.values()].filter((own) => own.every(({ outcome }) => outcome === 'match')).length;
  return `# Real models against TensorFlow

Written by \`UPDATE=1 npx vitest run test/golden\`. Each case is compiled, run by ONNX Runtime and compared with what
TensorFlow 2.21 answers: |a−b| ≤ 1e-5·max|b| + 1e-4·|b| per output, integers, booleans and strings exact.

${count('match')} of ${rows.length} cases match, ${count('refused')} are refused with a reason, ${count('differs')} differ; in ${count('noise')}
TensorFlow's own default kernels are as far from the recorded answer as ours (\`test/oracle/kernel_spread.py\`).
${whole} of ${models.size} models match in every case.

| model | signature / case | outcome | |
|---|---|---|---|
${sorted
  .map((row) => {
    const [model, ...rest] = row.id.split('/');
    return `| ${model} | ${rest.join('/') || '(the model)'} | ${row.outcome} | ${describeRow(row)} |`;
  })
  .join('\n')}
`;
}
