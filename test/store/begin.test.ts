import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockBeginning } from '../../electron/core/lock-file.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sp-begin-'));
  ensureKioskFolder(home, true);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const open = () => openKiosk({ home, deviceSecret: null, allowSecretFile: true });

test('while one process sets up a kiosk no other can, and nothing is written', async () => {
  const letGo = lockBeginning(home);
  await expect(open()).rejects.toMatchObject({ code: 'store-in-use' });
  expect(readdirSync(home).sort()).toEqual(['begin.lock', 'site.json']);
  letGo();
  const kiosk = await open();
  await kiosk.close();
});

type Answer = { device: string } | { code: string };

const answerOf = async (child: ChildProcess): Promise<Answer> => (await once(child, 'message'))[0];

test('of two processes that set up a kiosk at once only one succeeds, and its store opens again', async () => {
  const children = [1, 2].map(() => fork(join(import.meta.dirname, 'children/begin.ts'), [home]));
  try {
    await Promise.all(children.map((child) => once(child, 'message')));
    const answers = children.map(answerOf);
    for (const child of children) child.send('go');
    const got = await Promise.all(answers);
    expect(got).toContainEqual({ code: 'store-in-use' });
    const device = got.flatMap((answer) => ('device' in answer ? answer.device : []));
    expect(device).toHaveLength(1);
    const ended = children.map((child) => child.exitCode ?? once(child, 'exit'));
    for (const child of children) if (child.connected) child.send('end');
    await Promise.all(ended);
    const kiosk = await open();
    expect(kiosk.store.device).toBe(device[0]);
    await kiosk.close();
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
});
