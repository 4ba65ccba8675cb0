import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  checkModelPath,
  findModelVersions,
  fingerprintVersion,
  parseModelArgument,
  parseModelArguments,
  parseVersion,
} from '../../src/repository/layout.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tfdeploy-layout-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function putModel(...path: string[]): string {
  const model = join(dir, ...path);
  mkdirSync(model, { recursive: true });
  writeFileSync(join(model, 'saved_model.pb'), '');
  return model;
}

const versionsOf = (base: string) => findModelVersions(base).map(({ version }) => version);

describe('the layout of models on disk', () => {
  it('reads version numbers as TensorFlow Serving does', () => {
    expect(parseVersion('00000123')).toBe(123n);
    expect(parseVersion('20170111173521')).toBe(20170111173521n);
    expect(parseVersion('9223372036854775807')).toBe(9223372036854775807n);
    for (const name of ['9223372036854775808', '-1', '1.0', 'v1', '', '2.denied', '1e3'])
      expect(parseVersion(name)).toBeUndefined();
  });

  it('finds numbered versions, highest first, and passes other names over', () => {
    for (const name of ['42', '33', '007', '100', 'non_numerical_child', 'assets'])
      mkdirSync(join(dir, name));
    writeFileSync(join(dir, '8'), 'a file is no version');
    symlinkSync(join(dir, '42'), join(dir, '50'));
    expect(versionsOf(dir)).toEqual([100n, 50n, 42n, 33n, 7n]);
    renameSync(join(dir, '42'), join(dir, '42.denied'));
    expect(versionsOf(dir)).toEqual([100n, 33n, 7n]);
  });

  it('takes a bare SavedModel as version 1, or as the number of its directory', () => {
    expect(versionsOf(putModel('bare'))).toEqual([1n]);
    expect(versionsOf(putModel('half', '00000123'))).toEqual([123n]);
    expect(versionsOf(join(dir, 'nothing'))).toEqual([]);
  });

  it('says what is there when nothing can be served', () => {
    expect(() => checkModelPath(join(dir, 'nothing'))).toThrow('no such file or directory');
    writeFileSync(join(dir, 'model.h5'), Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'));
    expect(() => checkModelPath(dir)).toThrow('HDF5');
    expect(() => checkModelPath(putModel('good'))).not.toThrow();
  });

  it('notices changed files', () => {
    const model = putModel('m');
    const before = fingerprintVersion(model);
    expect(fingerprintVersion(model)).toBe(before);
    utimesSync(join(model, 'saved_model.pb'), 1, 1);
    expect(fingerprintVersion(model)).not.toBe(before);
  });

  it('reads the arguments of serve', () => {
    expect(parseModelArgument('cats=/m/cats-v3')).toEqual({ name: 'cats', basePath: '/m/cats-v3' });
    expect(parseModelArgument('/m/a=b/c').basePath).toBe('/m/a=b/c');
    expect(parseModelArgument('/m/half/00000123').name).toBe('half');
    expect(parseModelArgument('/m/Résumé v2').name).toBe('Resume-v2');
    expect(parseModelArgument('/', undefined).name).toBe('model');
    expect(parseModelArgument('/m/x', 'given').name).toBe('given');
    expect(() => parseModelArguments(['/a/m', '/b/m'], undefined)).toThrow('two models are named "m"');
  });
});
