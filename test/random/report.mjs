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
    tiers: tiersOf(rows),
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

/** For each tier its graphs, by how they ended, and its operations. */
function tiersOf(rows) {
  const tiers = {};
  for (const name of [...new Set(rows.map(({ tier }) => tier))].sort()) {
    const own = rows.filter(({ tier }) => tier === name);
    const ended = count(own.map(({ outcome }) => outcome));
    tiers[name] = {
      graphs: own.length,
      ...{ match: 0, shape: 0, refused: 0, differs: 0, ...ended },
      ops: new Set(own.flatMap(({ ops }) => ops)).size,
    };
  }
  return tiers;
}

/** Why some operations have no graph. */
const NOT_REACHED = {
  BoostedTreesBucketize: 'TensorFlow has no kernel for it any more',
};

/** The page of the documentation: what the last long run found. */
export function formatPage(report) {
  const { counts } = report;
  const tiers = Object.entries(report.tiers).map(
    ([name, row]) =>
      `| ${name} | ${row.graphs} | ${row.match + row.shape} | ${row.refused} | ${row.differs} | ${row.ops} |`,
  );
  const refusals = Object.entries(report.refusals).map(([what, times]) => `| ${what} | ${times} |`);
  const uncovered = report.uncovered.map(
    (op) => `- \`${op}\`: ${NOT_REACHED[op] ?? 'by chance in none of these'}`,
  );
  return [
    '# Random graphs',
    '',
    'Graphs of 1 to 15 operations with random shapes, types and attributes, each run by TensorFlow and by the compiled',
    'plan, at two batch sizes, with known and unknown dimensions. `test/oracle/random/` makes them; what it leaves out,',
    'and why, stands in `generate.py`. Repeat with:',
    '',
    '```sh',
    `node test/random/run.mjs --graphs ${report.graphs} --seed ${report.seed}`,
    '```',
    '',
    `${report.graphs} graphs, ${report.comparisons} tensors compared: ${counts.match + counts.shape} match, ${counts.refused} are refused with a`,
    `code, ${counts.differs} differ. ${report.covered} of ${report.claimed} operations are in some graph.`,
    '',
    '| tier | graphs | match | refused | differ | operations |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...tiers,
    '',
    ...(refusals.length > 0 ? ['| refusal | times |', '| --- | ---: |', ...refusals, ''] : []),
    ...(uncovered.length > 0 ? ['Without a graph:', '', ...uncovered, ''] : []),
  ].join('\n');
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
    table('tiers', Object.fromEntries(Object.entries(report.tiers).map(([name, row]) => [name, row.graphs]))),
    ...report.differences.map(({ name, hides, why }) => `${name} (${hides}): ${why}`),
    ...report.causes.map((each) => `cause ${JSON.stringify(each)}`),
    '',
  ].join('\n');
}
