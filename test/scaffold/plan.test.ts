import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answers, Facts } from '../../src/scaffold/facts.js';
import { planProject } from '../../src/scaffold/plan.js';
import { renderTemplate } from '../../src/scaffold/render.js';
import { sampleRequest } from '../../src/scaffold/sample-request.js';
import { TEMPLATES } from '../../src/scaffold/templates.js';
import { tune } from '../../src/scaffold/tuning.js';
import { answers, facts } from './fixture.js';

function textOf(path: string, f: Facts = facts, a: Answers = answers): string {
  const artifact = planProject(f, a, renderTemplate).find((entry) => entry.path === path);
  if (artifact === undefined) throw new Error(`no artifact ${path}`);
  return artifact.content;
}

describe('planProject', () => {
  it('writes every template once, and nothing is left unrendered', () => {
    const artifacts = planProject(facts, answers, renderTemplate);
    expect(artifacts).toHaveLength(TEMPLATES.length + 1);
    for (const { path, content } of artifacts) {
      expect(content, path).not.toMatch(/\{\{|\bundefined\b|\[object/);
      expect(content.endsWith('\n'), path).toBe(true);
    }
  });

  it('gives equal bytes for equal facts', () => {
    expect(planProject(facts, answers, renderTemplate)).toEqual(planProject(facts, answers, renderTemplate));
  });

  it('writes the files of the chosen target only', () => {
    const paths = planProject(facts, { ...answers, targets: ['vm'] }, renderTemplate).map(({ path }) => path);
    expect(paths.some((path) => path.startsWith('deploy/k8s'))).toBe(false);
    expect(paths).toContain('deploy/nginx/digits.conf');
  });

  it('keeps nginx patient for longer than the server, and systemd for longer than the drain', () => {
    const nginx = textOf('deploy/nginx/digits.conf');
    const service = textOf('deploy/systemd/digits.service');
    expect(Number(/proxy_read_timeout (\d+)s/.exec(nginx)?.[1])).toBeGreaterThan(
      answers.requestTimeoutSeconds,
    );
    expect(Number(/TimeoutStopSec=(\d+)/.exec(service)?.[1])).toBeGreaterThan(answers.requestTimeoutSeconds);
  });

  it('opens the home directory for reading only when something lies there', () => {
    expect(textOf('deploy/systemd/digits.service')).toContain('ProtectHome=yes');
    const inHome = { ...facts, model: { ...facts.model, path: '/home/ada/model' } };
    expect(textOf('deploy/systemd/digits.service', inHome)).toContain('ProtectHome=read-only');
  });

  it('uses no key that the installed systemd does not know', () => {
    expect(textOf('deploy/systemd/digits.service')).not.toContain('RestartSteps');
    const newer = { ...facts, software: { ...facts.software, systemdVersion: 257 } };
    expect(textOf('deploy/systemd/digits.service', newer)).toContain('RestartSteps=5');
  });
});

describe('tune', () => {
  it('never plans more threads than cores, nor more workers than memory', () => {
    const machines = fc.record({
      cores: fc.double({ min: 0.1, max: 256, noNaN: true }),
      memoryBytes: fc.integer({ min: 2 ** 28, max: 2 ** 40 }),
    });
    fc.assert(
      fc.property(machines, fc.integer({ min: 0, max: 2 ** 34 }), (machine, sizeBytes) => {
        const tuned = tune({ ...facts, machine, model: { ...facts.model, sizeBytes } }, answers);
        expect(tuned.workers.value).toBeGreaterThanOrEqual(1);
        expect(tuned.workers.value * tuned.threads.value).toBeLessThanOrEqual(
          Math.max(1, Math.floor(machine.cores)),
        );
      }),
    );
  });

  it('lets a full batch of images through nginx', () => {
    const image = { name: 'image', dtype: 'float32' as const, shape: [null, 224, 224, 3] };
    const tuned = tune({ ...facts, model: { ...facts.model, inputs: [image] } }, answers);
    const bytesOfOneBatch = 32 * 224 * 224 * 3 * '-1.17549435e-38,'.length;
    expect(tuned.maxBodyBytes.value).toBeGreaterThan(bytesOfOneBatch);
  });
});

describe('sampleRequest', () => {
  it('asks by row when every tensor has a batch', () => {
    const request = sampleRequest(facts.model) as { instances: number[][][] };
    expect(request.instances).toHaveLength(1);
    expect(request.instances[0]).toHaveLength(8);
  });

  it('asks by column otherwise, with the signature named', () => {
    const model = {
      ...facts.model,
      signature: 'other',
      inputs: [{ name: 'x', dtype: 'int64' as const, shape: [] }],
    };
    expect(sampleRequest(model)).toEqual({ signature_name: 'other', inputs: { x: 0 } });
  });
});
