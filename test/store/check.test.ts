import { randomBytes } from 'node:crypto';
import { closeSync, cpSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openKeys } from '../../electron/core/keys/index.ts';
import { checkClosedStore } from '../../electron/core/store/index.ts';
import { PAGE_BYTES } from '../../electron/core/store/pages.ts';
import { Problem } from '../../sync/errors/problem.ts';
import { printedRandom } from '../chance.ts';
import { aPerson, aPhoto, newFolder, openKiosk, someCheckins } from './kiosk.ts';

const random = printedRandom('bits flipped');

/** Makes a closed store that has every kind of row, and free pages too. */
async function fullKiosk(): Promise<string> {
  const home = newFolder();
  const store = await openKiosk(home);
  const a = await store.people.add(aPerson({ number: '1', pinHash: 'phc', photo: aPhoto() }));
  const b = await store.people.add(aPerson({ number: '2' }));
  await someCheckins(store, a.id, 5, { photo: aPhoto(), gps: 'sealed' });
  await someCheckins(store, b.id, 5);
  store.checkins.void(store.checkins.list({ limit: 1 })[0]!.id, 'staff');
  store.settings.set('k', 'v'.repeat(5000));
  store.settings.set('k', 'v'); // leaves free pages
  store.outbox.acknowledge(store.epoch, { committed: 4, safe: 2 });
  store.close();
  return home;
}

function flipBit(file: string, bit: number): void {
  const handle = openSync(file, 'r+');
  const byte = Buffer.alloc(1);
  const at = Math.floor(bit / 8);
  readSync(handle, byte, 0, 1, at);
  byte[0]! ^= 1 << (bit % 8);
  writeSync(handle, byte, 0, 1, at);
  closeSync(handle);
}

function sizeOf(file: string): number {
  const handle = openSync(file, 'r');
  const { size } = fstatSync(handle);
  closeSync(handle);
  return size;
}

describe('store check', () => {
  it('finds nothing wrong with an intact store, and says what it read', async () => {
    const store = await openKiosk(await fullKiosk());
    const report = await store.check();
    expect(report).toMatchObject({ events: 18, people: 2, templates: 2, photos: 6, problems: [] });
    expect(report.pages).toBe(sizeOf(join(store.parts.home, 'store.db')) / PAGE_BYTES);
    expect(report.values).toBeGreaterThan(30);
    expect(store.session.db.pragma('freelist_count', { simple: true })).toBeGreaterThan(0);
  });

  it('finds a flipped bit in every page of the file: in its content, its IV and its HMAC', async () => {
    const good = await fullKiosk();
    const pages = sizeOf(join(good, 'store.db')) / PAGE_BYTES;
    const home = join(newFolder(), 'copy');
    cpSync(good, home, { recursive: true });
    const file = join(home, 'store.db');
    const keys = await openKeys({ home, deviceSecret: null });
    const within = [0, 15, 16, 100, PAGE_BYTES - 81, PAGE_BYTES - 80, PAGE_BYTES - 64, PAGE_BYTES - 1];
    for (let page = 0; page < pages; page++) {
      for (const at of [...within, Math.floor(random() * PAGE_BYTES)]) {
        const bit = (page * PAGE_BYTES + at) * 8 + Math.floor(random() * 8);
        flipBit(file, bit);
        const { problems } = await checkClosedStore(home, keys);
        expect(
          problems.map((p) => p.code),
          `page ${page + 1}, byte ${at}`,
        ).toContain('page-damaged');
        flipBit(file, bit);
      }
    }
    expect((await checkClosedStore(home, keys)).problems).toEqual([]);
  });

  it('finds it in a store that still opens; otherwise opening reports the damage', async () => {
    const good = await fullKiosk();
    const pages = sizeOf(join(good, 'store.db')) / PAGE_BYTES;
    let opened = 0;
    for (let page = 1; page <= pages; page += 3) {
      const home = join(newFolder(), 'copy');
      cpSync(good, home, { recursive: true });
      flipBit(join(home, 'store.db'), ((page - 1) * PAGE_BYTES + 500) * 8 + 3);
      try {
        const store = await openKiosk(home);
        opened++;
        const codes = (await store.check()).problems.map((p) => p.code);
        expect(codes, `page ${page}`).toContain('page-damaged');
        store.close();
      } catch (error) {
        expect((error as Problem).code, `page ${page}: ${(error as Error).stack}`).toBe('store-damaged');
        expect(error).toBeInstanceOf(Problem);
      }
    }
    expect(opened).toBeGreaterThan(0);
  });

  it('finds an outbox with impossible marks or a missing event, and dangling references', async () => {
    const store = await openKiosk(await fullKiosk());
    const { db } = store.session;
    const codesAfter = async (sql: string) => {
      db.exec('SAVEPOINT s');
      db.exec(sql);
      const codes = (await store.check()).problems.map((p) => p.code);
      db.exec('ROLLBACK TO s; RELEASE s');
      return codes.filter((code) => code !== 'store-in-use'); // the open savepoint prevents the log from being emptied
    };
    expect(await codesAfter('UPDATE epoch SET committed = 1')).toContain('outbox-incomplete');
    store.session.log.refreshEpochs();
    db.exec('UPDATE epoch SET committed = 99');
    store.session.log.refreshEpochs();
    expect((await store.check()).problems.map((p) => p.code)).toContain('outbox-marks');
    db.exec('UPDATE epoch SET committed = 4');
    store.session.log.refreshEpochs();
    expect(
      await codesAfter('DROP TRIGGER event_stays_until_safe; DELETE FROM checkin_note; DELETE FROM event WHERE n = 18'),
    ).toContain('outbox-incomplete');
    expect(await codesAfter('INSERT INTO checkin_note(n) VALUES (18)')).toEqual(['checkin-stray']);
    const loose = 'DROP TRIGGER event_never_changes; DROP TRIGGER value_only_goes; UPDATE event SET';
    expect(await codesAfter(`${loose} person = 99 WHERE n = 1`)).toContain('reference-broken');
    expect(await codesAfter(`${loose} boot = 99 WHERE n = 1`)).toContain('reference-broken');
    expect((await store.check()).problems).toEqual([]);
  });

  it('finds a value that differs from its commitment, even if sealed with the right key', async () => {
    const store = await openKiosk(await fullKiosk());
    const { db, values, people, log } = store.session;
    db.exec('DROP TRIGGER value_only_goes');
    const row = log.row(12)!;
    const person = people.byRef(db.prepare('SELECT person FROM checkin WHERE n = 12').pluck().get() as number)!;
    const { uuidText } = await import('../../electron/core/store/header.ts');
    const record = uuidText(row.id);
    const salted = values.of(row).filter((one) => !['photo', 'photoKey', 'gps'].includes(one.field));
    const forged = salted.map((one) => (one.field === 'score' ? { ...one, text: '0.99' } : one));
    db.prepare('UPDATE event SET sealed = ? WHERE n = 12').run(values.seal('checkin.match', person, record, forged));
    expect((await store.check()).problems.map((p) => p.code)).toEqual(['commitment-broken']);
    const resalted = salted.map((one) => (one.field === 'score' ? { ...one, salt: randomBytes(16) } : one));
    db.prepare('UPDATE event SET sealed = ? WHERE n = 12').run(values.seal('checkin.match', person, record, resalted));
    expect((await store.check()).problems.map((p) => p.code)).toEqual(['commitment-broken']);
  });

  it('runs alongside check-ins, which wait for at most one chunk', async () => {
    const store = await openKiosk(newFolder());
    const { id } = await store.people.add(aPerson());
    await someCheckins(store, id, 600);
    let done = false;
    const checking = store.check().finally(() => {
      done = true;
    });
    let during = 0;
    while (!done) {
      await someCheckins(store, id, 1);
      during++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await checking).problems).toEqual([]);
    expect(during).toBeGreaterThan(2);
  });
});
