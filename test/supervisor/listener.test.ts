import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatUrl, openListener, openSocketPath } from '../../src/supervisor/listener.js';

describe('the listening socket', () => {
  it('is bound to a free port, and accepts nothing by itself', async () => {
    const listener = await openListener('127.0.0.1', 0);
    expect(listener.fd).toBeGreaterThan(2);
    expect(listener.address).toMatchObject({ host: '127.0.0.1' });
    listener.close();
    listener.close();
  });

  it('says who is in the way', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    await expect(openListener('127.0.0.1', port)).rejects.toMatchObject({
      code: 'TFD_UNAVAILABLE',
      message: `127.0.0.1:${port} is taken by another process`,
    });
    other.close();
    await expect(openListener('192.0.2.1', 0)).rejects.toThrow('is no address of this machine');
    await expect(openListener('no-such-host.invalid', 0)).rejects.toThrow('no-such-host.invalid');
  });

  it('at a path replaces what a killed server left, and nothing else', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'tfdeploy-listener-'));
    const path = join(dir, 'socket');
    const left = await openSocketPath(path);
    left.handOver();
    left.close();
    expect(readdirSync(dir)).toEqual(['socket']);
    const listener = await openSocketPath(path);
    expect(listener.address).toBe(path);
    expect(readdirSync(dir)).toEqual(['socket']);
    listener.close();
    expect(readdirSync(dir)).toEqual([]);
    writeFileSync(path, 'precious');
    await expect(openSocketPath(path)).rejects.toThrow('is there already and is no socket');
    await expect(openSocketPath(join(dir, 'none', 'socket'))).rejects.toMatchObject({
      code: 'TFD_UNAVAILABLE',
    });
    rmSync(dir, { recursive: true });
  });

  it('at a path stays where it is while a program that it was handed to goes on', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'tfdeploy-listener-'));
    const path = join(dir, 'socket');
    const listener = await openSocketPath(path);
    const takeBack = listener.handOver();
    takeBack();
    listener.handOver();
    listener.close();
    expect(existsSync(path)).toBe(true);
    rmSync(dir, { recursive: true });
  });

  it('is shown as a URL of this machine', () => {
    const url = (address: string, port: number) => formatUrl({ address, port, family: '' });
    expect(url('127.0.0.1', 8501)).toBe('http://127.0.0.1:8501');
    expect(url('0.0.0.0', 80)).toBe('http://127.0.0.1:80');
    expect(url('::', 80)).toBe('http://[::1]:80');
    expect(url('fe80::1', 80)).toBe('http://[fe80::1]:80');
  });
});
