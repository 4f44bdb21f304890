import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { destroyEverything } from '../../electron/core/leaving/destroy.ts';
import { PENDING_DAYS, runRetention } from '../../electron/core/retention/retention.ts';
import type { SqlStore } from '../../electron/core/store/store.ts';
import { type Change, Policy } from '../../sync/protocol/wire/changes.ts';
import { printedRandom } from '../chance.ts';
import { decryptedPages } from '../policy/erasure-search.ts';
import { aPending, aPerson, codeOf, heldClock, MODEL, newFolder, openKiosk } from './kiosk.ts';

const random = printedRandom('reviews killed');

/* Pictures of an import that wait for staff's decision, in the kiosk's store. */

const DAY = 86_400_000;
const MARK = Buffer.from('JPEG-PIXELS-IN-THE-CLEAR');
const picture = () => new Uint8Array(Buffer.concat([MARK, randomBytes(2000)]));

const files = (home: string) => readdirSync(join(home, 'storage/faces'));
const rows = (store: SqlStore) =>
  store.session.db.prepare('SELECT outcome, key, address, about FROM pending_photo ORDER BY ref').all() as {
    outcome: string | null;
    key: Buffer | null;
    address: Buffer | null;
    about: Buffer | null;
  }[];

describe('a picture waiting for review', () => {
  it('and its person are nowhere in the clear, while open and when closed, and anyone with access to the store can open it', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const kept = picture();
    const label = 'Xenophon Plaintextovsky';
    await store.imports.keep(aPending({ label, file: 'xenophon.jpg', picture: kept, original: kept }));
    const clear = () =>
      (readdirSync(home, { recursive: true }) as string[])
        .filter((name) => statSync(join(home, name)).isFile())
        .filter((name) => {
          const bytes = readFileSync(join(home, name));
          return [MARK, Buffer.from(label), Buffer.from('xenophon.jpg')].some((needle) => bytes.includes(needle));
        });
    expect(clear()).toEqual([]);
    const [item] = store.imports.list();
    expect(item).toMatchObject({ label, reason: 'asked', consent: '2026-1' });
    expect(new Uint8Array(await store.imports.open(item!.id))).toEqual(kept);
    expect((await store.check()).problems).toEqual([]);
    store.close();
    expect(clear()).toEqual([]);
    const again = await openKiosk(home);
    expect(new Uint8Array(await again.imports.open(item!.id))).toEqual(kept);
  });

  it('is bound to its item: another item’s file, or an altered one, does not open', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    for (const label of ['A', 'B']) await store.imports.keep(aPending({ label, picture: picture() }));
    const [a, b] = store.imports.list();
    // Moved to the other's row, as someone with write access to the file could do.
    const { db } = store.session;
    const addresses = db.prepare('SELECT address FROM pending_photo ORDER BY ref').pluck().all() as Buffer[];
    db.prepare('UPDATE pending_photo SET address = NULL').run();
    db.prepare('UPDATE pending_photo SET address = ? WHERE ref = 1').run(addresses[1]!);
    db.prepare('UPDATE pending_photo SET address = ? WHERE ref = 2').run(addresses[0]!);
    expect(await codeOf(() => store.imports.open(a!.id))).toBe('photo-altered');
    expect((await store.check()).problems.map(({ code }) => code)).toEqual(['photo-altered', 'photo-altered']);
    db.prepare('UPDATE pending_photo SET address = NULL').run();
    db.prepare('UPDATE pending_photo SET address = ? WHERE ref = 1').run(addresses[0]!);
    db.prepare('UPDATE pending_photo SET address = ? WHERE ref = 2').run(addresses[1]!);
    rmSync(store.parts.vault.file(addresses[1]!.toString('base64url')));
    expect(await codeOf(() => store.imports.open(b!.id))).toBe('photo-missing');
    writeFileSync(store.parts.vault.file(addresses[0]!.toString('base64url')), randomBytes(3000));
    expect(await codeOf(() => store.imports.open(a!.id))).toBe('photo-altered');
  });

  it('is bound to its item by its key: another item’s whole row does not open', async () => {
    const store = await openKiosk(newFolder());
    for (const label of ['A', 'B']) await store.imports.keep(aPending({ label, picture: picture() }));
    const [a] = store.imports.list();
    const { db } = store.session;
    const other = db.prepare('SELECT key, address, about FROM pending_photo WHERE ref = 2').get() as {
      key: Buffer;
      address: Buffer;
      about: Buffer;
    };
    db.prepare('DELETE FROM pending_photo WHERE ref = 2').run();
    db.prepare('UPDATE pending_photo SET key = ?, address = ?, about = ? WHERE ref = 1').run(
      other.key,
      other.address,
      other.about,
    );
    expect(await codeOf(() => store.imports.open(a!.id))).toBe('value-altered');
  });

  it('survives the removal of orphaned files at the next start', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const kept = picture();
    await store.imports.keep(aPending({ picture: kept }));
    store.close();
    writeFileSync(join(home, 'storage/faces', `${'ab'.repeat(32)}.photo`), 'left over by a kill', { mode: 0o600 });
    const again = await openKiosk(home);
    expect(files(home)).toHaveLength(1);
    expect(new Uint8Array(await again.imports.open(again.imports.list()[0]!.id))).toEqual(kept);
  });

  it('is stored once, however often the same file arrives under the same name, and does not return once decided', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const one = () => aPending({ picture: picture() });
    expect([await store.imports.keep(one()), await store.imports.keep(one())]).toEqual(['waiting', 'waiting']);
    expect([store.imports.count(), files(home).length]).toEqual([1, 1]);
    // For someone else it is a separate item.
    await store.imports.keep({ ...one(), label: 'Bob' });
    expect(store.imports.count()).toBe(2);
    await store.imports.settle(store.imports.list()[0]!.id, 'refused');
    expect(await store.imports.keep(one())).toBe('refused');
    expect([store.imports.count(), files(home).length]).toEqual([1, 1]);
    expect(rows(store)[0]).toEqual({ outcome: 'refused', key: null, address: null, about: null });
    expect(store.imports.state('Ada Lovelace', new Uint8Array([1, 2, 3]))).toBe('refused');
    expect(store.imports.state('Ada Lovelace', new Uint8Array([9]))).toBeNull();
  });

  it('leaves no byte behind in any page or file when rejected', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const label = 'Xenophon Plaintextovsky';
    await store.imports.keep(aPending({ label, picture: picture() }));
    const { key, about } = rows(store)[0]!;
    await store.imports.settle(store.imports.list()[0]!.id, 'refused');
    expect(files(home)).toEqual([]);
    const keys = store.parts.keys;
    store.close();
    const pages = decryptedPages(join(home, 'store.db'), keys.current.subkey('pages'));
    for (const gone of [key!, about!, Buffer.from(label)]) expect(pages.includes(gone)).toBe(false);
  });
});

describe('kill -9', () => {
  it('in the middle of storing and deciding: confirmed decisions hold, nothing is duplicated, and no file is left over', async () => {
    const home = newFolder();
    (await openKiosk(home)).close();
    const said = new Map<string, string>();
    for (let kill = 0; kill < 4; kill++) {
      const child: ChildProcess = spawn(
        process.execPath,
        [join(import.meta.dirname, 'children/review.ts'), home, String(kill * 1000)],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      let text = '';
      let armed = false;
      child.stdout!.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
        if (armed || text.split('\n').length < 12 + kill * 9) return;
        armed = true;
        setTimeout(() => child.kill('SIGKILL'), random() * 4);
      });
      await new Promise((resolve) => child.once('close', resolve));
      for (const line of text.slice(0, text.lastIndexOf('\n')).split('\n').slice(1)) {
        const [, state, label] = /^(\w+) (.*)$/.exec(line)!;
        said.set(label!, state!);
      }
    }
    expect(said.size).toBeGreaterThan(20);
    const store = await openKiosk(home);
    for (const [label, state] of said) {
      const now = store.imports.state(label, Buffer.from(label));
      // One reported as kept may have been refused at the moment of the kill.
      expect(state === 'kept' ? ['waiting', 'refused'] : ['refused']).toContain(now);
    }
    const waiting = store.imports.list();
    expect(new Set(waiting.map(({ label }) => label)).size).toBe(waiting.length);
    expect(files(home)).toHaveLength(waiting.length);
    for (const { id } of waiting) expect(await store.imports.open(id)).toHaveLength(3000);
    expect((await store.check()).problems).toEqual([]);
  });
});

describe('the end of a waiting picture', () => {
  it('comes after two weeks by trusted time, is counted, and reported to the server without a name', async () => {
    const clock = heldClock(Date.UTC(2027, 0, 1));
    const home = newFolder();
    const store = await openKiosk(home, {}, { clock });
    const policy = { photoDays: 90, gpsDays: 30 };
    await store.imports.keep(aPending({ label: 'Old', picture: picture() }));
    clock.pass(2 * DAY);
    await store.imports.keep(aPending({ label: 'Young', picture: picture() }));
    clock.pass((PENDING_DAYS - 2) * DAY);
    expect(await runRetention(store, clock.now(), policy)).toEqual({ photos: 0, gps: 0, pending: 0 });
    clock.pass(1);
    expect(await runRetention(store, clock.now(), policy)).toEqual({ photos: 0, gps: 0, pending: 1 });
    expect(store.imports.list().map(({ label }) => label)).toEqual(['Young']);
    expect(files(home)).toHaveLength(1);
    const notified = store.outbox.pending(100).filter(({ header }) => header.type === 'health');
    expect(notified.map(({ header }) => header.open)).toEqual([
      { code: 'review-photos-purged', detail: { removed: 1 } },
    ]);
    // An undecided picture may be imported again; a refused one is remembered for a while.
    await store.imports.settle(store.imports.list()[0]!.id, 'refused');
    expect(await store.imports.keep(aPending({ label: 'Old', picture: picture() }))).toBe('waiting');
    clock.pass(88 * DAY);
    await runRetention(store, clock.now(), policy);
    expect(store.imports.state('Young', new Uint8Array([1, 2, 3]))).toBeNull();
  });

  it.each([
    ['is named like them', { label: 'ada LOVELACE' }],
    ['is named with their number', { label: 'A 17' }],
    ['was matched with them', { label: 'x', person: 'them' }],
    ['shows their face', { label: 'Someone Else', duplicate: 'them' }],
  ])('comes with the erasure of a person, here or by the server, if the picture %s', async (_what, change) => {
    for (const how of ['here', 'server'] as const) {
      const home = newFolder();
      const store = await openKiosk(home);
      const { id } = await store.people.add(aPerson({ number: 'a/17' }));
      const them = (value?: string) => (value === 'them' ? id : null);
      const about = change as { label: string; person?: string; duplicate?: string };
      await store.imports.keep(
        aPending({
          label: about.label,
          person: them(about.person),
          duplicate: them(about.duplicate),
          picture: picture(),
        }),
      );
      await store.imports.keep(aPending({ label: 'Bob', picture: picture() }));
      if (how === 'here') await store.people.delete(id);
      else
        await store.roster.apply({
          cursor: 'c1',
          changes: [{ kind: 'erase', request: randomUUID(), person: id }],
          whole: false,
          more: false,
        });
      expect(store.imports.list().map(({ label }) => label)).toEqual(['Bob']);
      expect(files(home)).toHaveLength(1);
      expect((await store.check()).problems).toEqual([]);
      store.close();
    }
  });

  it('comes when its person leaves this kiosk, since a later erasure would not reach their name here', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const { id } = await store.people.add(aPerson({ name: 'Ada Lovelace' }));
    await store.imports.keep(aPending({ picture: picture() }));
    await store.imports.keep(aPending({ label: 'Bob', picture: picture() }));
    const gone = { kind: 'removed', person: id } as const;
    await store.roster.apply({ cursor: 'c1', changes: [gone], whole: false, more: false });
    expect(store.imports.list().map(({ label }) => label)).toEqual(['Bob']);
    expect(files(home)).toHaveLength(1);
    expect((await store.check()).problems).toEqual([]);
  });

  it.each([
    ['switches faces off', { faces: 'off' }],
    ['moves templates onto cards', { templates: 'card' }],
  ] as const)('comes for all when the site %s, and is counted', async (_what, change) => {
    const home = newFolder();
    const store = await openKiosk(home);
    const notify = (policy: object, cursor: string) =>
      store.roster.apply({
        cursor,
        changes: [{ kind: 'policy', policy: Policy.parse({ leaseDays: 30, ...policy }) }],
        whole: false,
        more: false,
      });
    for (const label of ['A', 'B']) await store.imports.keep(aPending({ label, picture: picture() }));
    await notify({ faces: 'on' }, 'c1');
    expect(store.imports.count()).toBe(2);
    await notify(change, 'c2');
    expect([store.imports.count(), files(home).length]).toEqual([0, 0]);
    const notified = store.outbox.pending(100).filter(({ header }) => header.type === 'health');
    expect(notified.map(({ header }) => header.open)).toEqual([
      { code: 'review-photos-purged', detail: { removed: 2 } },
    ]);
    expect((await store.check()).problems).toEqual([]);
  });

  it('comes when a person’s templates are withdrawn, since they may have withdrawn their consent', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const { id } = await store.people.add(aPerson({ name: 'Ada Lovelace' }));
    store.outbox.acknowledge(store.epoch, {
      committed: store.session.log.last - store.session.log.epoch.base,
      safe: 0,
    });
    const templates: Change = { kind: 'templates', person: id, model: MODEL, templates: [] };
    await store.imports.keep(aPending({ picture: picture() }));
    await store.imports.keep(aPending({ label: 'Bob', picture: picture() }));
    await store.roster.apply({ cursor: 'c1', changes: [templates], whole: false, more: false });
    expect(store.imports.list().map(({ label }) => label)).toEqual(['Bob']);
    expect(files(home)).toHaveLength(1);
  });

  it('is not prevented by a picture that can’t be decrypted: it is deleted with its person', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const { id } = await store.people.add(aPerson({ name: 'Ada Lovelace' }));
    await store.imports.keep(aPending({ label: 'Bob', picture: picture() }));
    await store.imports.keep(aPending({ label: 'Eve', picture: picture() }));
    store.session.db.prepare('UPDATE pending_photo SET key = randomblob(60) WHERE ref = 1').run();
    await store.people.delete(id);
    expect(store.people.get(id)).toBeNull();
    expect(store.imports.list().map(({ label }) => label)).toEqual(['Eve']);
    expect(files(home)).toHaveLength(1);
  });

  it('also deletes the remembered decision for that person', async () => {
    const store = await openKiosk(newFolder());
    const { id } = await store.people.add(aPerson({ name: 'Bob' }));
    await store.imports.keep(aPending());
    await store.imports.settle(store.imports.list()[0]!.id, 'accepted', id);
    expect(rows(store)).toHaveLength(1);
    await store.people.delete(id);
    expect(rows(store)).toEqual([]);
  });
});

it('a rekey includes waiting pictures, and the old key opens none', async () => {
  const home = newFolder();
  let store = await openKiosk(home);
  const kept = picture();
  await store.imports.keep(aPending({ picture: kept }));
  await store.imports.keep(aPending({ label: 'Bob', picture: picture() }));
  await store.imports.settle(store.imports.list()[1]!.id, 'refused');
  const { id } = store.imports.list()[0]!;
  const before = rows(store)[0]!.key!;
  await store.rekey();
  store = await openKiosk(home);
  expect(rows(store)[0]!.key!.equals(before)).toBe(false);
  expect(new Uint8Array(await store.imports.open(id))).toEqual(kept);
  expect((await store.check()).problems).toEqual([]);
  // What was stored under the old key can no longer be opened.
  store.session.db.prepare('UPDATE pending_photo SET key = ? WHERE ref = 1').run(before);
  expect(await codeOf(() => store.imports.open(id))).toBe('value-altered');
});

it('a wiped kiosk keeps no waiting picture', async () => {
  const home = newFolder();
  const store = await openKiosk(home);
  await store.imports.keep(aPending({ picture: picture() }));
  store.close();
  destroyEverything(home);
  expect((readdirSync(home, { recursive: true }) as string[]).filter((name) => name.endsWith('.photo'))).toEqual([]);
});
