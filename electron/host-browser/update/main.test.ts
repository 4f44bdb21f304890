import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lockFile } from '../../core/lock-file.ts';
import { stateFile } from '../../core/update/files.ts';
import { updateLayout } from '../../core/update/layout.ts';
import { runUpdaterProgram } from './main.ts';

/** Folders of an installed kiosk with nothing to update. */
function slots() {
  const root = mkdtempSync(join(tmpdir(), 'sp-updater-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const layout = updateLayout(root);
  for (const folder of [layout.builds, layout.work, layout.spool]) mkdirSync(folder);
  const settled = { format: 1, previous: '', previousManifest: '', attempt: '', trialMinutes: 10 };
  const state = { ...settled, current: '0.1.0-aaaaaaaaaaaa', currentManifest: 'a'.repeat(64) };
  writeFileSync(stateFile(layout), JSON.stringify(state));
  return { layout, run: () => runUpdaterProgram([], { SMARTPRESENCE_SLOTS: root }) };
}

test('only one updater at a time works on the builds', async () => {
  const { layout, run } = slots();
  const release = lockFile(layout.work, 'updater.lock');
  expect(await run()).toBe(1);
  release();
  expect(await run()).toBe(0);
  expect(await run()).toBe(0);
});

test('another user of the machine can’t block the updater', async () => {
  const { layout, run } = slots();
  // Anyone can occupy a name in the kernel's abstract namespace.
  const name = createHash('sha256').update(layout.builds).digest('hex').slice(0, 32);
  const taken = createServer().listen(`\0smartpresence-update-${name}`);
  onTestFinished(() => void taken.close());
  await once(taken, 'listening');
  expect(await run()).toBe(0);
  // Nor can they open the lock file and hold the lock.
  expect(statSync(join(layout.work, 'updater.lock')).mode & 0o777).toBe(0o600);
});
