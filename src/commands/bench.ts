import { parseCount, parsePositive } from '../bench/units.js';
import type { Command } from './define.js';

/** `tfdeploy bench`: exit status 0 ok, 2 SLO missed, 3 invalid, 4 unsteady or too few requests. */
export const bench: Command = {
  name: 'bench',
  about:
    'load-test a model: open loop, latency from the intended send time, with a verdict (exit status 2: an SLO is missed, 3: the figures are not valid, 4: unsteady or too few requests)',
  arguments: [
    {
      name: '[target]',
      about:
        'URL of a server or model, or the path of a model to serve for the run (default: http://127.0.0.1:8501)',
    },
  ],
  flags: [
    {
      flags: '--qps <number>',
      about: 'requests per second to offer, or max: a closed loop that looks for saturation (default: 100)',
      parse: (text) => (text === 'max' ? 'max' : parsePositive(text, '--qps')),
    },
    { flags: '--duration <time>', about: 'length of the measured phase', default: '10s' },
    {
      flags: '--arrivals <name>',
      about: 'how requests are spread: poisson is what independent users do',
      choices: ['poisson', 'constant'],
      default: 'poisson',
    },
    {
      flags: '--seed <number>',
      about: 'of the schedule and the payload; the same seed gives the same run',
      default: 1,
      parse: (text) => parseCount(text, '--seed', 0),
    },
    {
      flags: '--warm-up <time>',
      about: 'time before the measured phase; auto waits until the answers are steady',
      default: 'auto',
    },
    {
      flags: '--concurrency <number>',
      about: 'closed loop instead: keep this many requests on their way',
      parse: (text) => parseCount(text, '--concurrency'),
    },
    {
      flags: '--connections <number>',
      about: 'most connections to open; auto is as many as the schedule needs',
      default: 'auto',
    },
    { flags: '--timeout <time>', about: 'a request without an answer by then has failed', default: '10s' },
    { flags: '--input <file>', about: 'request to send: TensorFlow Serving JSON, case format, or .jsonl' },
    { flags: '--signature <name>', about: 'signature to call (default: serving_default)' },
    { flags: '--model <name>', about: 'model to call, where the server has several' },
    {
      flags: '--batch <rows>',
      about: 'rows in each generated request',
      default: 1,
      parse: (text) => parseCount(text, '--batch'),
    },
    {
      flags: '--distinct <number>',
      about: 'different requests to generate',
      default: 64,
      parse: (text) => parseCount(text, '--distinct'),
    },
    {
      flags: '--shape <name=dims>',
      about: 'shape of an input whose dimensions are open, such as image=1x224x224x3',
      isRepeatable: true,
    },
    {
      flags: '--header <line>',
      about: "header to send, such as 'Authorization: Bearer …'",
      isRepeatable: true,
    },
    {
      flags: '--slo <limit>',
      about: 'promise to check: p99=50ms, p99.9=80ms, max=1s, errors=0.1%',
      isRepeatable: true,
    },
    { flags: '--workers <number>', about: 'workers of the server that is started for a model' },
    { flags: '--threads <number>', about: 'engine threads of each of its workers' },
    {
      flags: '--start-timeout <time>',
      about: 'how long a server that is started may take to be ready',
      default: '120s',
    },
  ],
  examples: [
    'tfdeploy bench --qps 500 --slo p99=50ms',
    'tfdeploy bench ./model --qps 200 --duration 30s --json',
    'tfdeploy bench http://127.0.0.1:8501/v1/models/resnet --input request.json',
  ],
  load: async () => (await import('./bench-handler.js')).runBenchCommand,
};
