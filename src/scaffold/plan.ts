import { sep } from 'node:path';
import type { Answers, Facts } from './facts.js';
import { sampleRequest } from './sample-request.js';
import { TEMPLATES, type TemplateRow } from './templates.js';
import { type Tuned, type Tuning, tune } from './tuning.js';

/** One file to write, as text. */
export interface Artifact {
  /** Relative to the project directory, '/'-separated. */
  readonly path: string;
  readonly content: string;
  readonly about: string;
}

export type RenderTemplate = (template: string, view: Readonly<Record<string, unknown>>) => string;

/** The engine versions that the generated project may take. */
const ENGINE_RANGE = '>=1.24 <2';

/** A Kubernetes object name: lower case, digits and dashes, 63 characters. */
function toDnsName(name: string): string {
  const text = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63);
  return text.replace(/^-+|-+$/g, '') || 'model';
}

function isInHome(path: string): boolean {
  return ['/home/', '/root/', '/run/user/'].some((home) => `${path}${sep}`.startsWith(home));
}

function formatReasons(tuning: Tuning): Record<string, { value: number; reason: string; mebibytes: number }> {
  const entries = Object.entries(tuning) as [string, Tuned][];
  return Object.fromEntries(
    entries.map(([name, { value, reason }]) => [
      name,
      { value, reason, mebibytes: Math.ceil(value / 2 ** 20) },
    ]),
  );
}

/** What the templates see. */
export function planView(facts: Facts, answers: Answers): Record<string, unknown> {
  const tuning = tune(facts, answers);
  return {
    ...answers,
    name: facts.model.name,
    dnsName: toDnsName(facts.model.name),
    identifier: facts.model.name.replace(/[^A-Za-z0-9]/g, '_'),
    bindHost:
      answers.targets.includes('kubernetes') && !answers.targets.includes('vm') ? '0.0.0.0' : '127.0.0.1',
    requestTimeoutMs: answers.requestTimeoutSeconds * 1000,
    engineRange: ENGINE_RANGE,
    model: facts.model,
    software: facts.software,
    node: {
      path: facts.software.nodePath,
      major: facts.software.nodeVersion.replace(/^v/, '').split('.')[0],
    },
    tuned: formatReasons(tuning),
    hasVm: answers.targets.includes('vm'),
    hasKubernetes: answers.targets.includes('kubernetes'),
    isInHome: isInHome(answers.projectDir) || isInHome(facts.model.path) || isInHome(facts.software.nodePath),
    hasSteppedRestart: (facts.software.systemdVersion ?? 0) >= 254,
    cpuRequest: tuning.workers.value * tuning.threads.value,
    drainSeconds: 10 + tuning.stopTimeoutSeconds.value,
    sample: JSON.stringify(sampleRequest(facts.model)),
  };
}

function isWanted(row: TemplateRow, answers: Answers): boolean {
  return row.targets?.some((target) => answers.targets.includes(target)) ?? true;
}

/** Facts and answers → the files of the project. Pure: equal arguments give equal bytes. */
export function planProject(facts: Facts, answers: Answers, render: RenderTemplate): Artifact[] {
  const view = planView(facts, answers);
  const files = TEMPLATES.filter((row) => isWanted(row, answers)).map((row) => ({
    path: row.output.replaceAll('{{name}}', facts.model.name),
    content: render(row.template, view),
    about: row.about,
  }));
  return [...files, { path: 'request.json', content: `${view.sample}\n`, about: 'a sample request' }];
}
