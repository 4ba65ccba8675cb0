import { describe, expect, it } from 'vitest';
import { freeMemory } from '../../src/base/free-memory.js';

const KIB = 1024;

describe('freeing memory', () => {
  it('takes the memory of a large array away at once', () => {
    const floats = new Float32Array(64 * KIB);
    freeMemory(floats);
    expect(floats.length).toBe(0);
    const before = process.memoryUsage().arrayBuffers;
    for (let round = 0; round < 50; round++) freeMemory(Buffer.allocUnsafeSlow(4096 * KIB));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8192 * KIB);
  });

  it('leaves small arrays, parts of a buffer and shared ones as they are', () => {
    const small = new Uint8Array(100);
    const whole = new Uint8Array(256 * KIB);
    const shared = new Uint8Array(new SharedArrayBuffer(256 * KIB));
    for (const each of [small, whole.subarray(1), whole.subarray(0, 128 * KIB), shared, Buffer.from('text')])
      freeMemory(each);
    expect([small.length, whole.length, shared.length]).toEqual([100, 256 * KIB, 256 * KIB]);
  });
});
