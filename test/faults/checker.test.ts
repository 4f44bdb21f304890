import { describe, expect, it } from 'vitest';
import { MemoryOutbox } from '../kit/outbox.ts';
import { check, type Held, isClean } from './checker.ts';

/** A run without faults: ten check-ins of one kiosk. */
function goodRun() {
  const outbox = new MemoryOutbox();
  const person = outbox.person('Ada');
  for (let i = 0; i < 10; i++) outbox.checkin(person);
  const held: Held[] = outbox.events.map(({ header }) => ({
    device: header.device,
    epoch: header.epoch,
    seq: header.seq,
    header,
  }));
  const checkins = held.filter((h) => h.header.type === 'checkin').map((h) => h.header.id);
  return {
    confirmed: checkins.map((id) => ({ device: outbox.device, id })),
    server: held,
    kiosks: held,
    projected: checkins,
    quarantined: 0,
    photos: new Set<string>(),
    excused: new Set<string>(),
  };
}

describe('the checker of the fault runs', () => {
  it('finds nothing in a run without errors', () => {
    const verdict = check(goodRun());
    expect(isClean(verdict)).toBe(true);
    expect(verdict).toMatchObject({ events: 11, confirmed: 10 });
  });

  it('finds a lost event, whatever the marks say', () => {
    const run = goodRun();
    const gone = run.server[5]!;
    const verdict = check({ ...run, server: run.server.filter((e) => e !== gone) });
    expect(verdict.lost).toEqual([gone.header.id]);
    expect(verdict.disordered.length).toBeGreaterThan(0);
    expect(isClean(verdict)).toBe(false);
  });

  it('finds a confirmed check-in that is in the log but not in attendance', () => {
    const run = goodRun();
    expect(check({ ...run, projected: run.projected.slice(1) }).lost).toHaveLength(1);
  });

  it('finds a photo that the kiosk has and the server lacks', () => {
    const run = goodRun();
    const kiosks = run.kiosks.map((e, i) => (i === 3 ? { ...e, photo: 'A'.repeat(43) } : e));
    expect(check({ ...run, kiosks }).lost).toEqual([`photo of ${kiosks[3]!.header.id}`]);
    const photos = new Set([`${kiosks[3]!.device} ${'A'.repeat(43)}`]);
    expect(isClean(check({ ...run, kiosks, photos }))).toBe(true);
  });

  it('finds a duplicate in the log or in attendance', () => {
    const run = goodRun();
    expect(check({ ...run, server: [...run.server, run.server[3]!] }).doubled.length).toBeGreaterThan(0);
    expect(check({ ...run, projected: [...run.projected, run.projected[0]!] }).doubled).toHaveLength(1);
  });

  it('finds a changed order and a broken chain', () => {
    const run = goodRun();
    const [a, b] = [run.server[4]!, run.server[5]!];
    const swapped = run.server.map((e) => (e === a ? { ...b, seq: a.seq } : e === b ? { ...a, seq: b.seq } : e));
    expect(check({ ...run, server: swapped }).disordered.length).toBeGreaterThan(0);
    const forged = run.server.map((e) =>
      e === a ? { ...a, header: { ...a.header, open: { ...a.header.open, direction: 'out' } } } : e,
    );
    expect(check({ ...run, server: forged }).broken).toHaveLength(1);
  });

  it('excuses only what is named', () => {
    const run = goodRun();
    const last = run.server.at(-1)!;
    const without = { ...run, server: run.server.slice(0, -1), kiosks: run.kiosks.slice(0, -1) };
    without.projected = run.projected.slice(0, -1);
    expect(check(without).lost).toEqual([last.header.id]);
    expect(isClean(check({ ...without, excused: new Set([last.header.id]) }))).toBe(true);
  });
});
