import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openKeys } from '../../electron/core/keys/index.ts';
import { rekeyedFile } from '../../electron/core/store/files.ts';
import { openStore } from '../../electron/core/store/index.ts';
import { checkFirstPage, type FirstPage, PAGE_BYTES } from '../../electron/core/store/pages.ts';
import { printedRandom } from '../chance.ts';
import { aPerson, aPhoto, newFolder, openKiosk, snapshot, someCheckins } from './kiosk.ts';

const random = printedRandom('stores killed');

/**
 * Runs a child script and kills it (SIGKILL) `afterMs` after it has printed `lines` lines, the first of which is `ready`. Returns
 * its complete lines after that one.
 */
async function killed(script: string, args: string[], lines: number, afterMs: number): Promise<string[]> {
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, 'children', script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  let armed = false;
  child.stdout!.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
    if (armed || text.split('\n').length <= lines) return;
    armed = true;
    setTimeout(() => child.kill('SIGKILL'), afterMs);
  });
  await new Promise((resolve) => child.once('close', resolve));
  return text.slice(0, text.lastIndexOf('\n')).split('\n').slice(1);
}

describe('kill -9', () => {
  it.each([1, 2, 3, 4])(
    'in the middle of 300 check-ins (run %i): each confirmed one is stored exactly once, and the chain verifies',
    async (run) => {
      const home = newFolder();
      const store = await openKiosk(home);
      const { id } = await store.people.add(aPerson());
      store.close();
      const confirmed: string[] = [];
      const photos: string[] = [];
      for (let kill = 0; kill < 3; kill++) {
        for (const line of await killed(
          'checkins.ts',
          [home, id, String(run % 2 === 0 ? 5000 : 0)],
          2 + ((run * 37 + kill * 53) % 110),
          random() * 4,
        )) {
          if (line === 'all') continue;
          const [checkin, photo] = line.split(' ') as [string, string];
          confirmed.push(checkin);
          if (photo !== '-') photos.push(photo);
        }
      }
      expect(confirmed.length).toBeGreaterThan(3);
      const after = await openKiosk(home);
      const stored = after.checkins.list({ limit: 10_000 }).map((c) => c.id);
      expect(new Set(stored).size).toBe(stored.length);
      expect(confirmed.filter((one) => !stored.includes(one))).toEqual([]);
      // At most one per kill was committed and not yet confirmed.
      expect(stored.length - confirmed.length).toBeLessThanOrEqual(3);
      for (const photo of photos) expect(await after.photos.open(photo)).toHaveLength(5000);
      expect((await after.check()).problems).toEqual([]);
      // Each opening has its own epoch, in which every sequence number occurs once.
      const headers = after.outbox.pending(100_000).map((e) => e.header);
      for (const epoch of new Set(headers.map((h) => h.epoch))) {
        const seqs = headers.filter((h) => h.epoch === epoch).map((h) => h.seq);
        expect(seqs).toEqual(seqs.map((_, i) => i + 1));
      }
    },
  );

  it('between and within pages of the server’s log: people, confirmations and cursor belong to the same page', async () => {
    const home = newFolder();
    (await openKiosk(home)).close();
    for (let kill = 0; kill < 4; kill++) {
      const notified = await killed('pages.ts', [home], 2 + ((kill * 17) % 40), random() * 4);
      const store = await openKiosk(home);
      const page = Number(store.roster.cursor);
      expect(page).toBeGreaterThanOrEqual(Number(notified.at(-1) ?? 0));
      expect(store.people.count()).toBe(2 * page);
      expect(store.outbox.pending(1000).map((e) => e.header.open.request)).toHaveLength(page);
      expect((await store.check()).problems).toEqual([]);
      store.close();
    }
  });

  it('in the middle of a rekey: the store opens, nothing is lost, and only one key is left', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const { id } = await store.people.add(aPerson({ number: '7', photo: aPhoto(), pinHash: 'phc' }));
    await someCheckins(store, id, 150);
    const checkins = store.checkins.list({ limit: 1000 });
    store.close();
    const seen = new Set<string>();
    for (let kill = 0; kill < 10; kill++) {
      await killed('rekey.ts', [home], 1, 3 + ((kill * 37) % 120));
      const slots = JSON.parse(readFileSync(join(home, 'keyslots.json'), 'utf8')) as { next?: object };
      seen.add(`${slots.next ? 'two keys' : 'one key'}, ${existsSync(rekeyedFile(home)) ? 'copy' : 'no copy'}`);
      const after = await openKiosk(home);
      expect(after.checkins.list({ limit: 1000 })).toEqual(checkins);
      expect([after.people.get(id)?.number, after.pins.hash(id)]).toEqual(['7', 'phc']);
      expect((await after.check()).problems).toEqual([]);
      after.close();
      const keys = await openKeys({ home, deviceSecret: null });
      expect([keys.next, existsSync(rekeyedFile(home))]).toEqual([null, false]);
    }
    expect(
      [...seen].some((state) => state.startsWith('two keys')),
      [...seen].join('; '),
    ).toBe(true);
  });
});

describe('rekey', () => {
  it('changes the page key and its wrapping, keeps everything else, and the old key opens nothing', async () => {
    const home = newFolder();
    let store = await openKiosk(home);
    const person = aPerson({ number: '7', photo: aPhoto(), pinHash: 'phc' });
    const { id } = await store.people.add(person);
    const gone = await store.people.add(aPerson());
    await someCheckins(store, id, 20, { photo: aPhoto(), gps: 'sealed' });
    await store.people.delete(gone.id); // leaves a value under the store's own key
    const before = {
      pending: store.outbox.pending(1000),
      checkins: store.checkins.list({ limit: 100 }),
      people: store.people.all(),
    };
    const keys = store.parts.keys;
    const old = { pages: keys.current.subkey('pages'), pepper: keys.subkey('pin-pepper') };
    const wrapped = store.session.db.prepare('SELECT records_key FROM person').pluck().get() as Buffer;

    expect(await store.rekey()).toMatchObject({ generation: 2, people: 1 });
    expect(store.closed).toBe(true);
    store = await openStore({ home, keys });
    const extra = await someCheckins(store, id, 1, { photo: aPhoto() });
    expect(store.outbox.pending(1000).slice(0, before.pending.length)).toEqual(before.pending);
    expect((await store.check()).problems).toEqual([]);
    expect(store.session.db.prepare('SELECT records_key FROM person').pluck().get()).not.toEqual(wrapped);
    expect(keys.current.subkey('pages')).not.toEqual(old.pages);
    expect(keys.subkey('pin-pepper')).toEqual(old.pepper);
    store.close();

    const { openSync, closeSync } = await import('node:fs');
    const handle = openSync(join(home, 'store.db'), 'r');
    const check = (key: Buffer): FirstPage => checkFirstPage(handle, join(home, 'store.db'), key);
    expect([check(old.pages), check(keys.current.subkey('pages')), check(randomBytes(32))]).toEqual([
      'foreign',
      'fits',
      'foreign',
    ]);
    closeSync(handle);
    const again = await openKiosk(home);
    expect({ people: again.people.all(), checkins: again.checkins.list({ limit: 100 }).slice(1) }).toEqual({
      people: before.people,
      checkins: before.checkins,
    });
    expect(again.checkins.list({ limit: 1 })).toEqual(extra);
    for (const { photo } of again.checkins.list({ limit: 100 }))
      expect((await again.photos.open(photo!)).length).toBe(4000);
    expect(readFileSync(join(home, 'store.db')).length % PAGE_BYTES).toBe(0);
  });

  it('that fails keeps the old key in use', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const { id } = await store.people.add(aPerson());
    store.session.db.prepare('UPDATE person SET photos_key = zeroblob(61)').run();
    await expect(store.rekey()).rejects.toMatchObject({ code: 'value-altered' });
    expect([store.parts.keys.next, store.parts.keys.current.generation, existsSync(rekeyedFile(home))]).toEqual([
      null,
      1,
      false,
    ]);
    await someCheckins(store, id, 2);
    store.close();
    expect(Object.keys(snapshot(home)).some((name) => name.includes('.next'))).toBe(false);
    expect((await openKiosk(home)).checkins.list({ limit: 9 })).toHaveLength(2);
  });

  it('whose copy can’t replace the store leaves the store in use as it was', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const { id } = await store.people.add(aPerson());
    const busy: boolean[] = [];
    const rekeyed = store.rekey({
      progress: (step) => step === 3 && rmSync(rekeyedFile(home)),
      busy: async (now) => void busy.push(now),
    });
    await expect(rekeyed).rejects.toMatchObject({ code: 'ENOENT' });
    expect(busy).toEqual([true, false]);
    expect(store.session.db.pragma('journal_mode', { simple: true })).toBe('wal');
    expect([store.parts.keys.next, store.parts.keys.current.generation]).toEqual([null, 1]);
    await someCheckins(store, id, 2);
    store.close();
    expect((await openKiosk(home)).checkins.list({ limit: 9 })).toHaveLength(2);
  });
});
