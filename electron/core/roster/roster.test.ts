import { describe, expect, test } from 'vitest';
import { LEASE_DAYS } from '../../../sync/edge/lease/lease.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { newest } from '../checkin/direction.ts';
import { faceOff, type Recogniser, recogniserWhile } from '../checkin/recogniser.ts';
import { defaultSite } from '../provision.ts';
import { governed, leaseDaysOf, readPolicy } from '../site/policy.ts';
import { createPresenceBoard } from './presence.ts';

const ADA = '00000000-0000-4000-8000-000000000001';
const at = (minute: number, hour = 8) =>
  `2027-01-01T${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}:00.000Z`;

describe('presence', () => {
  test('is the server’s latest report, even if a record was voided; and the time to ask from', () => {
    const board = createPresenceBoard();
    expect(board.newest()).toBeNull();
    board.note([{ person: ADA, direction: 'out', at: at(30) }]);
    board.note([{ person: ADA, direction: 'in', at: at(10) }]);
    expect(board.last(ADA)).toEqual({ direction: 'in', at: Date.parse(at(10)) });
    expect(board.newest()).toBe(at(30));
    board.forget(ADA);
    expect([board.last(ADA), board.newest()]).toEqual([null, at(30)]);
  });

  test('older than a day and a half is forgotten', () => {
    const board = createPresenceBoard();
    board.note([{ person: ADA, direction: 'in', at: '2026-12-28T08:00:00.000Z' }]);
    board.note([{ person: ADA.replace('1', '2'), direction: 'in', at: at(0) }]);
    expect(board.last(ADA)).toBeNull();
  });

  test('counts for the direction only if it is later than the last record here', () => {
    const [early, late] = [
      { direction: 'in', at: 1 },
      { direction: 'out', at: 2 },
    ] as const;
    expect(newest(early, late)).toBe(late);
    expect(newest(late, early)).toBe(late);
    expect(newest(null, early)).toBe(early);
    expect(newest(early, { direction: 'out', at: 1 })).toBe(early);
    expect(newest(null, null)).toBeNull();
  });
});

describe('the server’s policy', () => {
  test('overrides the site’s settings immediately, and leaves the others as they are', () => {
    let policy = readPolicy(null);
    const site = governed(defaultSite(false), () => policy);
    expect([site.photoDays, site.liveness, leaseDaysOf(policy)]).toEqual([90, 'standard', 30]);
    policy = readPolicy(JSON.stringify({ leaseDays: 7, photoDays: 10, liveness: 'off' }));
    expect([site.photoDays, site.gpsDays, site.liveness, leaseDaysOf(policy)]).toEqual([10, 30, 'off', 7]);
  });

  test('sets the days by which records count; an unknown time zone is ignored', () => {
    let policy = readPolicy(JSON.stringify({ leaseDays: 7, day: { timeZone: 'Asia/Kolkata', startsAt: '12:00' } }));
    const own = { ...defaultSite(false), timeZone: 'Europe/Berlin' };
    const site = governed(own, () => policy);
    expect([site.timeZone, site.dayStartsAt]).toEqual(['Asia/Kolkata', '12:00']);
    policy = readPolicy(JSON.stringify({ leaseDays: 7, day: { timeZone: 'Mars/Olympus', startsAt: '12:00' } }));
    expect(policy?.leaseDays).toBe(7);
    expect([site.timeZone, site.dayStartsAt]).toEqual(['Europe/Berlin', undefined]);
    policy = readPolicy(JSON.stringify({ leaseDays: 7 }));
    expect([site.timeZone, site.dayStartsAt]).toEqual(['Europe/Berlin', undefined]);
  });

  test('stored by a newer build counts as far as it can be read, otherwise the strictest values apply', () => {
    const kept = { leaseDays: 7, faces: 'off', withFace: ['badge'], liveness: 'strong', templates: 'card' };
    expect(readPolicy(JSON.stringify({ ...kept, newer: { rule: 1 } }))).toEqual(kept);
    const newer = { leaseDays: 0, faces: 'at-night', liveness: 'stronger', templates: 'chip', photoDays: 'few' };
    const methods = { withFace: ['badge', 'phone'], checkinMethods: ['phone', 'qr', 'pin'] };
    expect(readPolicy(JSON.stringify({ ...newer, ...methods }))).toEqual({
      leaseDays: LEASE_DAYS,
      faces: 'off',
      liveness: 'strong',
      templates: 'card',
      withFace: ['qr', 'badge'],
      checkinMethods: ['pin', 'qr'],
    });
    expect(readPolicy('{"leaseDays":7,"checkinMethods":["phone"]}')).toEqual({ leaseDays: 7, checkinMethods: ['pin'] });
    for (const nothing of ['{', '7', '[]', '"off"']) expect(readPolicy(nothing)).toMatchObject({ faces: 'off' });
    expect([readPolicy(null), readPolicy('')]).toEqual([null, null]);
  });

  test('never turns liveness on for recorded footage', () => {
    const policy = readPolicy(JSON.stringify({ leaseDays: 7, liveness: 'standard' }));
    expect(governed(defaultSite(true), () => policy, 'off').liveness).toBe('off');
  });
});

test('while the lease has expired nobody is recognised, enrolled or compared; afterwards everything works as before', async () => {
  let ended: Problem | null = null;
  const inner: Recogniser = {
    ...faceOff(Problem.from({ code: 'model-missing', message: 'none', nextStep: '' })),
    off: null,
    verify: () => ({ score: null, decision: { kind: 'unknown', threshold: 0.5 } }) as never,
    search: () => 'found' as never,
    inspect: async () => 'seen' as never,
    embed: async () => new Float32Array(1),
  };
  const recogniser = recogniserWhile(inner, () => ended);
  const tries = [
    () => recogniser.search(new Float32Array(1)),
    () => recogniser.verify(new Float32Array(1), null),
    () => recogniser.inspect(null as never, null as never, null as never),
    () => recogniser.embed(null as never, null as never),
  ];
  for (const attempt of tries) await expect((async () => attempt())()).resolves.toBeDefined();
  ended = new Problem('lease-expired');
  expect(recogniser.off).toBe(ended);
  for (const attempt of tries) await expect((async () => attempt())()).rejects.toBe(ended);
});
