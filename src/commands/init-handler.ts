import { relative, resolve } from 'node:path';
import { TfdeployError } from '../base/error.js';
import type { Answers, Facts, Target } from '../scaffold/facts.js';
import { gatherFacts } from '../scaffold/gather.js';
import { type Artifact, planProject } from '../scaffold/plan.js';
import { readFacts } from '../scaffold/read-facts.js';
import { renderTemplate } from '../scaffold/render.js';
import { tune } from '../scaffold/tuning.js';
import { writeArtifacts } from '../scaffold/write.js';
import type { CommandContext, CommandHandler } from './define.js';
import { askAnswers, askModel } from './init-questions.js';

interface InitOptions {
  readonly model?: string;
  readonly signature?: string;
  readonly target?: 'vm' | 'kubernetes' | 'both';
  readonly serverName?: string;
  readonly listenPort: number;
  readonly restPort: number;
  readonly grpcPort: number;
  readonly requestTimeout: number;
  readonly user?: string;
  readonly image?: string;
  readonly yes?: boolean;
  readonly force?: boolean;
  readonly facts?: string;
  readonly printFacts?: boolean;
}

const TARGETS: Readonly<Record<'vm' | 'kubernetes' | 'both', readonly Target[]>> = {
  vm: ['vm'],
  kubernetes: ['kubernetes'],
  both: ['vm', 'kubernetes'],
};

/** A server name ends up in nginx's configuration: nothing that could end a directive gets through. */
function checkAnswers(answers: Answers): void {
  const problems: string[] = [];
  if (!/^[A-Za-z0-9._*-]+$/.test(answers.serverName)) problems.push(`server name "${answers.serverName}"`);
  if (answers.user !== undefined && !/^[a-z_][a-z0-9_-]*\$?$/.test(answers.user))
    problems.push(`user "${answers.user}"`);
  if (!/^[\w./:@-]+$/.test(answers.image)) problems.push(`image "${answers.image}"`);
  if (/[\s"'\\%$]/.test(answers.projectDir))
    problems.push(`directory "${answers.projectDir}" (blanks, quotes, % and $ do not fit unit files)`);
  for (const [name, port] of Object.entries({
    listenPort: answers.listenPort,
    restPort: answers.restPort,
    grpcPort: answers.grpcPort,
  })) {
    if (port < 1 || port > 65_535) problems.push(`${name} ${port}`);
  }
  if (answers.restPort === answers.grpcPort)
    problems.push(`REST and gRPC on the same port ${answers.restPort}`);
  if (answers.requestTimeoutSeconds < 1) problems.push(`request timeout ${answers.requestTimeoutSeconds}`);
  if (problems.length > 0)
    throw new TfdeployError('TFD_USAGE', `these answers can not be used: ${problems.join('; ')}`, {
      details: { problems },
    });
}

function defaultAnswers(facts: Facts, dir: string | undefined, options: InitOptions): Answers {
  return {
    projectDir: resolve(dir ?? `${facts.model.name}-serving`),
    targets: TARGETS[options.target ?? 'both'],
    serverName: options.serverName ?? '_',
    listenPort: options.listenPort,
    restPort: options.restPort,
    grpcPort: options.grpcPort,
    requestTimeoutSeconds: options.requestTimeout,
    user: options.user,
    image: options.image ?? `${facts.model.name.toLowerCase()}-serving:1`,
  };
}

function requireModel(options: InitOptions, isAsking: boolean): Promise<string> | string {
  if (options.model !== undefined) return options.model;
  if (isAsking) return askModel();
  throw new TfdeployError('TFD_USAGE', 'init needs a model', { hint: 'tfdeploy init --model ./model --yes' });
}

function printSummary(
  context: CommandContext,
  facts: Facts,
  answers: Answers,
  artifacts: readonly Artifact[],
  verdicts: readonly string[],
): void {
  const { style } = context;
  const tuned = tune(facts, answers);
  const width = Math.max(...artifacts.map(({ path }) => path.length));
  const shown = relative(process.cwd(), answers.projectDir) || '.';
  context.print(`${style.bold(facts.model.name)} in ${shown}`);
  artifacts.forEach(({ path, about }, index) => {
    const mark = verdicts[index] === 'unchanged' ? style.dim('=') : style.green('+');
    context.print(`  ${mark} ${path.padEnd(width)}  ${style.dim(about)}`);
  });
  context.print();
  const rows = [
    ['workers', `${tuned.workers.value} x ${tuned.threads.value} threads`, tuned.workers.reason],
    ['body limit', `${Math.ceil(tuned.maxBodyBytes.value / 2 ** 20)} MiB`, tuned.maxBodyBytes.reason],
    ['memory', `${Math.ceil(tuned.memoryBytes.value / 2 ** 20)} MiB`, tuned.memoryBytes.reason],
  ] as const;
  for (const [name, value, reason] of rows)
    context.print(`  ${name.padEnd(10)} ${value.padEnd(14)} ${style.dim(reason)}`);
  context.print();
  context.print('Next:');
  context.print(`  ${style.cyan(`cd ${shown} && npm install && npm start`)}`);
}

/** `tfdeploy init`: gather facts, ask, plan, write. */
export const runInit: CommandHandler = async (args, rawOptions, context) => {
  const options = rawOptions as unknown as InitOptions;
  const isAsking = !options.yes && context.isTty && process.stdin.isTTY === true && !context.isJson;
  const model = options.facts === undefined ? await requireModel(options, isAsking) : '';
  const facts =
    options.facts === undefined ? gatherFacts(model, options.signature) : readFacts(options.facts);
  if (options.printFacts) {
    process.stdout.write(`${JSON.stringify(facts, null, 2)}\n`);
    return 0;
  }
  const defaults = defaultAnswers(facts, args[0], options);
  const answers = isAsking ? await askAnswers(defaults, options) : defaults;
  checkAnswers(answers);
  const done = await context.steps<{ artifacts: Artifact[]; verdicts: string[] }>(
    [
      {
        title: `Plan ${answers.targets.join(' and ')} for ${facts.model.name}`,
        task: (state) => {
          state.artifacts = planProject(facts, answers, renderTemplate);
        },
      },
      {
        title: `Write ${answers.projectDir}`,
        task: (state) => {
          state.verdicts = writeArtifacts(answers.projectDir, state.artifacts, options.force === true).map(
            ({ verdict }) => verdict,
          );
        },
      },
    ],
    { artifacts: [], verdicts: [] },
  );
  printSummary(context, facts, answers, done.artifacts, done.verdicts);
  context.json({
    projectDir: answers.projectDir,
    files: done.artifacts.map(({ path, about }, index) => ({ path, about, verdict: done.verdicts[index] })),
    tuning: tune(facts, answers),
    next: `cd ${answers.projectDir} && npm install && npm start`,
  });
  return 0;
};
