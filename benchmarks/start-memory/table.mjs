const MIDDLES = {
  coldMs: (row) => row.cold.ms,
  coldCpu: (row) => row.cold.cpuSeconds,
  warmMs: (row) => row.warm.ms,
  warmCpu: (row) => row.warm.cpuSeconds,
  idleBytes: (row) => row.idle.pssBytes,
  mostBytes: (row) => row.most.pssBytes,
  endBytes: (row) => row.end.pssBytes,
  perSecond: (row) => row.load.perSecond,
  cpuMsPerRequest: (row) => row.load.cpuMsPerRequest,
};

/** Medians over the rounds, by model and checkout; the fastest start beside its median. */
export function summarize(results) {
  const keys = [...new Set(results.map(({ model, checkout }) => `${model} ${checkout}`))].sort();
  return keys.map((key) => {
    const rows = results.filter(({ model, checkout }) => `${model} ${checkout}` === key);
    const [model, checkout] = key.split(' ');
    const middles = Object.entries(MIDDLES).map(([name, take]) => [name, median(rows.map(take))]);
    return {
      model,
      checkout,
      ...Object.fromEntries(middles),
      leastColdMs: Math.min(...rows.map(MIDDLES.coldMs)),
      leastWarmMs: Math.min(...rows.map(MIDDLES.warmMs)),
      failed: rows.reduce((sum, row) => sum + row.load.failed, 0),
    };
  });
}

/** The summary as markdown. */
export function formatTable({ summary, machine, seconds, concurrency }) {
  return [
    `${machine.cores} cores, ${machine.cpu}, Node.js ${machine.node}; load: ${concurrency} connections, ${seconds} s. Medians; the fastest start in brackets.`,
    '',
    '| model | checkout | first answer cold | cached | CPU cold / cached | PSS idle / most / after load | requests/s | CPU per request |',
    '|---|---|---|---|---|---|---|---|',
    ...summary.map(formatRow),
  ].join('\n');
}

function formatRow(row) {
  const start = (ms, least) => `${Math.round(ms)} ms (${Math.round(least)})`;
  const mb = (bytes) => Math.round(bytes / 1e6);
  const failed = row.failed === 0 ? '' : ` (${row.failed} failed)`;
  return `| ${row.model} | ${row.checkout} | ${start(row.coldMs, row.leastColdMs)} | ${start(row.warmMs, row.leastWarmMs)} | ${row.coldCpu.toFixed(2)} / ${row.warmCpu.toFixed(2)} s | ${mb(row.idleBytes)} / ${mb(row.mostBytes)} / ${mb(row.endBytes)} MB | ${row.perSecond.toFixed(1)}${failed} | ${row.cpuMsPerRequest.toFixed(3)} ms |`;
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
