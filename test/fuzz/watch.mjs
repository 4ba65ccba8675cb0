import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('./child.mjs', import.meta.url));
/** Only a bound for a busy machine; the time that counts is the processor's. */
const SILENT_MS = 600_000;
const SILENT_CPU_MS = 60_000;
const LOOK_MS = 2000;
/** Of a clock tick, in which Linux counts the processor's time. */
const TICK_MS = 10;
const MOST_CPU_MS = 10_000;
const MOST_RSS_MB = 1500;

/** Processor time of a process so far; 0 where the system does not tell. */
function cpuMsOf(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return 0;
  }
}

/** Runs mutants [from, to) in one child; returns what it said, and of what mutant it died. */
async function runChild(corpus, seed, from, to, onEnd) {
  const child = spawn(
    process.execPath,
    ['--max-old-space-size=1024', CHILD, corpus, seed, `${from}`, `${to}`],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let begun;
  let errors = '';
  let isSilent = false;
  let heard = { atMs: performance.now(), cpuMs: 0 };
  const timer = setInterval(() => {
    const isLong = performance.now() - heard.atMs > SILENT_MS;
    if (!isLong && cpuMsOf(child.pid) - heard.cpuMs < SILENT_CPU_MS) return;
    isSilent = true;
    child.kill('SIGKILL');
  }, LOOK_MS);
  child.stderr.on('data', (chunk) => {
    errors = (errors + chunk).slice(-2000);
  });
  const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));
  for await (const line of createInterface({ input: child.stdout })) {
    heard = { atMs: performance.now(), cpuMs: cpuMsOf(child.pid) };
    const [, word, number, rest] = /^(begin|end) (\d+) (.*)$/.exec(line) ?? [];
    if (word === 'begin') begun = { number: Number(number), what: rest };
    if (word === 'end') {
      const [, cpuMs, rssMb, result] = /^(\d+) (\d+) (.*)$/.exec(rest);
      onEnd({ ...begun, cpuMs: Number(cpuMs), rssMb: Number(rssMb), result });
      begun = undefined;
    }
  }
  clearInterval(timer);
  const code = await ended;
  if (code === 0) return undefined;
  return {
    ...begun,
    result: `FAULT ${isSilent ? 'hang' : `died of ${code}`}: ${errors.replaceAll('\n', ' | ')}`,
  };
}

/** Takes mutants [0, count) of a seed through everything, in children of `chunk`, and counts how they end. */
export async function watch(corpus, { seed, count, first = 0, chunk = 500, onProgress = () => {} }) {
  const report = { seed, mutants: 0, results: {}, faults: [], slowestMs: 0, peakRssMb: 0 };
  const onEnd = (row) => {
    report.mutants++;
    report.slowestMs = Math.max(report.slowestMs, row.cpuMs);
    report.peakRssMb = Math.max(report.peakRssMb, row.rssMb);
    const isFault = row.result.startsWith('FAULT');
    const word = isFault ? 'FAULT' : row.result;
    report.results[word] = (report.results[word] ?? 0) + 1;
    if (isFault) report.faults.push(row);
    if (row.cpuMs > MOST_CPU_MS)
      report.faults.push({ ...row, result: `${row.cpuMs} ms of processor: ${row.result}` });
    if (row.rssMb > MOST_RSS_MB) report.faults.push({ ...row, result: `${row.rssMb} MB: ${row.result}` });
  };
  for (let from = first; from < first + count; ) {
    const to = Math.min(from + chunk, first + count);
    const dead = await runChild(corpus, `${seed}`, from, to, onEnd);
    if (dead !== undefined) {
      report.mutants++;
      report.faults.push(dead);
      if (dead.number === undefined) return report;
    }
    from = dead === undefined ? to : dead.number + 1;
    onProgress(report);
  }
  return report;
}
