import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { aPerson, newFolder, openKiosk, someCheckins } from './kiosk.ts';

const SP = join(import.meta.dirname, '../../electron/cli/sp.ts');

/** Runs the command line on a data folder. */
function sp(home: string, ...args: string[]): { code: number | null; out: string[]; err: string } {
  const run = spawnSync(process.execPath, [SP, ...args], {
    encoding: 'utf8',
    env: { ...process.env, SMARTPRESENCE_HOME: home, SMARTPRESENCE_STAFF_PIN: '0000' },
  });
  return { code: run.status, out: run.stdout.split('\n').filter(Boolean), err: run.stderr };
}

describe('sp', () => {
  it('checks, re-keys and lists a store that no core holds, with the exit codes it documents', async () => {
    const home = newFolder();
    const kiosk = join(home, 'kiosk');
    mkdirSync(kiosk, { mode: 0o700 });
    const store = await openKiosk(kiosk);
    const { id } = await store.people.add(aPerson());
    const made = await someCheckins(store, id, 3);

    const held = sp(home, 'store', 'check');
    expect([held.code, held.err.split(':')[1]?.trim()]).toEqual([3, 'core-unreachable']);
    store.close();

    expect(sp(home, 'store', 'rekey', '--json')).toMatchObject({
      code: 0,
      out: [expect.stringContaining('"generation":2')],
    });
    const listed = sp(home, 'checkins', 'list', '--json', '--limit', '2');
    expect(listed.code).toBe(0);
    expect(listed.out.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual([made[2]!.id, made[1]!.id]);
    expect(sp(home, 'checkins', 'list', '--limit', 'many').code).toBe(2);

    const file = openSync(join(kiosk, 'store.db'), 'r+');
    writeSync(file, 'damage', 5000);
    closeSync(file);
    const damaged = sp(home, 'store', 'check', '--json');
    expect(damaged.code).toBe(1);
    expect(JSON.parse(damaged.out[0]!).problems).toContainEqual({
      code: 'page-damaged',
      detail: expect.stringMatching(/^page 5 of /),
    });
  });
});
