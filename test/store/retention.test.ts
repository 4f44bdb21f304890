import { describe, expect, it, onTestFinished } from 'vitest';
import { runRetention, startRetention } from '../../electron/core/retention/retention.ts';
import { aCheckin, aPerson, aPhoto, heldClock, newFolder, openKiosk } from './kiosk.ts';

const DAY = 86_400_000;
const T0 = Date.UTC(2027, 0, 1);
const POLICY = { photoDays: 90, gpsDays: 30 };

/** A store with a controlled clock, a person with an enrolment photo, and one check-in per day for `days` days. */
async function kioskWithDays(days: number) {
  const clock = heldClock(T0);
  const home = newFolder();
  const store = await openKiosk(home, {}, { clock });
  const { id } = await store.people.add(aPerson({ photo: aPhoto(100) }));
  const record = () => store.checkins.record(aCheckin(id, { photo: aPhoto(100), gps: 'sealed' }));
  for (let day = 0; day < days; day++) {
    await record();
    clock.pass(DAY);
  }
  const left = () => {
    const checkins = store.outbox.pending(10_000).filter((e) => e.header.type === 'checkin');
    return {
      checkins: checkins.length,
      photos: checkins.filter((e) => e.personal.photo).length,
      gps: checkins.filter((e) => e.personal.gps).length,
      files: store.parts.vault.list().length,
    };
  };
  const purges = () =>
    store.outbox
      .pending(10_000)
      .filter((e) => e.header.type === 'purge')
      .map((e) => e.header.open);
  return { clock, home, store, record, left, purges };
}

describe('retention', () => {
  it('deletes photos after 90 days and positions after 30, keeps check-ins and enrolment photos, and reports counts', async () => {
    const { clock, store, left, purges } = await kioskWithDays(100);
    expect(left()).toEqual({ checkins: 100, photos: 100, gps: 100, files: 101 });
    expect(await runRetention(store, clock.now(), POLICY)).toEqual({ photos: 10, gps: 70, pending: 0 });
    expect(left()).toEqual({ checkins: 100, photos: 90, gps: 30, files: 91 });
    expect(purges()).toEqual([
      { what: 'photos', before: new Date(clock.now() - 90 * DAY).toISOString(), removed: 10 },
      { what: 'gps', before: new Date(clock.now() - 30 * DAY).toISOString(), removed: 70 },
    ]);
    expect(await runRetention(store, clock.now(), POLICY)).toEqual({ photos: 0, gps: 0, pending: 0 });
    // Reported anyway, since it tells the server that nothing older is stored here.
    expect(
      purges()
        .slice(2)
        .map((p) => p.removed),
    ).toEqual([0, 0]);
    expect((await store.check()).problems).toEqual([]);
  });

  it('trims what is in a backup of the server, and nothing that only the server has', async () => {
    const { store } = await kioskWithDays(10);
    const { made } = store.outbox.marks()[0]!;
    store.outbox.acknowledge(store.epoch, { committed: made, safe: 3 });
    const late = new Date(T0 + 3650 * DAY).toISOString();
    expect(await store.removal.trim(late, late)).toBe(3);
    expect(store.outbox.marks()[0]).toMatchObject({ committed: made, safe: 3, trimmed: 3 });
    expect((await store.check()).problems).toEqual([]);
  });

  it('does not extend a record made while the clock was ahead', async () => {
    const { clock, store, record, left } = await kioskWithDays(0);
    clock.time = T0 + 3650 * DAY; // wrong by ten years, for one check-in
    await record();
    clock.time = T0;
    await record();
    expect(await runRetention(store, T0 + 91 * DAY, POLICY)).toEqual({ photos: 2, gps: 2, pending: 0 });
    expect(left()).toMatchObject({ photos: 0, gps: 0 });
  });

  it('ages records by trusted time, not by the clock they were made with', async () => {
    const { clock, store, record, left } = await kioskWithDays(0);
    clock.time = T0 - 1000 * DAY; // set back: the store knows the offset
    clock.trustedOffset = 1000 * DAY;
    await record();
    expect(await runRetention(store, T0 + 29 * DAY, POLICY)).toEqual({ photos: 0, gps: 0, pending: 0 });
    expect(left()).toMatchObject({ photos: 1, gps: 1 });
    expect(await runRetention(store, T0 + 31 * DAY, POLICY)).toEqual({ photos: 0, gps: 1, pending: 0 });
  });
});

describe('the scheduler', () => {
  const quiet = () => undefined;

  it('deletes nothing on a clock jump until the server confirms the time', async () => {
    const { clock, store, left } = await kioskWithDays(1);
    const retention = startRetention({ store, site: POLICY, log: quiet, clock });
    onTestFinished(() => retention.stop());
    clock.time += 400 * DAY;
    await retention.run();
    expect(left()).toMatchObject({ photos: 1, gps: 1 });
    retention.observeServerTime(clock.time, clock.time);
    await retention.run();
    expect(left()).toMatchObject({ photos: 0, gps: 0 });
  });

  it('deletes nothing early that was recorded while a server with a wrong clock held trusted time back', async () => {
    const { clock, store, record, left } = await kioskWithDays(1);
    const retention = startRetention({ store, site: POLICY, log: quiet, clock });
    onTestFinished(() => retention.stop());
    for (let answer = 0; answer < 3; answer++) {
      clock.pass(6 * 60_000);
      retention.observeServerTime(clock.time - 400 * DAY, clock.time);
    }
    expect(retention.now()).toBe(clock.time - 400 * DAY);
    await record();
    clock.pass(DAY / 24);
    retention.observeServerTime(clock.time, clock.time);
    await retention.run();
    expect(left()).toMatchObject({ photos: 2, gps: 2 });
    clock.pass(31 * DAY);
    await retention.run();
    expect(left()).toMatchObject({ photos: 2, gps: 0 });
    clock.pass(60 * DAY);
    await retention.run();
    expect(left()).toMatchObject({ photos: 0, gps: 0 });
    expect((await store.check()).problems).toEqual([]);
  });

  it('deletes nothing early that was recorded before a dead clock was set', async () => {
    const { clock, store, record, left } = await kioskWithDays(0);
    clock.time = Date.UTC(1970, 0, 1);
    const retention = startRetention({ store, site: POLICY, log: quiet, clock });
    onTestFinished(() => retention.stop());
    await record();
    clock.pass(DAY / 24);
    clock.time = T0 + 400 * DAY;
    retention.observeServerTime(clock.time, clock.time);
    await retention.run();
    expect(left()).toMatchObject({ photos: 1, gps: 1 });
    clock.pass(91 * DAY);
    await retention.run();
    expect(left()).toMatchObject({ photos: 0, gps: 0 });
  });

  it('deletes on time even if the clock was set back, without a network, across restarts', async () => {
    const { clock, home, store, left } = await kioskWithDays(1);
    let retention = startRetention({ store, site: POLICY, log: quiet, clock });
    retention.stop();
    for (let day = 0; day < 31; day++) {
      clock.pass(DAY);
      clock.time = T0 - 500 * DAY; // someone sets it back every day
      retention = startRetention({ store, site: POLICY, log: quiet, clock });
      retention.stop();
      await retention.run();
    }
    expect(left()).toMatchObject({ photos: 1, gps: 0 });
    expect(new Date(retention.now()).getUTCFullYear()).toBe(2027);
    store.close();
    const again = await openKiosk(home, {}, { clock });
    const after = startRetention({ store: again, site: POLICY, log: quiet, clock });
    after.stop();
    expect(after.now()).toBe(retention.now());
  });

  it('removes lockouts after a quiet day, and keeps active ones', async () => {
    const { clock, store } = await kioskWithDays(0);
    store.lockouts.set({
      quiet: { failures: 3, until: 0, at: T0 - DAY },
      recent: { failures: 3, until: 0, at: T0 - DAY + 60_000 },
    });
    const retention = startRetention({ store, site: POLICY, log: quiet, clock });
    onTestFinished(() => retention.stop());
    await retention.run();
    expect(['quiet', 'recent'].map((one) => store.lockouts.get(one).failures)).toEqual([0, 3]);
  });

  it('runs automatically once a day of trusted time, and gives events their trusted offset', async () => {
    const { clock, store, record, left } = await kioskWithDays(0);
    await record();
    const retention = startRetention({ store, site: { photoDays: 1, gpsDays: 1 }, log: quiet, clock, everyMs: 5 });
    onTestFinished(() => retention.stop());
    clock.pass(3 * DAY);
    await expect.poll(left, { timeout: 60_000 }).toMatchObject({ photos: 0, gps: 0 });
    clock.time -= 10 * DAY;
    await record();
    expect(store.outbox.pending(10_000).at(-1)!.header.at.offset).toBe(10 * DAY);
  });
});
