import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installTools } from '../../../build/fetch/tools.ts';
import { temporaryFolder } from '../support/kiosk-page.ts';

interface Report {
  checks: number;
  errors: { file: string; message: string }[];
  found: { id: string; file: string; line: number; severity: string; description: string }[];
}
const SCRIPT = resolve(import.meta.dirname, 'scan.cjs');
const HOST = resolve(import.meta.dirname, '../../../electron/host-electron');
const { devDependencies } = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../../package.json'), 'utf8'));

async function scan(folder: string): Promise<Report> {
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, folder, devDependencies.electron]);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
}
const aboveLow = (report: Report) =>
  report.found.filter(({ severity }) => severity !== 'LOW' && severity !== 'INFORMATIONAL');

describe('Electronegativity', () => {
  const flawed = temporaryFolder('flawed-');
  beforeAll(() => {
    installTools('test/hosts/electronegativity');
    mkdirSync(flawed.path, { recursive: true });
    writeFileSync(
      join(flawed.path, 'main.ts'),
      "import { BrowserWindow, shell } from 'electron';\nconst w = new BrowserWindow({ webPreferences: { nodeIntegration: true, contextIsolation: false, webSecurity: false } });\nw.loadURL('http://x/');\n",
    );
  });
  afterAll(() => flawed.remove());

  it('reads every file of the Electron host and finds nothing above low', async () => {
    const report = await scan(HOST);
    expect(report.checks).toBeGreaterThan(30);
    expect(report.errors).toEqual([]);
    expect(readdirSync(HOST)).toContain('main.ts');
    expect(aboveLow(report)).toEqual([]);
  });

  it('finds a window without isolation and a program without a policy, which proves that the scan works', async () => {
    const ids = aboveLow(await scan(flawed.path)).map(({ id }) => id);
    expect(ids).toEqual(
      expect.arrayContaining(['CONTEXT_ISOLATION_JS_CHECK', 'WEB_SECURITY_JS_CHECK', 'CSP_GLOBAL_CHECK']),
    );
  });
});
