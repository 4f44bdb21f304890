import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ensureChromium } from './chromium.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sp-chromium-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const never = new AbortController().signal;
const nowhere = () => null;

test('an existing Chromium is used without a message', async () => {
  const program = join(folder, 'chromium');
  writeFileSync(program, '', { mode: 0o755 });
  const say = vi.fn();
  await ensureChromium({ say, signal: never, env: { SMARTPRESENCE_CHROMIUM: program }, install: 'exit 1' });
  expect(say).not.toHaveBeenCalled();
});

test('a named program that is missing is reported, and nothing is installed instead', async () => {
  const env = { SMARTPRESENCE_CHROMIUM: join(folder, 'nothing') };
  const install = `touch ${folder}/installed`;
  await expect(ensureChromium({ say: vi.fn(), signal: never, env, install })).rejects.toMatchObject({
    code: 'chromium-not-a-program',
    message: expect.stringContaining('nothing'),
  });
  expect(existsSync(join(folder, 'installed'))).toBe(false);
});

test('if it may not be installed, the command to type is reported', async () => {
  const options = { say: vi.fn(), signal: never, env: {}, find: nowhere };
  await expect(ensureChromium({ ...options, install: null })).rejects.toMatchObject({
    code: 'chromium-missing',
    nextStep: expect.stringContaining('apt-get install'),
  });
  await expect(ensureChromium({ ...options, install: 'exit 100' })).rejects.toMatchObject({
    code: 'chromium-install-failed',
  });
});

test('it is installed after a message', async () => {
  const program = join(folder, 'chromium');
  const say = vi.fn();
  const find = () => (existsSync(program) ? program : null);
  await ensureChromium({ say, signal: never, env: {}, find, install: `touch ${program}` });
  expect(say.mock.calls.flat().join('\n')).toMatch(/Installing[\s\S]*is installed/);
});

test('stopping during the installation ends it with all its processes', async () => {
  const asked = new AbortController();
  const pidFile = join(folder, 'pid');
  const install = `sh -c 'echo $$ > ${pidFile}; exec sleep 60'; true`;
  const work = ensureChromium({ say: vi.fn(), signal: asked.signal, env: {}, find: nowhere, install });
  const refused = expect(work).rejects.toMatchObject({ name: 'AbortError' });
  await vi.waitFor(() => expect(readFileSync(pidFile, 'utf8')).toMatch(/\d\n/), 60_000);
  asked.abort();
  await refused;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  // Ended, even if its new parent has not reaped it yet (Z).
  const state = () =>
    existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2] : 'gone';
  await vi.waitFor(() => expect(['gone', 'Z']).toContain(state()), 60_000);
});
