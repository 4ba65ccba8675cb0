// Writes the pages of docs/ from the tables; `--check` only says which are stale and fails.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const isCheck = process.argv.includes('--check');
const GENERATED = '<!-- Written by `npm run docs` from the tables in src/. Do not edit. -->';

const escapeCell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');
const row = (cells) => `| ${cells.map(escapeCell).join(' | ')} |`;
const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

async function load(path) {
  return existsSync(new URL(`../dist/${path}`, import.meta.url)) ? import(`../dist/${path}`) : undefined;
}

async function errorsPage() {
  const { CODES } = await load('base/codes.js');
  const rows = Object.entries(CODES).map(([code, r]) => [`\`${code}\``, r.about, r.exit, r.http, r.grpc]);
  return [
    '# Errors',
    'Every error has a code. The exit status is that of the command line (sysexits), the others are what a client sees.',
    table(['code', 'when', 'exit', 'HTTP', 'gRPC'], rows),
  ].join('\n\n');
}

async function cliPage() {
  const { COMMANDS } = await load('commands/index.js');
  const sections = COMMANDS.map((command) => {
    const usage = ['tfdeploy', command.name, ...command.arguments.map((a) => a.name), '[options]'].join(' ');
    const flags = [
      ...command.flags.filter((f) => !f.isHidden),
      { flags: '--json', about: 'print one JSON document for machines' },
    ];
    const rows = flags.map((f) => [
      `\`${f.flags}\``,
      f.choices ? `${f.about} (${f.choices.join(', ')})` : f.about,
      f.default === undefined ? '' : `\`${f.default}\``,
    ]);
    const examples = ['```sh', ...command.examples, '```'].join('\n');
    return [
      `## ${command.name}`,
      `${command.about}.`.replace('..', '.'),
      `\`${usage}\``,
      table(['flag', 'what it does', 'default'], rows),
      examples,
    ].join('\n\n');
  });
  return ['# Commands', ...sections].join('\n\n');
}

/** From the table of the suite that holds it: test/conformance. */
function conformancePage() {
  const rows = JSON.parse(readFileSync(new URL('../test/conformance/table.json', import.meta.url), 'utf8'));
  const same = 'as TensorFlow Serving';
  const differing = rows.filter((each) => each.why !== undefined);
  const isKept = ({ always, byDefault }) => always === undefined && byDefault === undefined;
  return [
    '# Conformance with TensorFlow Serving',
    `${rows.length} rows taken from TensorFlow Serving's own tests and sources, each a test of \`test/conformance\` named by its number, run with and without \`--strict-tfs\`. ` +
      `With it ${rows.filter(({ always }) => always === undefined).length} answer as TensorFlow Serving does, without it ${rows.filter(isKept).length}.`,
    "`npx vitest run test/conformance` runs them. Rows that need TensorFlow Serving's test models are skipped where those are absent.",
    '## What differs',
    table(
      ['row', 'what', 'with `--strict-tfs`', 'by default', 'why'],
      differing.map((r) => [r.row, r.what, r.always ?? same, r.always ?? r.byDefault, r.why]),
    ),
    '## All rows',
    table(
      ['row', 'what', 'with `--strict-tfs`', 'by default'],
      rows.map((r) => [r.row, r.what, r.always ?? same, r.always ?? r.byDefault ?? same]),
    ),
  ].join('\n\n');
}

const pages = { 'errors.md': errorsPage, 'cli.md': cliPage, 'conformance.md': conformancePage };
for (const name of ['config', 'metrics', 'ops']) {
  const module = await load(`${name === 'ops' ? 'convert' : name}/docs.js`);
  if (module) pages[`${name}.md`] = async () => module.renderDocs({ table });
}

mkdirSync('docs', { recursive: true });
let stale = 0;
for (const [name, render] of Object.entries(pages)) {
  const text = `${GENERATED}\n\n${await render()}\n`;
  const path = `docs/${name}`;
  const isFresh = existsSync(path) && readFileSync(path, 'utf8') === text;
  if (isFresh) continue;
  stale += 1;
  if (isCheck) console.error(`${path} is stale: run npm run docs`);
  else writeFileSync(path, text);
}
if (isCheck && stale > 0) process.exit(1);
