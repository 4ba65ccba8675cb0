function count(items) {
  const counts = new Map();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1]));
}

/** Graphs, comparisons, outcomes, operations by how many graphs had them, refusals by operation. */
export function summarise(rows, claimed, made, seconds) {
  const ops = count(rows.flatMap((row) => row.ops));
  const outcomes = { match: 0, shape: 0, refused: 0, differs: 0 };
  return {
    seconds: Math.round(seconds),
    graphs: rows.length,
    comparisons: rows.reduce((sum, row) => sum + row.comparisons, 0),
    counts: { ...outcomes, ...count(rows.map(({ outcome }) => outcome)) },
    tiers: count(rows.map(({ tier }) => tier)),
    ops,
    claimed: claimed.length,
    covered: claimed.filter((op) => op in ops).length,
    uncovered: claimed.filter((op) => !(op in ops)),
    refusals: count(rows.flatMap(({ blockers }) => blockers.map(({ code, op }) => `${code} ${op}`))),
    differences: rows
      .filter(({ outcome }) => outcome === 'differs')
      .map(({ name, hides, why }) => ({ name, hides, why })),
    unstable: made?.unstable ?? [],
    rejected: made?.rejected ?? {},
  };
}

function table(title, counts) {
  const lines = Object.entries(counts).map(([name, times]) => `  ${String(times).padStart(7)}  ${name}`);
  return lines.length === 0 ? '' : `${title}\n${lines.join('\n')}\n`;
}

export function formatReport(report) {
  const { counts } = report;
  return [
    `seed ${report.seed}: ${report.graphs} graphs, ${report.comparisons} tensors compared in ${report.seconds} s`,
    `${counts.match} match, ${counts.shape} match once shapes are told, ${counts.refused} refused, ${counts.differs} differ`,
    `${report.covered} of ${report.claimed} operations; without a graph: ${report.uncovered.join(' ')}`,
    table('refusals', report.refusals),
    ...report.differences.map(({ name, hides, why }) => `${name} (${hides}): ${why}`),
    ...report.causes.map((each) => `cause ${JSON.stringify(each)}`),
    '',
  ].join('\n');
}
