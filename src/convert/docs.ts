import { kernelOps } from '../kernels/registry.js';
import { FAMILIES } from './ops/families.js';

type Table = (head: readonly string[], rows: readonly (readonly string[])[]) => string;

/** docs/ops.md, from the op families and the host kernels. */
export function renderDocs({ table }: { table: Table }): string {
  const families = Object.entries(FAMILIES);
  const converted = new Set(families.flatMap(([, family]) => Object.keys(family)));
  const hostOnly = kernelOps()
    .filter((op) => !converted.has(op))
    .sort();
  const sections = families.map(([name, family]) => {
    const rows = Object.entries(family).map(([op, { becomes }]) => [`\`${op}\``, becomes]);
    return `## ${name}\n\n${table(['TensorFlow', 'becomes'], rows)}`;
  });
  return [
    '# Operations',
    `${converted.size} TensorFlow operations become ONNX; ${hostOnly.length} more run on the host beside it.`,
    ...sections,
    '## On the host only',
    hostOnly.map((op) => `\`${op}\``).join(', '),
  ].join('\n\n');
}
