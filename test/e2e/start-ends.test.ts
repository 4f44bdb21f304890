import { existsSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { processesOf, type Started, startAppliance } from './started.ts';

/*
 * `npm start` ends when it is asked to, whatever it is doing, and leaves no process behind. The next start continues where it was
 * interrupted. All tests share one data folder, as on the machine of an impatient user.
 */
const home = mkdtempSync(join(tmpdir(), 'sp-ends-'));
afterAll(() => rm(home, { recursive: true, force: true }));

/** A process that still runs after this time hangs: the program’s own limit is 12 s. */
const GONE_MS = 60_000;

const start = (): Started => startAppliance(['--camera', 'demo'], {}, home);

/** Waits until no process has this data folder in its command line or environment. */
async function gone(): Promise<void> {
  const since = performance.now();
  for (;;) {
    const left = await processesOf(home);
    const ms = performance.now() - since;
    if (left.length === 0) return;
    if (ms > GONE_MS) throw new Error(`still there after ${ms} ms:\n${left.join('\n')}`);
    await wait(100);
  }
}

describe.skipIf(!existsSync('/usr/bin/chromium'))('stopping npm start', () => {
  test.each([
    { signal: 'SIGTERM', after: 0 },
    { signal: 'SIGHUP', after: 1_500 },
    { signal: 'SIGTERM', after: 4_000 },
  ] as const)(
    'by $signal to npm only, $after ms into preparing, ends every process',
    async ({ signal, after }) => {
      const { child, waitFor } = start();
      await waitFor(/SmartPresence \d/);
      await wait(after);
      child.kill(signal);
      await gone();
    },
    300_000,
  );

  test('by SIGKILL to npm, which can’t be passed on, while the server starts, ends every process', async () => {
    const { child, waitFor } = start();
    await waitFor(/Device secret/);
    await wait(3_000);
    child.kill('SIGKILL');
    await gone();
  }, 300_000);

  test('lets the next start continue where the others were interrupted, and SIGTERM to npm stops it cleanly', async () => {
    const { child, waitFor, output } = start();
    await waitFor(/^ready/m);
    child.kill('SIGTERM');
    await gone();
    expect(output().split('Stopping …')[1]).toMatch(/^\nStopped\.$/m);
    // No process had to be killed after its time limit.
    expect(output()).not.toMatch(/✗/);
  }, 300_000);

  test('by a second SIGTERM ends it at once, including its children', async () => {
    const { child, waitFor, output } = start();
    await waitFor(/^ready/m);
    const server = (await processesOf(home)).find((line) => line.includes('sync/server/main.ts'));
    const pid = Number(server!.split(' ')[0]);
    process.kill(pid, 'SIGSTOP'); // a server that can't react keeps the first signal pending
    child.kill('SIGTERM');
    await waitFor(/Stopping/);
    await wait(1_500);
    child.kill('SIGTERM');
    await gone();
    await expect.poll(output, { timeout: 60_000 }).toMatch(/✗ Stopped immediately: requested again/);
  }, 300_000);

  test('kills whatever has not ended in time', async () => {
    const { child, waitFor } = start();
    await waitFor(/^ready/m);
    for (const line of await processesOf(home))
      if (/core-child|sync\/server\/main/.test(line)) process.kill(Number(line.split(' ')[0]), 'SIGSTOP');
    child.kill('SIGTERM');
    await gone();
  }, 300_000);
});
