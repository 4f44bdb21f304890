import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDeviceSecret } from '../core/keys/credential.ts';
import { makeRuntimeFolder } from './runtime-folder.ts';

let base: string;
const log = (): void => undefined;
beforeEach(() => {
  base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'runtime-test-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

describe('the runtime folder', () => {
  it('is private to its user, and so is what is written into it', () => {
    const folder = makeRuntimeFolder(log, [base]);
    expect(statSync(folder.path).mode & 0o777).toBe(0o700);
    expect(statSync(folder.writePrivate('enter.html', 'x')).mode & 0o777).toBe(0o600);
    expect(statSync(folder.freshFolder('profile')).mode & 0o777).toBe(0o700);
    folder.close();
    expect(existsSync(folder.path)).toBe(false);
  });

  it('overwrites no existing file', () => {
    const folder = makeRuntimeFolder(log, [base]);
    folder.writePrivate('enter.html', 'x');
    expect(() => folder.writePrivate('enter.html', 'y')).toThrow(/EEXIST/);
    folder.close();
  });

  it('removes what a killed host left behind, but nothing of a running one', () => {
    const dead = spawnSync('true').pid;
    for (const [name, pid] of [
      ['smartpresence-dead', dead],
      ['smartpresence-live', process.pid],
    ] as const) {
      mkdirSync(join(base, name));
      writeFileSync(join(base, name, 'host.pid'), String(pid));
    }
    const folder = makeRuntimeFolder(log, [base]);
    expect(existsSync(join(base, 'smartpresence-dead'))).toBe(false);
    expect(existsSync(join(base, 'smartpresence-live'))).toBe(true);
    folder.close();
  });

  it('prefers a folder on tmpfs, and reports if there is none', () => {
    const said: string[] = [];
    const folder = makeRuntimeFolder((_, message) => said.push(message), ['/nowhere', undefined]);
    expect(said.join()).toContain('no tmpfs');
    folder.close();
  });
});

describe('the device secret', () => {
  const code = (run: () => unknown): unknown => {
    try {
      return run();
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  it('is the unit’s sealed credential', () => {
    writeFileSync(join(base, 'smartpresence-device-secret'), Buffer.alloc(32, 7));
    expect(readDeviceSecret({ CREDENTIALS_DIRECTORY: base }, false)).toBe(Buffer.alloc(32, 7).toString('base64'));
  });

  it('is in a file only if that was requested', () => {
    expect(code(() => readDeviceSecret({}, false))).toBe('device-secret-missing');
    expect(readDeviceSecret({}, true)).toBeNull();
    expect(readDeviceSecret({ CREDENTIALS_DIRECTORY: base }, true)).toBeNull();
  });

  it('is not replaced by a file if the credential is missing or wrong', () => {
    expect(code(() => readDeviceSecret({ CREDENTIALS_DIRECTORY: base }, false))).toBe('device-secret-missing');
    writeFileSync(join(base, 'smartpresence-device-secret'), 'short');
    expect(code(() => readDeviceSecret({ CREDENTIALS_DIRECTORY: base }, false))).toBe('device-secret-bad');
  });
});
