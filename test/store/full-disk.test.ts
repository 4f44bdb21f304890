import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startRetention } from '../../electron/core/retention/retention.ts';
import { storageFull } from '../../electron/core/store/database.ts';
import { aPerson, aPhoto, codeOf, newFolder, openKiosk, someCheckins } from './kiosk.ts';

/** Makes a small separate disk, a tmpfs. Null if this user can't mount one. */
function smallDisk(megabytes: number): string | null {
  const folder = newFolder();
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', disk]).status !== 0) return null;
  onTestFinished(() => void spawnSync('umount', ['-l', disk]));
  return disk;
}

const probe = (() => {
  const root = process.getuid?.() === 0;
  return root && spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
})();
if (!probe) console.warn('\n!!! SKIPPED: the full-disk tests need root and the right to mount a tmpfs\n');

/** Fills the disk to the last block. Returns how to free it. */
function fill(disk: string): () => void {
  const file = join(disk, `filler-${randomUUID()}`);
  for (let size = 1024 * 1024; size >= 1024; size /= 2) {
    for (;;) {
      try {
        writeFileSync(file, Buffer.alloc(size, 1), { flag: 'a' });
      } catch {
        break;
      }
    }
  }
  expect(statfsSync(disk).bavail).toBe(0);
  return () => rmSync(file);
}

describe.skipIf(!probe)('a full disk', () => {
  it('costs the photo, not the check-in: the record says so, and the server is notified', async () => {
    const disk = smallDisk(24)!;
    const home = join(disk, 'kiosk');
    const store = await openKiosk(home);
    const { id } = await store.people.add(aPerson());
    const [good] = await someCheckins(store, id, 1, { photo: aPhoto() });
    expect(existsSync(join(home, 'reserve.bin'))).toBe(true);
    const free = fill(disk);

    const made = await someCheckins(store, id, 150, { photo: aPhoto(100_000) });
    expect(made[0]).toMatchObject({ photo: null, photoLost: 'storage-full' });
    expect(existsSync(join(home, 'reserve.bin'))).toBe(false); // given up for attendance
    const events = store.outbox.pending(10_000).map((e) => e.header);
    expect(events.filter((h) => h.type === 'health' && h.open.code === 'photo-not-kept').length).toBeGreaterThan(0);
    expect(readdirSync(join(home, 'storage/faces')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect((await store.check()).problems).toEqual([]);

    // Now there is nothing left to give up: it reports an error, and earlier records are kept.
    const filler = fill(disk);
    let last = '';
    let taken = 0;
    for (; taken < 20_000 && last === ''; taken++)
      last = await codeOf(() => someCheckins(store, id, 1)).catch(() => '');
    expect(last).toBe('storage-full');
    const count = store.checkins.list({ limit: 100_000 }).length;
    expect(await codeOf(() => store.people.add(aPerson({ photo: aPhoto(50_000) })))).toBe('storage-full');
    expect(store.people.count()).toBe(1);
    expect(store.checkins.list({ limit: 100_000 })).toHaveLength(count);
    filler();
    free();

    const [later] = await someCheckins(store, id, 1, { photo: aPhoto() });
    expect(later!.photo).not.toBeNull();
    expect((await store.check()).problems).toEqual([]);
    store.close();
    const again = await openKiosk(home);
    expect(again.checkins.list({ limit: 100_000 })).toHaveLength(count + 1);
    expect(await again.photos.open(good!.photo!)).toHaveLength(4000);
    expect((await again.check()).problems).toEqual([]);
    expect(existsSync(join(home, 'reserve.bin'))).toBe(true);
  });

  it('is freed by deleting what is due, even without a byte left for the deletion itself', async () => {
    const disk = smallDisk(24)!;
    const home = join(disk, 'kiosk');
    const store = await openKiosk(home);
    const { id } = await store.people.add(aPerson());
    await someCheckins(store, id, 20, { photo: aPhoto(100_000) });
    const photos = () => readdirSync(join(home, 'storage/faces')).length;
    expect(photos()).toBe(20);
    fill(disk);
    while (existsSync(join(home, 'reserve.bin'))) await someCheckins(store, id, 20);
    fill(disk);
    let last = '';
    while (last === '') last = await codeOf(() => someCheckins(store, id, 1)).catch(() => '');
    expect(last).toBe('storage-full');
    const monotonic = () => performance.now();
    const clock = { now: () => Date.now() + 91 * 86_400_000, monotonic, bootId: 'b' };
    const retention = startRetention({ store, site: { photoDays: 90, gpsDays: 30 }, log: () => undefined, clock });
    await retention.run();
    retention.stop();
    expect(photos()).toBe(0);
    await someCheckins(store, id, 1);
    expect((await store.check()).problems).toEqual([]);
  });

  it('keeps room for erasures, by the server or by staff, when attendance has used up its own reserve', async () => {
    const disk = smallDisk(24)!;
    const home = join(disk, 'kiosk');
    const store = await openKiosk(home);
    const { id } = await store.people.add(aPerson());
    const mine = await store.people.add(aPerson());
    const stays = await store.people.add(aPerson());
    await someCheckins(store, id, 20, { photo: null });
    fill(disk);
    let last = '';
    while (last === '') last = await codeOf(() => someCheckins(store, stays.id, 1)).catch(() => '');
    expect(last).toBe('storage-full');
    fill(disk);
    expect(['reserve.bin', 'reserve-erasures.bin'].map((name) => existsSync(join(home, name)))).toEqual([false, true]);
    const erased = { kind: 'erase', request: randomUUID(), person: id } as const;
    await store.roster.apply({ whole: false, more: false, cursor: 'c', changes: [erased] });
    await store.people.delete(mine.id);
    expect(store.people.all().map((one) => one.id)).toEqual([stays.id]);
    expect((await store.check()).problems).toEqual([]);
  });

  it('makes a rekey fail, and the store keeps working under its old key', async () => {
    const disk = smallDisk(24)!;
    const store = await openKiosk(join(disk, 'kiosk'));
    const { id } = await store.people.add(aPerson());
    await someCheckins(store, id, 100);
    const free = fill(disk);
    expect(await codeOf(() => store.rekey())).toBe('storage-full');
    free();
    await someCheckins(store, id, 1);
    expect((await store.check()).problems).toEqual([]);
    expect(await store.rekey()).toMatchObject({ people: 1 });
  });
});

describe('a disk that can’t be written', () => {
  it('costs the photo, not the check-in', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const { id } = await store.people.add(aPerson());
    rmSync(join(home, 'storage/faces'), { recursive: true });
    const [made] = await someCheckins(store, id, 1, { photo: aPhoto() });
    expect(made).toMatchObject({ photo: null, photoLost: 'storage-failed' });
    expect(store.checkins.list({ limit: 1 })).toEqual([made]);
  });

  it('still deletes photos that are due, though the log can’t be emptied', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const { id } = await store.people.add(aPerson());
    await someCheckins(store, id, 3, { photo: aPhoto() });
    store.session.scrubLog = () => {
      throw storageFull();
    };
    expect(await codeOf(() => store.removal.purgePhotos('2100-01-01T00:00:00.000Z'))).toBe('storage-full');
    expect(readdirSync(join(home, 'storage/faces'))).toEqual([]);
  });
});
