import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { planProject } from '../../src/scaffold/plan.js';
import { renderTemplate } from '../../src/scaffold/render.js';
import { writeArtifacts } from '../../src/scaffold/write.js';
import { requireProgram } from '../fixtures/require-program.js';
import { answers, facts } from './fixture.js';

const dir = mkdtempSync(join(tmpdir(), 'tfdeploy-scaffold-'));
const projectDir = join(dir, 'project');
writeArtifacts(projectDir, planProject(facts, { ...answers, projectDir }, renderTemplate), false);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe.skipIf(!requireProgram('nginx'))('nginx', () => {
  it('accepts the site file without a warning', () => {
    const prefix = join(dir, 'nginx');
    mkdirSync(prefix, { recursive: true });
    const site = join(projectDir, 'deploy/nginx/digits.conf');
    const conf = `pid ${prefix}/nginx.pid; error_log ${prefix}/error.log;
      events { worker_connections 64; }
      http { client_body_temp_path ${prefix}/b; proxy_temp_path ${prefix}/p; fastcgi_temp_path ${prefix}/f;
             uwsgi_temp_path ${prefix}/u; scgi_temp_path ${prefix}/s; access_log off; include ${site}; }`;
    writeFileSync(join(prefix, 'nginx.conf'), conf);
    const { status, stderr } = spawnSync('nginx', ['-t', '-c', join(prefix, 'nginx.conf'), '-p', prefix], {
      encoding: 'utf8',
    });
    expect(stderr).not.toContain('[warn]');
    expect(stderr).toContain('test is successful');
    expect(status).toBe(0);
  });
});

describe.skipIf(!requireProgram('systemd-analyze'))('systemd', () => {
  const unit = join(projectDir, 'deploy/systemd/digits.service');

  it('accepts the unit without a word', () => {
    const { status, stdout, stderr } = spawnSync(
      'systemd-analyze',
      ['verify', '--recursive-errors=no', unit],
      {
        encoding: 'utf8',
        env: { ...process.env, SYSTEMD_LOG_COLOR: '0' },
      },
    );
    expect(`${stdout}${stderr}`).toBe('');
    expect(status).toBe(0);
  });

  it('finds little exposed', () => {
    const args = ['security', '--offline=true', '--threshold=16', '--no-pager', unit];
    const { status, stdout } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
    expect(stdout.split('\n').at(-2)).toContain('OK');
    expect(status).toBe(0);
  });
});

describe.skipIf(!requireProgram('kubectl'))('kubectl', () => {
  it('builds the kustomization', () => {
    const text = execFileSync('kubectl', ['kustomize', join(projectDir, 'deploy/k8s')], { encoding: 'utf8' });
    expect(text.match(/^kind: \w+$/gm)).toEqual([
      'kind: Service',
      'kind: Deployment',
      'kind: PodDisruptionBudget',
    ]);
  });
});

describe('writeArtifacts', () => {
  it('writes the same project again without a change, and refuses to replace an edited file', () => {
    const artifacts = planProject(facts, { ...answers, projectDir }, renderTemplate);
    expect(writeArtifacts(projectDir, artifacts, false).every(({ verdict }) => verdict === 'unchanged')).toBe(
      true,
    );
    writeFileSync(join(projectDir, 'tfdeploy.yaml'), 'workers: 1\n');
    expect(() => writeArtifacts(projectDir, artifacts, false)).toThrow(/tfdeploy\.yaml/);
    expect(
      writeArtifacts(projectDir, artifacts, true).filter(({ verdict }) => verdict === 'replaced'),
    ).toHaveLength(1);
  });
});
