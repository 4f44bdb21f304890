import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SqlStore } from '../../electron/core/store/store.ts';
import { GENESIS } from '../../sync/protocol/wire/event.ts';
import { aPerson, newFolder, openKiosk, someCheckins } from './kiosk.ts';

interface Seen {
  readonly numbers: Set<string>;
  readonly epochs: Set<string>;
}

/** Records every (epoch, seq) with its event. Fails if a pair is used for a different event. */
function note(seen: Map<string, string>, store: SqlStore): Seen {
  for (const { header } of store.outbox.pending(100_000)) {
    const key = `${header.epoch} ${header.seq}`;
    expect(seen.get(key) ?? header.id, key).toBe(header.id);
    seen.set(key, header.id);
  }
  return { numbers: new Set(seen.keys()), epochs: new Set([...seen.keys()].map((k) => k.split(' ')[0]!)) };
}

async function kiosk(home: string): Promise<{ store: SqlStore; person: string }> {
  const store = await openKiosk(home);
  const person = store.people.all()[0]?.id ?? (await store.people.add(aPerson())).id;
  return { store, person };
}

const file = (home: string) => join(home, 'store.db');

/** Restores only the store file, or the whole folder, in which case nothing in it can reveal that. */
const METHODS = [
  ['the store file', (home: string) => ({ from: file(home), copy: `${home}.copy` })],
  ['the whole folder', (home: string) => ({ from: home, copy: `${home}.copy` })],
] as const;

describe.each(METHODS)('an older copy of %s put back', (_name, method) => {
  function keep(home: string): void {
    const { from, copy } = method(home);
    cpSync(from, copy, { recursive: true });
    onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
  }
  function putBack(home: string): void {
    const { from, copy } = method(home);
    rmSync(from, { recursive: true });
    cpSync(copy, from, { recursive: true });
  }

  it('never reuses a sequence number for another event', async () => {
    const home = newFolder();
    const seen = new Map<string, string>();
    let { store, person } = await kiosk(home);
    await someCheckins(store, person, 3);
    note(seen, store);
    store.close();
    keep(home);
    for (let round = 1; round <= 3; round++) {
      ({ store, person } = await kiosk(home));
      await someCheckins(store, person, 2);
      note(seen, store);
      store.close();
      putBack(home);
      ({ store, person } = await kiosk(home));
      await someCheckins(store, person, 2);
      const { epochs } = note(seen, store);
      expect(epochs.size).toBe(2 * round + 1);
      expect((await store.check()).problems).toEqual([]);
      store.close();
    }
  });

  it('also if copied from a new store, or one without records', async () => {
    const home = newFolder();
    const seen = new Map<string, string>();
    (await openKiosk(home)).close();
    keep(home);
    for (let round = 0; round < 2; round++) {
      const { store, person } = await kiosk(home);
      await someCheckins(store, person, 1);
      note(seen, store);
      store.close();
      putBack(home);
    }
  });

  it('starts a new chain at sequence 1, and sends the old epoch first', async () => {
    const home = newFolder();
    let { store, person } = await kiosk(home);
    store.close();
    keep(home);
    ({ store, person } = await kiosk(home));
    await someCheckins(store, person, 2);
    store.close();
    putBack(home);
    ({ store, person } = await kiosk(home));
    const [made] = await someCheckins(store, person, 1);
    const pending = store.outbox.pending(100);
    expect(pending.map((e) => e.header.seq)).toEqual([1, 2, 3, 1]);
    expect(pending.at(-1)!.header).toMatchObject({ id: made!.id, prev: GENESIS, epoch: store.epoch });
    store.outbox.acknowledge(pending[0]!.header.epoch, { committed: 3, safe: 3 });
    expect(store.outbox.pending(100).map((e) => e.header.seq)).toEqual([1]);
    store.checkins.void(made!.id, 'staff');
    store.outbox.acknowledge(store.epoch, { committed: 2, safe: 0 });
    expect(store.outbox.count()).toBe(0);
  });
});
