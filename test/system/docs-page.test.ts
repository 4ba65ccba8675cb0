import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/base/entry.js';
import {
  cleanUp,
  dropCache,
  type Server,
  send,
  startServe,
  tempFolder,
  writeLinear,
} from '../e2e/serve-harness.js';
import { requireProgram } from '../fixtures/require-program.js';
import { Browser } from './browser.js';

const EXAMPLE = join(packageRoot(), 'examples', 'digits');
const hasChromium = requireProgram('chromium');
/** A folder to look at what the page looks like. */
const SHOTS = process.env.SCREENSHOTS;

describe.skipIf(!hasChromium)('the page at /docs in Chromium', () => {
  let server: Server;
  let browser: Browser;

  beforeAll(async () => {
    const base = join(tempFolder(), 'linear');
    mkdirSync(base);
    writeLinear(join(base, '7'), 5);
    server = await startServe([`digits=${join(EXAMPLE, 'model')}`, `linear=${base}`, '--workers', '1']);
    browser = await Browser.open('chromium');
    await browser.send('Emulation.setDeviceMetricsOverride', {
      width: 1000,
      height: 1400,
      deviceScaleFactor: 1,
      mobile: false,
    });
    await browser.goTo(`${server.url}/docs`);
    await browser.until("document.querySelector('#ready').textContent === 'ready'");
  });
  afterAll(async () => {
    await browser?.close();
    cleanUp();
    dropCache();
  });

  /** Text of a part of a model's card. */
  const text = (model: string, part: string) =>
    browser.evaluate<string>(`document.querySelector('[data-model="${model}"] .${part}').textContent`);
  const click = (model: string, part: string) =>
    browser.evaluate(`document.querySelector('[data-model="${model}"] .${part}').click()`);
  const type = (model: string, body: string) =>
    browser.evaluate(`(() => {
      const field = document.querySelector('[data-model="${model}"] .body');
      field.value = ${JSON.stringify(body)};
      field.dispatchEvent(new Event('input'));
    })()`);
  const predicted = async (model: string) => {
    await browser.evaluate(`document.querySelector('[data-model="${model}"] .status').textContent = ''`);
    await click(model, 'primary');
    await browser.until(`document.querySelector('[data-model="${model}"] .status').textContent !== ''`);
    return { status: await text(model, 'status'), answer: await text(model, 'answer') };
  };
  const shoot = async (name: string) => {
    if (SHOTS !== undefined) writeFileSync(join(SHOTS, `${name}.png`), await browser.screenshot());
  };

  it('shows every model with its signature', async () => {
    expect(await text('digits', 'version')).toBe('version 1');
    expect(await text('linear', 'version')).toBe('version 7');
    const cells = await browser.evaluate<string[]>(
      `[...document.querySelectorAll('[data-model="linear"] .inputs td')].map((cell) => cell.textContent)`,
    );
    expect(cells).toEqual(['x', 'float32', '[?, 2]']);
  });

  it('predicts the sample, and what a person writes', async () => {
    expect(await predicted('digits')).toMatchObject({ status: '200 OK' });
    await type('digits', readFileSync(join(EXAMPLE, 'request.json'), 'utf8'));
    const { answer } = await predicted('digits');
    const direct = await send(
      `${server.url}/v1/models/digits:predict`,
      readFileSync(join(EXAMPLE, 'request.json'), 'utf8'),
    );
    expect(JSON.parse(answer)).toEqual(JSON.parse(direct.body));
    expect(await text('digits', 'timing')).toMatch(/compute \d+\.\d\d ms/);
    await type('linear', '{"instances": [[1, 2], [3, 4]]}');
    expect(JSON.parse((await predicted('linear')).answer)).toEqual({
      predictions: [
        [12, 20],
        [20, 32],
      ],
    });
    await shoot('light');
  });

  it('tells what is wrong with a request', async () => {
    await type('linear', '{"instances": [[1, 2]');
    expect(await text('linear', 'hint')).toContain('This is no JSON yet');
    await type('linear', '{"instances": [["a", "b"]]}');
    const { status, answer } = await predicted('linear');
    expect(status).toBe('400 Bad Request');
    expect(answer).toContain('is not of expected type: float');
    await shoot('refused');
    await click('linear', 'sample');
    expect(
      JSON.parse(await browser.evaluate(`document.querySelector('[data-model="linear"] .body').value`)),
    ).toEqual({ instances: [[0, 0]] });
  });

  it('gives calls that work', async () => {
    await type('linear', '{"instances": [[1, 2]], "note": "it\'s"}');
    const run = {
      curl: (code: string) => execFileSync('bash', ['-c', code], { stdio: ['ignore', 'pipe', 'ignore'] }),
      Python: (code: string) => execFileSync('python3', ['-c', code]),
      JavaScript: (code: string) =>
        execFileSync(process.execPath, ['--input-type=module', '-e', code], { env: { NO_COLOR: '1' } }),
    };
    await browser.evaluate(`document.querySelector('[data-model="linear"] details').open = true`);
    for (const [index, start] of Object.values(run).entries()) {
      await browser.evaluate(
        `document.querySelectorAll('[data-model="linear"] [role=tab]')[${index}].click()`,
      );
      expect(String(start(await text('linear', 'code'))).replaceAll(/\s/g, '')).toMatch(
        /predictions'?"?:\[\[12(\.0)?,20(\.0)?\]\]/,
      );
    }
  });

  it('is dark where that is preferred, fits a telephone, and can be switched', async () => {
    const features = [{ name: 'prefers-color-scheme', value: 'dark' }];
    await browser.send('Emulation.setEmulatedMedia', { features });
    const theme = () => browser.evaluate<string>('document.documentElement.dataset.theme');
    await browser.until("document.documentElement.dataset.theme === 'dark'");
    await shoot('dark');
    await browser.evaluate("document.querySelector('#theme').click()");
    expect(await theme()).toBe('light');
    const small = { width: 375, height: 1400, deviceScaleFactor: 1, mobile: true };
    await browser.send('Emulation.setDeviceMetricsOverride', small);
    const widest = await browser.evaluate<number>('document.documentElement.scrollWidth');
    expect(widest).toBeLessThanOrEqual(small.width);
    await shoot('telephone');
  });

  it('talks to this server alone and throws nothing', () => {
    expect(browser.requested.length).toBeGreaterThan(5);
    for (const url of browser.requested)
      expect(url.startsWith(`${server.url}/`) || url.startsWith('data:'), url).toBe(true);
    const unexpected = browser.faults.filter((fault) => !fault.includes('status of 400'));
    expect(unexpected).toEqual([]);
  });
});
