import { CONTENDERS } from './contenders.mjs';
import { MODELS } from './models.mjs';

/** The results as markdown: one row a model and contender (medians of the rounds), and the ratios below. */
export function formatTable({ results, machine, saturationTool }) {
  const rows = summarize(results);
  const lines = [
    `${machine.cores} cores, ${machine.cpu}, Node.js ${machine.node}; saturation by ${saturationTool}, latency by tfdeploy bench (Poisson) at half of the peer's saturation.`,
    '',
    '| model | server | requests/s | p50 / p99 ms | memory (PSS) | first answer |',
    '|---|---|---|---|---|---|',
    ...rows.map(formatRow),
    '',
    ...rows.filter(({ contender }) => contender === 'tfdeploy').flatMap((row) => formatRatios(row, rows)),
  ];
  return lines.join('\n');
}

function summarize(results) {
  const keys = [...new Set(results.map(({ model, contender }) => `${model} ${contender}`))];
  return keys.map((key) => {
    const rounds = results.filter(({ model, contender }) => `${model} ${contender}` === key);
    const pick = (take) => median(rounds.map(take).filter((value) => value !== null && value !== undefined));
    const peers = Object.keys(rounds[0].latency);
    return {
      model: rounds[0].model,
      contender: rounds[0].contender,
      perSecond: pick((one) => one.saturation.perSecond),
      failed: rounds.reduce((sum, one) => sum + one.saturation.failed, 0),
      pssBytes: pick((one) => one.pssBytes),
      coldMs: pick((one) => one.coldFirstAnswerMs),
      warmMs: pick((one) => one.warmFirstAnswerMs),
      latency: peers.map((peer) => ({
        peer,
        qps: pick((one) => one.latency[peer].qps),
        p50Ms: pick((one) => one.latency[peer].p50Ms),
        p99Ms: pick((one) => one.latency[peer].p99Ms),
        isValid: rounds.every((one) => one.latency[peer].verdict === 'VALID, STEADY'),
      })),
    };
  });
}

function formatRow(row) {
  const latency = row.latency
    .map(
      ({ qps, p50Ms, p99Ms, isValid }) =>
        `${number(p50Ms)} / ${number(p99Ms)} at ${number(qps)}/s${isValid ? '' : ' (not trusted)'}`,
    )
    .join('; ');
  const warm = row.warmMs === undefined ? '' : ` (${seconds(row.warmMs)} compiled before)`;
  const failed = row.failed === 0 ? '' : ` (${row.failed} failed)`;
  return `| ${MODELS[row.model].title} | ${CONTENDERS[row.contender].title} | ${number(row.perSecond)}${failed} | ${latency} | ${Math.round(row.pssBytes / 1e6)} MB | ${seconds(row.coldMs)}${warm} |`;
}

function formatRatios(own, rows) {
  const { title, leastRatio, firstAnswerMs } = MODELS[own.model];
  const peers = rows.filter(({ model, contender }) => model === own.model && contender !== 'tfdeploy');
  const lines = peers.map((peer) => {
    const ratio = own.perSecond / peer.perSecond;
    const expected =
      peer.contender === 'a'
        ? ` (expected at least ${leastRatio}: ${ratio >= leastRatio ? 'met' : 'NOT met'})`
        : '';
    const memory = peer.pssBytes / own.pssBytes;
    return `- ${title} against (${peer.contender}): ${ratio.toFixed(1)} times the requests/s${expected}, 1/${memory.toFixed(1)} of the memory`;
  });
  const isInTime = own.coldMs <= firstAnswerMs;
  return [
    ...lines,
    `- ${title}: first answer after ${seconds(own.coldMs)} (expected within ${seconds(firstAnswerMs)}: ${isInTime ? 'met' : 'NOT met'})`,
  ];
}

function median(values) {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function number(value) {
  if (value === undefined || value === null) return '–';
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}

function seconds(ms) {
  return `${(ms / 1e3).toFixed(2)} s`;
}
