import { execFileSync, spawnSync } from 'node:child_process';
import { createDecipheriv, randomBytes } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyObject, open, type Place, seal } from '../../electron/core/keys/envelope.ts';
import { openKeys } from '../../electron/core/keys/index.ts';
import { PAGE_BYTES } from '../../electron/core/store/pages.ts';
import type { SqlStore } from '../../electron/core/store/store.ts';
import { aPerson, aPhoto, codeOf, embedding, MODEL, newFolder, openKiosk, someCheckins } from './kiosk.ts';
import { MARKS } from './marks.ts';

/** Every file in the folder, including WAL and vault, as one buffer each. */
function filesOf(home: string): { name: string; bytes: Buffer }[] {
  return (readdirSync(home, { recursive: true }) as string[])
    .filter((name) => statSync(join(home, name)).isFile())
    .map((name) => ({ name, bytes: readFileSync(join(home, name)) }));
}

/** Every page of the file in the clear, including free ones (SQLCipher 4: AES-256-CBC, IV in the page's reserve). */
function decrypted(file: string, key: Buffer): Buffer {
  const bytes = readFileSync(file);
  const pages = Array.from({ length: bytes.length / PAGE_BYTES }, (_, i) => {
    const page = bytes.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES);
    const decipher = createDecipheriv(
      'aes-256-cbc',
      key,
      page.subarray(PAGE_BYTES - 80, PAGE_BYTES - 64),
    ).setAutoPadding(false);
    return decipher.update(page.subarray(i === 0 ? 16 : 0, PAGE_BYTES - 80));
  });
  return Buffer.concat(pages);
}

function anyFileHolds(home: string, needle: Buffer): string[] {
  return filesOf(home)
    .filter(({ bytes }) => bytes.includes(needle))
    .map(({ name }) => name);
}

it('requires a consent for anything of a face, and none for someone without a face', async () => {
  const store = await openKiosk(newFolder());
  const faceless = { consent: null, templates: [], photo: null, number: '7', pinHash: 'phc' };
  await expect(store.people.add(aPerson({ ...faceless, templates: aPerson().templates }))).rejects.toThrow(RangeError);
  await expect(store.people.add(aPerson({ ...faceless, photo: aPhoto() }))).rejects.toThrow(RangeError);
  expect(await store.people.add(aPerson(faceless))).toMatchObject({ templates: 0, hasPin: true });
  expect(store.outbox.pending(10).map(({ header }) => header.type)).toEqual(['person', 'pin']);
  store.close();
});

describe('at rest', () => {
  it('no file holds a name, number, photo, PIN or template in the clear, while open and when closed', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const photo = new Uint8Array(Buffer.concat([MARKS.photo, randomBytes(3000)]));
    const person = aPerson({ name: MARKS.name, number: MARKS.number, photo, pinHash: MARKS.pin });
    await store.people.add(person);
    await someCheckins(store, person.id, 5, { photo, gps: 'GPS-IN-THE-CLEAR' });
    const needles = [
      Buffer.from(MARKS.name),
      Buffer.from('Plaintextovsky'),
      Buffer.from(MARKS.number),
      MARKS.photo,
      Buffer.from(MARKS.pin),
      Buffer.from('GPS-IN-THE-CLEAR'),
      MARKS.vector,
      Buffer.from(person.id),
      Buffer.from(person.id.replaceAll('-', ''), 'hex'),
      Buffer.from('fr_feature'),
      Buffer.from('SQLite format 3'),
    ];
    expect(existsSync(join(home, 'store.db-wal'))).toBe(true);
    expect(statSync(join(home, 'store.db-wal')).size).toBeGreaterThan(10_000);
    expect(readdirSync(join(home, 'storage/faces'))).toHaveLength(6);
    for (const needle of needles) expect(anyFileHolds(home, needle)).toEqual([]);
    store.close();
    for (const needle of needles) expect(anyFileHolds(home, needle)).toEqual([]);
  });

  it('all files are private, and no others exist', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    await store.people.add(aPerson({ photo: aPhoto() }));
    for (const { name } of filesOf(home)) expect([name, statSync(join(home, name)).mode & 0o077]).toEqual([name, 0]);
    store.close();
    expect(readdirSync(home).sort()).toEqual([
      'device-secret',
      'keyslots.json',
      'reserve-erasures.bin',
      'reserve.bin',
      'storage',
      'store.db',
    ]);
  });

  const cli = spawnSync('sqlcipher', ['-version'], { encoding: 'utf8' });
  const missing = cli.status !== 0;
  if (missing)
    console.warn(
      '\n!!! SKIPPED: sqlcipher is not installed, so no other program opened the store (apt-get install sqlcipher)\n',
    );
  it.skipIf(missing)('Debian’s sqlcipher opens the store only with the derived key', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const { id } = await store.people.add(aPerson());
    await someCheckins(store, id, 7);
    store.close();
    const keys = await openKeys({ home, deviceSecret: null });
    const ask = (key: Buffer) =>
      execFileSync(
        'sqlcipher',
        [
          join(home, 'store.db'),
          `PRAGMA key="x'${key.toString('hex')}'"; PRAGMA cipher_page_size=${PAGE_BYTES}; SELECT count(*) FROM event; SELECT count(*) FROM checkin; PRAGMA cipher_integrity_check; PRAGMA integrity_check;`,
        ],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
      );
    expect(ask(keys.current.subkey('pages')).trim().split('\n')).toEqual(['ok', '10', '7', 'ok']);
    expect(() => ask(randomBytes(32))).toThrow(/not a database/);
  });
});

describe('an envelope', () => {
  const place = fc.record({
    field: fc.string(),
    person: fc.string(),
    record: fc.string(),
    row: fc.nat(),
    key: fc.nat(),
  });

  it('opens only in its own place', () => {
    fc.assert(
      fc.property(place, place, fc.uint8Array(), (here, there, plain) => {
        const key = keyObject(randomBytes(32));
        const sealed = seal(key, here, plain, randomBytes);
        expect(open(key, here, sealed)).toEqual(Buffer.from(plain));
        if (JSON.stringify(here) !== JSON.stringify(there))
          expect(() => open(key, there, sealed)).toThrow(/altered, swapped or replayed/);
        expect(() => open(keyObject(randomBytes(32)), here, sealed)).toThrow();
      }),
      { numRuns: 200 },
    );
  });

  it('does not open if any part of its place differs', () => {
    const key = keyObject(randomBytes(32));
    const here: Place = { field: 'f', person: 'p', record: 'r', row: 1, key: 1 };
    const sealed = seal(key, here, 'value', randomBytes);
    for (const change of [{ field: 'g' }, { person: 'q' }, { record: 's' }, { row: 2 }, { key: 2 }])
      expect(() => open(key, { ...here, ...change }, sealed), JSON.stringify(change)).toThrow(/altered/);
    expect(() => open(key, { ...here, person: '', record: 'pr' }, sealed)).toThrow(/altered/);
  });

  it('does not open with any bit changed, removed or added', () => {
    const key = keyObject(randomBytes(32));
    const here: Place = { field: 'f', person: 'p', record: 'r', row: 1, key: 1 };
    const sealed = seal(key, here, 'value', randomBytes);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => open(key, here, changed)).toThrow(/altered/);
    }
    for (let keep = 0; keep < sealed.length; keep++)
      expect(() => open(key, here, sealed.subarray(0, keep))).toThrow(/altered/);
    expect(() => open(key, here, Buffer.concat([sealed, Buffer.of(0)]))).toThrow(/altered/);
  });
});

describe('someone who can write into the open database', () => {
  async function twoPeople(): Promise<{ store: SqlStore; a: string; b: string; home: string }> {
    const home = newFolder();
    const store = await openKiosk(home);
    const a = await store.people.add(aPerson({ name: 'Person A', pinHash: 'hash-a' }));
    const b = await store.people.add(
      aPerson({
        name: 'Person B',
        pinHash: 'hash-b',
        templates: [{ pose: 'front', model: MODEL, embedding: embedding(9) }],
      }),
    );
    await someCheckins(store, a.id, 2, { gps: 'gps-a' });
    await someCheckins(store, b.id, 2, { gps: 'gps-b' });
    return { store, a: a.id, b: b.id, home };
  }
  const altered = async (store: SqlStore) => [...new Set((await store.check()).problems.map((p) => p.code))];
  const swap = (table: string, column: string, key: string, [x, y]: [number, number]) =>
    `UPDATE ${table} SET ${column} = CASE ${key} WHEN ${x} THEN (SELECT ${column} FROM ${table} WHERE ${key} = ${y}) ELSE (SELECT ${column} FROM ${table} WHERE ${key} = ${x}) END WHERE ${key} IN (${x}, ${y})`;

  it('can’t swap two people’s templates, PINs, event values or positions, nor two records of one person', async () => {
    const { store } = await twoPeople();
    const { db } = store.session;
    db.exec('DROP TRIGGER value_only_goes');
    const numbers = db.prepare('SELECT n FROM checkin ORDER BY n').pluck().all() as number[];
    const cases: string[] = [
      swap('template', 'sealed', 'ref', [1, 2]),
      swap('pin', 'sealed', 'person', [1, 2]),
      swap('event', 'sealed', 'n', [numbers[0]!, numbers[2]!]),
      swap('event', 'sealed', 'n', [numbers[0]!, numbers[1]!]),
      swap('checkin_gps', 'sealed', 'n', [numbers[0]!, numbers[1]!]),
      `UPDATE event SET sealed = (SELECT sealed FROM checkin_gps g WHERE g.n = event.n) WHERE n = ${numbers[0]}`,
      'UPDATE template SET person = 3 - person',
      "UPDATE template SET model = 'another-model' WHERE ref = 1",
      'UPDATE pin SET row_version = row_version + 1',
    ];
    expect(await altered(store)).toEqual([]);
    for (const sql of cases) {
      db.exec('SAVEPOINT s');
      db.exec(sql);
      expect(await altered(store), sql).toContain('value-altered');
      db.exec('ROLLBACK TO s; RELEASE s');
    }
  });

  it('can’t swap two people’s profiles or keys unseen', async () => {
    for (const column of ['profile', 'records_key', 'photos_key']) {
      const { store, home } = await twoPeople();
      store.session.db.exec(swap('person', column, 'ref', [1, 2]));
      store.close();
      // The photos' key is opened on demand, the others immediately.
      if (column === 'photos_key') expect(await altered(await openKiosk(home))).toContain('value-altered');
      else expect(await codeOf(() => openKiosk(home))).toBe('value-altered');
    }
  });

  it('can’t restore an old name, opt-out or PIN', async () => {
    const { store, a, home } = await twoPeople();
    const { db } = store.session;
    const old = db.prepare('SELECT profile FROM person WHERE ref = 1').pluck().get() as Buffer;
    const oldPin = db.prepare('SELECT sealed FROM pin WHERE person = 1').pluck().get() as Buffer;
    store.people.update(a, { name: 'Person A Married' });
    store.pins.set(a, 'hash-a-2');
    db.prepare('UPDATE pin SET sealed = ? WHERE person = 1').run(oldPin);
    expect(await codeOf(() => store.pins.hash(a))).toBe('value-altered');
    db.prepare('UPDATE person SET profile = ? WHERE ref = 1').run(old);
    store.close();
    expect(await codeOf(() => openKiosk(home))).toBe('value-altered');
  });
});

describe('photos', () => {
  it('open only for their own record: altered, swapped, renamed or missing ones have a code', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const a = await store.people.add(aPerson());
    const b = await store.people.add(aPerson());
    const [one] = await someCheckins(store, a.id, 1, { photo: aPhoto() });
    const [two] = await someCheckins(store, b.id, 1, { photo: aPhoto() });
    const [three] = await someCheckins(store, a.id, 1, { photo: aPhoto() });
    const file = (photo: string | null | undefined) => store.parts.vault.file(photo!);
    expect(await store.photos.open(one!.photo!)).toHaveLength(4000);

    const good = readFileSync(file(one!.photo));
    copyFileSync(file(two!.photo), file(one!.photo));
    expect(await codeOf(() => store.photos.open(one!.photo!))).toBe('photo-altered');
    const changed = Buffer.from(good);
    changed[2000]! ^= 1;
    writeFileSync(file(one!.photo), changed);
    expect(await codeOf(() => store.photos.open(one!.photo!))).toBe('photo-altered');
    writeFileSync(file(one!.photo), good);

    // An attacker who can also write the database swaps the addresses: of two people, and of two records of one.
    const { db } = store.session;
    const swap = db.prepare('UPDATE photo SET address = ? WHERE address = ?');
    for (const other of [two!, three!]) {
      const [x, y] = [Buffer.from(one!.photo!, 'base64url'), Buffer.from(other.photo!, 'base64url')];
      const exchange = () => {
        swap.run(Buffer.alloc(32), x);
        swap.run(x, y);
        swap.run(y, Buffer.alloc(32));
      };
      exchange();
      expect(await codeOf(() => store.photos.open(one!.photo!))).toBe('photo-altered');
      exchange();
    }
    expect((await store.check()).problems).toEqual([]);
    renameSync(file(one!.photo), `${file(one!.photo)}.away`);
    expect(await codeOf(() => store.photos.open(one!.photo!))).toBe('photo-missing');
    expect((await store.check()).problems.map((p) => p.code)).toEqual(['photo-missing']);
    expect(await codeOf(() => store.photos.open(randomBytes(32).toString('base64url')))).toBe('photo-unknown');
  });

  it('that no record refers to, and temporary files, are deleted at the next start', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const { id } = await store.people.add(aPerson({ photo: aPhoto() }));
    const faces = join(home, 'storage/faces');
    writeFileSync(join(faces, `${'ab'.repeat(32)}.photo`), 'orphan');
    writeFileSync(join(faces, `${'cd'.repeat(32)}.photo.tmp`), 'half');
    writeFileSync(join(faces, 'README'), 'not ours');
    expect((await store.check()).problems.map((p) => p.code)).toEqual(['photo-stray']);
    store.close();
    const again = await openKiosk(home);
    expect(readdirSync(faces)).toHaveLength(2);
    expect(readdirSync(faces)).toContain('README');
    expect(again.people.get(id)).not.toBeNull();
  });

  it('whose record could not be written are deleted again', async () => {
    const store = await openKiosk(newFolder());
    const { id } = await store.people.add(aPerson());
    store.session.db.exec(
      "CREATE TEMP TRIGGER no BEFORE INSERT ON main.event WHEN new.type = 0 BEGIN SELECT RAISE(ABORT, 'planted'); END",
    );
    await expect(someCheckins(store, id, 1, { photo: aPhoto() })).rejects.toThrow('planted');
    expect(store.parts.vault.list()).toEqual([]);
    expect(store.outbox.pending(100).some((e) => e.header.type === 'checkin')).toBe(false);
  });
});

describe('deleting a person', () => {
  it('destroys keys, names, templates, PIN, photos and event values, in the file, its log and the vault', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const gone = await store.people.add(
      aPerson({ name: 'To Be Forgotten', number: '4711', photo: aPhoto(), pinHash: 'phc' }),
    );
    const stays = await store.people.add(aPerson({ name: 'Stays', photo: aPhoto() }));
    await someCheckins(store, gone.id, 3, { photo: aPhoto(), gps: 'sealed' });
    await someCheckins(store, stays.id, 1, { photo: aPhoto() });
    const { db } = store.session;
    const keys = db
      .prepare('SELECT records_key, photos_key, profile FROM person WHERE ref = 1')
      .raw()
      .get() as Buffer[];
    const sealed = db.prepare('SELECT sealed FROM checkin WHERE person = 1').pluck().all() as Buffer[];
    await store.people.delete(gone.id);

    expect(store.people.get(gone.id)).toBeNull();
    expect(store.people.byNumber('4711')).toBeNull();
    expect(db.prepare('SELECT person FROM template').pluck().all()).toEqual([2]);
    expect(store.parts.vault.list()).toHaveLength(2);
    expect(store.checkins.list({ limit: 9 }).map((c) => c.name)).toEqual(['Stays', null, null, null]);
    expect(await codeOf(() => store.people.delete(gone.id))).toBe('person-unknown');
    // The server learns of it with only the id. Once that is safe, the id is deleted too.
    const last = store.outbox.pending(100).at(-1)!;
    expect([last.header.open, last.personal.person?.value]).toEqual([{ change: 'deleted' }, gone.id]);
    store.outbox.acknowledge(store.epoch, { committed: last.header.seq, safe: last.header.seq });
    expect(db.prepare('SELECT count(*) FROM event WHERE person IS NULL AND sealed IS NOT NULL').pluck().get()).toBe(0);

    // Not even the wrapped keys or ciphertexts remain in free space: read every page decrypted.
    store.scrubLog();
    const whole = decrypted(
      join(home, 'store.db'),
      (await openKeys({ home, deviceSecret: null })).current.subkey('pages'),
    );
    expect(whole.includes(Buffer.from('event_never_changes'))).toBe(true); // the search does find plaintext in pages
    for (const remnant of [...keys, ...sealed]) expect(whole.includes(remnant.subarray(0, 24))).toBe(false);
    expect((await store.check()).problems).toEqual([]);
  });

  it('leaves nothing in the log of a process that died before it emptied it', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    await store.people.add(aPerson());
    const died = newFolder();
    cpSync(home, died, { recursive: true });
    const log = join(died, 'store.db-wal');
    expect(statSync(log).size).toBeGreaterThan(0);
    const again = await openKiosk(died);
    expect([statSync(log).size, again.people.count()]).toEqual([0, 1]);
  });

  it('while their photo is being written leaves no check-in and no photo', async () => {
    const store = await openKiosk(newFolder());
    const { id } = await store.people.add(aPerson());
    const recording = someCheckins(store, id, 1, { photo: aPhoto() });
    await store.people.delete(id);
    await expect(recording).rejects.toMatchObject({ code: 'person-unknown' });
    expect(store.parts.vault.list()).toEqual([]);
    expect((await store.check()).problems).toEqual([]);
  });
});
