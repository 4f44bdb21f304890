import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/*
 * Electron's security checklist, item by item. For each item, docs/prove/security.md names the test that proves it or says that
 * it is unproven here. This checks that table, and proves what can be read from our files alone.
 */

const ROOT = resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const ITEMS = 20;

interface Row {
  readonly item: number;
  readonly proof: string;
}

function table(): Row[] {
  const section = read('docs/prove/security.md').split('## The Electron host: Electron')[1]!.split('\n## ')[0]!;
  return [...section.matchAll(/^\| (\d+) \|[^|]+\|[^|]+\| (.+) \|$/gm)].map(([, item, proof]) => ({
    item: Number(item),
    proof: proof!,
  }));
}

describe('the table of Electron’s checklist in docs/prove/security.md', () => {
  it('has every item exactly once', () => {
    expect(table().map(({ item }) => item)).toEqual(Array.from({ length: ITEMS }, (_, i) => i + 1));
  });

  it.each(table())('item $item names tests that exist, or says “unproven here”', ({ proof }) => {
    const named = [...proof.matchAll(/`([\w./-]+\.(?:test|spec)\.ts)` “([^”]+)”/g)];
    if (named.length === 0) expect(proof).toMatch(/^unproven here: /);
    for (const [, file, title] of named) {
      const path = join('test/hosts', file!);
      expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
      expect(read(path)).toContain(title);
    }
  });
});

const sources = globSync('electron/host-electron/*.ts', { cwd: ROOT }).filter((file) => !file.endsWith('.test.ts'));

describe('our own files', () => {
  it('15: no part of the Electron host imports or requests `shell`', () => {
    expect(sources.length).toBeGreaterThan(8);
    for (const file of sources) {
      const text = read(file);
      expect([file, /\bshell\b/.test(text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, ''))]).toEqual([file, false]);
    }
  });

  it('16: Electron is pinned exactly, and packaged in the version of the tests’ typings', () => {
    const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: Record<string, string> };
    expect(devDependencies.electron).toMatch(/^\d+\.\d+\.\d+$/);
    expect(read('electron-builder.yml')).toMatch(new RegExp(`^electronVersion: ${devDependencies.electron}$`, 'm'));
    const installed = JSON.parse(read('node_modules/electron/package.json')) as { version: string };
    expect(installed.version).toBe(devDependencies.electron);
  });

  it('18: no page, frame or window is loaded from file:', () => {
    for (const file of sources) expect([file, /loadFile\(|['"`]file:/.test(read(file))]).toEqual([file, false]);
  });

  it('19: every fuse is set to its safer value', () => {
    const section = /^electronFuses:\n((?: {2}.*\n)+)/m.exec(read('electron-builder.yml'))![1]!;
    const fuses = Object.fromEntries(
      [...section.matchAll(/^ {2}(\w+): (true|false)\b/gm)].map(([, k, v]) => [k, v === 'true']),
    );
    expect(fuses).toEqual({
      runAsNode: false,
      enableCookieEncryption: true,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      enableEmbeddedAsarIntegrityValidation: true,
      onlyLoadAppFromAsar: true,
      loadBrowserProcessSpecificV8Snapshot: false,
      grantFileProtocolExtraPrivileges: false,
    });
  });
});
