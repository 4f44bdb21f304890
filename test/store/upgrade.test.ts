import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openKeys } from '../../electron/core/keys/index.ts';
import { storeFile } from '../../electron/core/store/files.ts';
import { openStore } from '../../electron/core/store/index.ts';
import { SCHEMA } from '../../electron/core/store/migrations.ts';
import type { SqlStore } from '../../electron/core/store/store.ts';
import { outboxOf } from '../../electron/core/sync/outbox-of.ts';
import { newEngine } from '../kit/engine.ts';
import { codeOf, newFolder, openKiosk, snapshot, someCheckins } from './kiosk.ts';
import { becomeNextBuild } from './next-schema.ts';
import { emptyParts, fillYear, openedValues, shapeOf, storedRows } from './year.ts';

/* A kiosk's store with a year of data, and the build after this one: no data changes, whatever happens on the way. */

const SEED = Number(process.env.SEED ?? 20_270_104);
const AT = Date.UTC(2028, 0, 10);

let folder: string;
/** The finished year. Each test works on a copy. */
let year: string;
let shape: Record<string, string[]>;
let rows: Record<string, string>;
let values: Record<string, string>;

beforeAll(async () => {
  console.log(`a year of seed ${SEED}`);
  folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'sp-year-'));
  year = join(folder, 'year');
  mkdirSync(year);
  await fillYear(year, SEED);
  const keys = await openKeys({ home: year, deviceSecret: null });
  const store = await openStore({ home: year, keys });
  shape = shapeOf(store);
  rows = storedRows(store);
  values = await openedValues(store, AT);
  store.close();
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function copyOfYear(parent = newFolder()): string {
  const home = join(parent, 'kiosk');
  cpSync(year, home, { recursive: true });
  return home;
}

/** Checks the rows as stored and as opened, and the integrity of all of it. */
async function expectAllThere(store: SqlStore): Promise<void> {
  expect(storedRows(store, shape)).toEqual(rows);
  expect(await openedValues(store, AT)).toEqual(values);
  expect((await store.check()).problems).toEqual([]);
}

/** Opens the folder as the next build. Afterwards this process is today's build again. */
async function openAsNextBuild(home: string, kind: 'adds' | 'rebuilds'): Promise<SqlStore> {
  const back = becomeNextBuild(kind);
  try {
    return await openKiosk(home);
  } finally {
    back();
  }
}

describe('a year of data', () => {
  it('fills every table and column of the schema, and opens completely in the build that wrote it', async () => {
    const store = await openKiosk(copyOfYear());
    expect(emptyParts(store)).toEqual([]);
    await expectAllThere(store);
    const { event, checkin_note: notes } = rows;
    console.log(
      `events: ${event?.split(' ')[0]}, notes: ${notes?.split(' ')[0]}, ${statSync(storeFile(year)).size} bytes`,
    );
    expect(Number(event?.split(' ')[0])).toBeGreaterThan(20_000);
  });

  it.each(['adds', 'rebuilds'] as const)(
    'is unchanged by a next schema that %s, also when opened again',
    async (kind) => {
      const home = copyOfYear();
      const store = await openAsNextBuild(home, kind);
      expect(store.format.schema).toBe(SCHEMA + 1);
      await expectAllThere(store);
      store.close();
      const again = await openAsNextBuild(home, kind);
      await expectAllThere(again);
      // The store's guarantees still hold: an event never changes, and one that is not safe is kept.
      const { db } = again.session;
      expect(() => db.prepare('UPDATE event SET utc = 0').run()).toThrow('an event never changes');
      expect(() => db.prepare('DELETE FROM event WHERE n = (SELECT max(n) FROM event)').run()).toThrow('stays until');
      expect(db.pragma('foreign_keys', { simple: true })).toBe(1);
    },
  );

  it('continues after it: the sync sends queued and new events exactly once, in one chain', async () => {
    const store = await openAsNextBuild(copyOfYear(), 'rebuilds');
    const waiting = store.outbox.pending(1_000_000).map(({ header }) => header.id);
    expect(waiting.length).toBeGreaterThan(10);
    const [person] = store.people.all();
    const made = await someCheckins(store, person!.id, 3);
    const { engine, server, untilPause, received } = await newEngine({ source: outboxOf(store) });
    for (const { epoch, committed } of store.outbox.marks()) server.committed.set(epoch, committed);
    engine.start();
    await untilPause();
    await engine.stop();
    expect(store.outbox.count()).toBe(0);
    expect(received.flat()).toHaveLength(waiting.length + made.length);
    expect(store.checkins.list({ limit: 3 }).map(({ id }) => id)).toEqual(made.map(({ id }) => id).reverse());
    expect((await store.check()).problems).toEqual([]);
  });

  it('is still read by this build if the next schema only adds, and otherwise refused and left unchanged', async () => {
    const added = copyOfYear();
    (await openAsNextBuild(added, 'adds')).close();
    const store = await openKiosk(added);
    await expectAllThere(store);
    const [person] = store.people.all();
    await someCheckins(store, person!.id, 5);
    await store.people.delete(person!.id);
    expect((await store.check()).problems).toEqual([]);

    const rebuilt = copyOfYear();
    (await openAsNextBuild(rebuilt, 'rebuilds')).close();
    const before = snapshot(rebuilt);
    expect(await codeOf(() => openKiosk(rebuilt))).toBe('store-too-new');
    expect(snapshot(rebuilt)).toEqual(before);
  });
});

describe('an interrupted migration', () => {
  /** @param killAfter so many statements of the migration; null: it runs to its end. @returns what the child said last */
  function upgrade(home: string, killAfter: number | null): { said: string; signal: NodeJS.Signals | null } {
    const args = [
      join(import.meta.dirname, 'children/upgrade.ts'),
      home,
      'rebuilds',
      ...(killAfter ? [`${killAfter}`] : []),
    ];
    const { stdout, signal } = spawnSync(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    return { said: String(stdout).trim(), signal };
  }
  const logSize = (home: string) => statSync(`${storeFile(home)}-wal`, { throwIfNoEntry: false })?.size ?? 0;

  it('killed at any point leaves the store unchanged, and the next start completes it', async () => {
    const statements = Number(/^opened (\d+)$/.exec(upgrade(copyOfYear(), null).said)?.[1]);
    expect(statements).toBeGreaterThan(100);
    const home = copyOfYear();
    const KILLS = 10;
    const written: number[] = [];
    for (let kill = 1; kill <= KILLS; kill++) {
      const { signal } = upgrade(home, Math.round((statements * kill) / KILLS));
      expect(signal).toBe('SIGKILL');
      written.push(logSize(home));
      const store = await openKiosk(home);
      expect(storedRows(store, shape)).toEqual(rows);
      store.close();
    }
    console.log(`bytes of the log at each kill: ${written.join(' ')}`);
    // The last one comes when everything is done and nothing is committed.
    expect(written.filter((bytes) => bytes > 0).length).toBeGreaterThanOrEqual(KILLS / 2);
    await expectAllThere(await openAsNextBuild(home, 'rebuilds'));
  }, 300_000);

  const mayMount =
    process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
  if (!mayMount) console.warn('\n!!! SKIPPED: a full disk needs root and the right to mount a tmpfs\n');
  it.skipIf(!mayMount)('on a full disk fails with a code, changes nothing, and works once there is space', async () => {
    const disk = newFolder();
    const size = (megabytes: number, more: string[] = []) =>
      spawnSync('mount', [
        ...more,
        '-t',
        'tmpfs',
        '-o',
        `${more.length ? 'remount,' : ''}size=${megabytes}m`,
        'tmpfs',
        disk,
      ]);
    const needed = Math.ceil(statSync(storeFile(year)).size / 2 ** 20);
    expect(size(needed + 16).status).toBe(0);
    onTestFinished(() => void spawnSync('umount', ['-l', disk]));
    const home = copyOfYear(disk);
    for (let i = 0; i < 2; i++) expect(await codeOf(() => openAsNextBuild(home, 'rebuilds'))).toBe('storage-full');
    const store = await openKiosk(home);
    await expectAllThere(store);
    store.close();
    expect(spawnSync('mount', ['-o', `remount,size=${needed * 4 + 64}m`, disk]).status).toBe(0);
    await expectAllThere(await openAsNextBuild(home, 'rebuilds'));
  });
});
