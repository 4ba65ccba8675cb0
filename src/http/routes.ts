import { TfdeployError } from '../base/error.js';
import { EXPOSITION_TYPE, exposeMetrics } from '../metrics/exposition.js';
import type { ServableDirectory } from '../repository/types.js';
import type { Exchange } from './exchange.js';
import { handleModel, statusJson } from './model-facts.js';
import { handlePredict } from './predict.js';
import { type PredictionRoute, parseModel, parsePrediction } from './route.js';

type Handler = (exchange: Exchange, directory: ServableDirectory) => void | Promise<void>;

/** Paths that are answered as a whole, for GET and HEAD. */
const FIXED: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['/healthz', (exchange) => exchange.answer(200, 'text/plain', Buffer.from('ok\n'))],
  ['/readyz', answerReadiness],
  ['/metrics', (exchange) => answerMetrics(exchange, undefined)],
  ...['/docs', '/docs/page.css', '/docs/page.js', '/docs/snippets.js', '/openapi.json'].map(
    (path): [string, Handler] => [
      path,
      async (exchange, directory) => (await import('./docs/routes.js')).handleDocs(exchange, directory, path),
    ],
  ),
]);

/** Parts that many servers never need: loaded on first use, so that the first answer is not late for them. */
let examples: typeof import('./examples.js') | undefined;
let oip: typeof import('./oip/routes.js') | undefined;

/** Finds who answers and lets them. Errors thrown or rejected become the answer. */
export function dispatch(exchange: Exchange, directory: ServableDirectory): void {
  exchange.attempt(() => route(exchange, directory));
}

function route(exchange: Exchange, directory: ServableDirectory): void | Promise<void> {
  const { method = '', url = '' } = exchange.request;
  if (method === 'POST') {
    const prediction = parsePrediction(url);
    if (prediction !== undefined) {
      exchange.api = prediction.api;
      if (prediction.api === 'predict') return handlePredict(exchange, directory, prediction);
      return routeExamples(exchange, directory, prediction);
    }
  }
  if (/^\/v1\//i.test(url)) return routeServing(exchange, directory, method, url);
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  if (path === '/v2' || path.startsWith('/v2/')) {
    return routeOip(exchange, directory, method, path);
  }
  const isRead = method === 'GET' || method === 'HEAD';
  if (isRead && path === exchange.state.options.servingMetricsPath) {
    return answerServingMetrics(exchange, path, url);
  }
  const handler = FIXED.get(path);
  if (handler === undefined || !isRead) throw notFound(exchange, method, path, handler !== undefined);
  return handler(exchange, directory);
}

async function routeExamples(
  exchange: Exchange,
  directory: ServableDirectory,
  route: PredictionRoute,
): Promise<void> {
  examples ??= await import('./examples.js');
  examples.handleExamples(exchange, directory, route);
}

async function routeOip(
  exchange: Exchange,
  directory: ServableDirectory,
  method: string,
  path: string,
): Promise<void> {
  oip ??= await import('./oip/routes.js');
  oip.handleOip(exchange, directory, method, path);
}

function routeServing(exchange: Exchange, directory: ServableDirectory, method: string, url: string): void {
  if (method === 'OPTIONS') {
    const isOrigin = /https?:\/\//.test(exchange.headers.origin ?? '');
    exchange.answer(isOrigin ? 200 : 400, 'application/json', Buffer.alloc(0));
    return;
  }
  const model = method === 'GET' ? parseModel(url) : undefined;
  if (model === undefined) {
    exchange.api = 'unknown';
    throw new TfdeployError('TFD_INPUT_INVALID', `Malformed request: ${method} ${url}`);
  }
  handleModel(exchange, directory, model);
}

function answerReadiness(exchange: Exchange, directory: ServableDirectory): void {
  const models = Object.fromEntries(
    directory.models.map((name) => [name, statusJson(directory.status(name)).model_version_status]),
  );
  const body = { ready: directory.isReady, draining: directory.isDraining, models };
  exchange.answer(
    directory.isReady ? 200 : 503,
    'application/json',
    Buffer.from(`${JSON.stringify(body)}\n`),
  );
}

async function answerMetrics(exchange: Exchange, path: 'serving' | undefined): Promise<void> {
  const { collectMetrics, registry } = exchange.state.options;
  const snapshot = collectMetrics === undefined ? registry.snapshot() : await collectMetrics();
  exchange.answer(
    200,
    path === undefined ? EXPOSITION_TYPE : 'text/plain',
    Buffer.from(exposeMetrics(snapshot, path)),
  );
}

function answerServingMetrics(exchange: Exchange, path: string, url: string): Promise<void> {
  if (url !== path) {
    throw new TfdeployError('TFD_INPUT_INVALID', `Unexpected path: ${url}. Should be ${path}`);
  }
  return answerMetrics(exchange, 'serving');
}

function notFound(exchange: Exchange, method: string, path: string, isKnown: boolean): TfdeployError {
  if (exchange.state.options.strictTfs) {
    const html = '<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>\n';
    exchange.answer(404, 'text/html', Buffer.from(html));
  }
  return new TfdeployError(
    'TFD_NOT_FOUND',
    isKnown ? `${path} answers GET, not ${method}` : `There is nothing at ${path}`,
    {
      hint: 'models are at /v1/models',
    },
  );
}
