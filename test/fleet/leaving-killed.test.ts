import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readJournal, writeJournal } from '../../electron/core/leaving/journal.ts';
import { prepareToLeave } from '../../electron/core/leaving/leave.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { startUplink } from '../../electron/core/sync/link.ts';
import { commandKiosk, getKiosk } from '../../sync/protocol/api/fleet.ts';
import { newServer, type TestServer } from '../kit/server.ts';
import { type Fleeting, fleeting, setupOf } from './kiosk.ts';

/** kill -9 at each step of a wipe: the next start resumes it, is never half a kiosk, and still reports the end to the server. */
let server: TestServer;
const kiosks: Fleeting[] = [];
beforeAll(async () => {
  server = await newServer();
});
afterAll(() => server?.close());
afterEach(async () => {
  for (const kiosk of kiosks.splice(0)) await kiosk.remove();
});

/** Resumes the wipe in a process of its own. Resolves to how that ended: its signal or exit code. */
const goOn = (home: string, last: string) =>
  new Promise<string>((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'children/removed.ts'), home, last], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal ?? String(code)));
  });

/** Creates a kiosk that has announced the start to the server: its journal is on disk and nothing is deleted yet. */
async function begun(what: 'wipe' | 'decommission', name: string): Promise<Fleeting & { command: string }> {
  const kiosk = await fleeting(server, name);
  kiosks.push(kiosk);
  const { commands } = await server.call(commandKiosk, { params: { device: kiosk.device }, body: { what, name } });
  const command = commands[0]!.id;
  const opened = await openKiosk({ home: kiosk.home, deviceSecret: null, allowSecretFile: false });
  const nothing = () => undefined;
  const uplink = startUplink(opened.store, { onStatus: nothing, onServerTime: nothing, onProblem: nothing });
  await expect.poll(() => opened.store.deviceState.commands().length).toBe(1);
  const left = await prepareToLeave(
    {
      store: opened.store,
      site: opened.site,
      nudge: () => uplink.nudge(),
      shows: nothing,
      stopped: () => false,
      hurried: () => false,
      now: server.now,
      monotonic: () => performance.now(),
      log: nothing,
    },
    { id: command, what, expires: new Date(server.now() + 86_400_000).toISOString() },
  );
  writeJournal(kiosk.home, left!.journal);
  await uplink.stop();
  await opened.close();
  return { ...kiosk, command };
}

const STEPS = ['slots', 'secrets', 'store', 'rest', 'done', 'journal', 'notified'] as const;

describe.each(['wipe', 'decommission'] as const)('a killed %s', { timeout: 240_000 }, (what) => {
  test('continues after a kill at every step in turn, and ends like an uninterrupted one', async () => {
    const name = `Door of the ${what}`;
    const kiosk = await begun(what, name);
    for (const step of STEPS) {
      expect(await goOn(kiosk.home, step), step).toBe('SIGKILL');
      // From here on a start finds no kiosk, whichever files remain.
      expect(readJournal(kiosk.home), step).not.toBeNull();
      if (step === 'secrets') expect(existsSync(join(kiosk.home, 'keyslots.json'))).toBe(false);
      if (step === 'rest') expect(readdirSync(kiosk.home).filter((n) => n.startsWith('store.db'))).toEqual([]);
    }
    expect(await goOn(kiosk.home, '-')).toBe('0');
    expect(readdirSync(kiosk.home)).toEqual(what === 'wipe' ? ['leaving.json'] : []);
    // Signed with the key that it had announced: the device's own key was only in the memory of the dead process.
    const after = await server.call(getKiosk, { params: { device: kiosk.device } });
    expect(after.kiosk).toMatchObject({ status: 'revoked', leaving: what });
    expect(after.commands[0]).toMatchObject({ id: kiosk.command, state: 'done' });
  });

  test.each(['slots', 'store', 'journal'] as const)('before “%s” restarts only as a wiped core', async (step) => {
    const kiosk = await begun(what, `Door of the ${what} before ${step}`);
    expect(await goOn(kiosk.home, step)).toBe('SIGKILL');
    const core = await kiosk.start();
    expect((await setupOf(core))?.at).toBe('removed');
    await expect(core.methods.staffUnlock({ pin: '582046' })).rejects.toMatchObject({ code: 'kiosk-removed' });
    await expect.poll(() => setupOf(core), { timeout: 60_000 }).toMatchObject({ at: 'removed', step: 'done' });
    expect(readdirSync(kiosk.home)).toEqual(what === 'wipe' ? ['leaving.json'] : []);
  });
});

test('an unreadable journal counts as a wipe, and the folder is never a kiosk again', { timeout: 60_000 }, async () => {
  const kiosk = await fleeting(server, 'Torn door');
  kiosks.push(kiosk);
  const { writeFileSync } = await import('node:fs');
  writeFileSync(join(kiosk.home, 'leaving.json'), '{"v":1,"state":"destr');
  const core = await kiosk.start();
  await expect.poll(() => setupOf(core)).toEqual({ at: 'removed', what: 'wipe', step: 'done' });
  expect(readdirSync(kiosk.home)).toEqual(['leaving.json']);
  expect(readFileSync(join(kiosk.home, 'leaving.json'), 'utf8')).not.toContain('key');
});
