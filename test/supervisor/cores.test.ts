import { describe, expect, it } from 'vitest';
import { planCores } from '../../src/supervisor/cores.js';

const GIB = 1024 ** 3;
const plan = (workers: string, threads: string, cores: number, memoryGib = 64, modelGib = 0) => {
  const found = planCores(
    { workers, threads },
    { usableCores: cores, usableMemoryBytes: memoryGib * GIB },
    modelGib * GIB,
  );
  return [found.workers, found.threads];
};

describe('workers and threads', () => {
  it('fit the usable cores', () => {
    expect(plan('auto', 'auto', 1)).toEqual([1, 1]);
    expect(plan('auto', 'auto', 8)).toEqual([8, 1]);
    expect(plan('auto', '3', 8)).toEqual([2, 3]);
    expect(plan('3', 'auto', 8)).toEqual([3, 2]);
    expect(plan('16', 'auto', 8)).toEqual([16, 1]);
    expect(plan('3', '4', 8)).toEqual([3, 4]);
  });

  it('fit the memory, and threads take the cores that are left', () => {
    expect(plan('auto', 'auto', 16, 8, 1)).toEqual([3, 5]);
    expect(plan('auto', 'auto', 16, 1, 4)).toEqual([1, 16]);
  });

  it('are refused when they are no counts', () => {
    expect(() => plan('many', 'auto', 2)).toThrow('workers: should be auto or a positive integer; is "many"');
    expect(() => plan('auto', '0', 2)).toThrow('threads');
  });
});
