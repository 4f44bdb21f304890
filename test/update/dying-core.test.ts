import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { readVerdict } from '../../electron/core/update/files.ts';
import { switchTo, unpackInto } from '../../electron/host-browser/update/slots.ts';
import { buildArchive } from './archives.ts';
import { installFirst, kioskFolders } from './updater.ts';

/** The real launcher, host and core: a build on trial whose core keeps dying, before one that works. */

const ROOT = join(import.meta.dirname, '../..');
const ATTEMPT = '33333333-3333-4333-8333-333333333333';
/** A build that runs this file of the sources as a packaged build runs its own. */
const runs = (...file: string[]) => `#!/bin/sh\nshift\nexec ${process.execPath} ${join(ROOT, ...file)} "$@"\n`;

interface Line {
  readonly at: number;
  readonly text: string;
}

test('a core that works for 2.5 s and dies costs one start each time, and after the third the previous build runs', async () => {
  const { root, layout, archives } = kioskFolders();
  await installFirst(layout, archives, { version: '0.2.0', program: runs('test/update/children/good-kiosk.ts') });
  const { archive } = buildArchive(archives, {
    version: '0.3.0',
    program: runs('test/update/children/dying-kiosk.ts'),
  });
  const { id } = await unpackInto(layout, archive);
  await switchTo(layout, id, { attempt: ATTEMPT, trialMinutes: 10 }, () => undefined);
  const launch = join(ROOT, 'electron/host-browser/update/launch');
  const args = ['--root', root, 'kiosk', '--demo', '--browser', 'none', '--device-secret', 'file'];
  const child = spawn(launch, args, {
    env: { PATH: process.env.PATH, HOME: root, SMARTPRESENCE_HOME: root },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const lines: Line[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (text) => lines.push({ at: performance.now(), text }));
  const ready = () => lines.filter(({ text }) => text.includes('"ready":true'));
  const deaths = () => lines.filter(({ text }) => text.includes('the core exited, and the kiosk is stopping'));
  await expect.poll(() => readVerdict(layout, ATTEMPT), { timeout: 600_000, interval: 200 }).not.toBeNull();
  expect(readVerdict(layout, ATTEMPT)).toMatchObject({ outcome: 'failed', code: 'trial-starts', starts: 3 });
  expect(deaths()).toHaveLength(3);
  // Each time the core was up before it died. The previous build starts and keeps running.
  await expect.poll(() => ready().length, { timeout: 240_000, interval: 200 }).toBe(4);
  const starts = lines.filter(({ text }) => text.includes('launcher: starting '));
  const seconds = starts.map(({ at }) => Math.round((ready()[3]!.at - at) / 1000));
  console.log(JSON.stringify({ secondsFromEachStartToWorking: seconds }));
  expect(deaths()).toHaveLength(3);
}, 1_200_000);
