import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SqlStore } from '../../electron/core/store/store.ts';
import { GENESIS } from '../../sync/protocol/wire/event.ts';
import { aPerson, newFolder, openKiosk, someCheckins } from './kiosk.ts';

interface Seen {
  readonly numbers: Set<string>;
  readonly epochs: Set<string>;
}

/** Notes every (epoch, seq) with the event that has it; the same pair for another event fails. */
function note(seen: Map<string, string>, store: SqlStore): Seen {
  for (const { header } of store.pending(100_000)) {
    const key = `${header.epoch} ${header.seq}`;
    expect(seen.get(key) ?? header.id, key).toBe(header.id);
    seen.set(key, header.id);
  }
  return { numbers: new Set(seen.keys()), epochs: new Set([...seen.keys()].map((k) => k.split(' ')[0]!)) };
}

async function kiosk(home: string): Promise<{ store: SqlStore; person: string }> {
  const store = await openKiosk(home);
  const person = store.allPeople()[0]?.id ?? (await store.addPerson(aPerson())).id;
  return { store, person };
}

const file = (home: string) => join(home, 'store.db');

describe('a store put back from a copy', () => {
  it('opens a new epoch: no sequence number ever means two events', async () => {
    const home = newFolder();
    const seen = new Map<string, string>();
    let { store, person } = await kiosk(home);
    await someCheckins(store, person, 3);
    note(seen, store);
    store.close();
    cpSync(file(home), join(home, 'copy'));
    for (let round = 1; round <= 3; round++) {
      ({ store, person } = await kiosk(home));
      await someCheckins(store, person, 2);
      note(seen, store);
      store.close();
      cpSync(join(home, 'copy'), file(home));
      ({ store, person } = await kiosk(home));
      await someCheckins(store, person, 2);
      const { epochs } = note(seen, store);
      expect(epochs.size).toBe(round + 1);
      expect((await store.check()).problems).toEqual([]);
      store.close();
    }
  });

  it('also when nothing was recorded in between, or only a single event', async () => {
    for (const between of [0, 1]) {
      const home = newFolder();
      let { store, person } = await kiosk(home);
      const { epoch } = store;
      store.close();
      cpSync(file(home), join(home, 'copy'));
      ({ store, person } = await kiosk(home));
      expect(store.epoch).toBe(epoch);
      await someCheckins(store, person, between);
      store.close();
      cpSync(join(home, 'copy'), file(home));
      ({ store } = await kiosk(home));
      expect(store.epoch).not.toBe(epoch);
    }
  });

  it('starts its chain anew, with sequence 1, and sends the old epoch first', async () => {
    const home = newFolder();
    let { store, person } = await kiosk(home);
    store.close();
    cpSync(file(home), join(home, 'copy'));
    ({ store, person } = await kiosk(home));
    await someCheckins(store, person, 2);
    store.close();
    cpSync(join(home, 'copy'), file(home));
    ({ store, person } = await kiosk(home));
    const [made] = await someCheckins(store, person, 1);
    const pending = store.pending(100);
    expect(pending.map((e) => e.header.seq)).toEqual([1, 2, 3, 1]);
    expect(pending.at(-1)!.header).toMatchObject({ id: made!.id, prev: GENESIS, epoch: store.epoch });
    store.acknowledge(pending[0]!.header.epoch, { committed: 3, safe: 3 });
    expect(store.pending(100).map((e) => e.header.seq)).toEqual([1]);
    store.voidCheckin(made!.id, 'staff');
    store.acknowledge(store.epoch, { committed: 2, safe: 0 });
    expect(store.pendingCount()).toBe(0);
  });
});

describe('the high-water mark', () => {
  it('that is missing, torn or another store’s means a new epoch', async () => {
    for (const mark of [null, '', '{"store"', 'other'] as const) {
      const home = newFolder();
      let { store } = await kiosk(home);
      const { epoch } = store;
      store.close();
      const path = join(home, 'highwater.json');
      if (mark === null) rmSync(path);
      else if (mark === 'other') {
        const other = newFolder();
        (await kiosk(other)).store.close();
        cpSync(join(other, 'highwater.json'), path);
      } else writeFileSync(path, mark);
      ({ store } = await kiosk(home));
      expect(store.epoch, String(mark)).not.toBe(epoch);
      store.close();
      const after = store.epoch;
      expect((await kiosk(home)).store.epoch).toBe(after); // once is enough
    }
  });

  it('is exact after a close, and follows while events come', async () => {
    const home = newFolder();
    const { store, person } = await kiosk(home);
    const mark = () =>
      JSON.parse(readFileSync(join(home, 'highwater.json'), 'utf8')) as { last: number; opens: number };
    expect(mark().opens).toBe(1);
    await someCheckins(store, person, 60);
    expect(mark().last).toBeGreaterThan(40);
    store.close();
    expect(mark().last).toBe(63);
  });
});
