import { beforeEach, describe, expect, test } from 'vitest';
import type { Evacuation, EvacuationState, PresencePage } from '../../sync/protocol/api/presence.ts';
import type { Arrivals, KioskStats } from '../../sync/protocol/api/stats.ts';
import {
  forgottenEvacuationsJob,
  LONGEST_EVACUATION_MS,
} from '../../sync/server/features/reports/presence/evacuation.ts';
import { update } from '../../sync/server/platform/database/rows.ts';
import type { Api } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import type { MemoryOutbox } from '../kit/outbox.ts';
import { withApi } from '../kit/suite.ts';

/** Who is inside, the roll call of an evacuation, and statistics for charts. */

const at = (time: string, day = '2026-07-20') => new Date(`${day}T${time}:00.000Z`);
let api: Api;
let box: MemoryOutbox;

describe.each(DATABASES)('presence and statistics on $name', (on) => {
  withApi(on, { now: at('12:00') }, (o) => {
    api = o.api;
  });
  beforeEach(async () => {
    box = await api.kiosk();
  });

  const record = (person: string, when: Date, direction: 'in' | 'out') =>
    box.append('checkin', { direction, method: 'badge', liveness: 'not-needed' }, { person }, when).header.id;
  const presence = (query = '') => api.ask<PresencePage>('GET', `/api/presence?limit=200${query}`, { as: 'staff' });
  const insideOf = async (...people: string[]) =>
    (await presence()).items.filter((i) => people.includes(i.person)).map((i) => i.person);
  const evacuation = () => api.ask<EvacuationState>('GET', '/api/evacuation', { as: 'staff' });

  test('people are inside if their newest valid record is a check-in, not if they left, were voided, or forgot to check out yesterday', async () => {
    const [ada, grace, alan, late] = ['Ada', 'Grace', 'Alan', 'Late'].map((name) => box.person(name));
    record(ada!, at('07:00'), 'in');
    record(grace!, at('07:00'), 'in');
    record(grace!, at('09:00'), 'out');
    const wrong = record(alan!, at('08:00'), 'in');
    box.append('void', { target: wrong, reason: 'not-me' }, {});
    record(late!, at('17:00', '2026-07-19'), 'in');
    await api.deliver(box);
    expect(await insideOf(ada!, grace!, alan!, late!)).toEqual([ada]);
    const one = (person: string) => api.ask('GET', `/api/people/${person}/presence`);
    expect(await one(ada!)).toEqual({ inside: true, at: at('07:00').toISOString() });
    expect(await one(grace!)).toEqual({ inside: false, at: at('09:00').toISOString() });
    expect(await one(alan!)).toEqual({ inside: false, at: null });
    expect(await one(late!)).toEqual({ inside: false, at: at('17:00', '2026-07-19').toISOString() });
    const page = await presence();
    expect(page.inside).toBe(page.items.length);
    expect(page.items.find((i) => i.person === ada)).toMatchObject({ name: 'Ada', since: at('07:00').toISOString() });
    const kiosk = page.kiosks.find((k) => k.id === box.device);
    expect(kiosk?.knownAsOf).toBe(api.now.toISOString());
  });

  test('pages contain everyone exactly once', async () => {
    const people = ['A', 'B', 'C'].map((name) => box.person(name));
    for (const person of people) record(person, at('10:00'), 'in');
    await api.deliver(box);
    const seen: string[] = [];
    let cursor = '';
    for (let i = 0; i < 20; i += 1) {
      const page = await api.ask<PresencePage>('GET', `/api/presence?limit=2${cursor}`);
      seen.push(...page.items.map((p) => p.person));
      if (!page.next) break;
      cursor = `&cursor=${page.next}`;
    }
    expect(new Set(seen).size).toBe(seen.length);
    for (const person of people) expect(seen).toContain(person);
  });

  test('people accounted for are shared during an evacuation, and deleted at its end', async () => {
    const [ada, grace] = ['Ada', 'Grace'].map((name) => box.person(name));
    for (const person of [ada!, grace!]) record(person, at('10:30'), 'in');
    await api.deliver(box);
    const begin = () => api.ask<Evacuation>('POST', '/api/evacuations', { as: 'staff', body: {} });
    const { id } = await begin();
    expect((await begin()).id).toBe(id);
    const place = `/api/evacuations/${id}/people/`;
    await api.ask('PUT', place + ada, { as: 'staff' });
    await api.ask('PUT', place + ada, { as: 'admin' });
    await api.ask('PUT', place + grace, { as: 'staff' });
    await api.ask('DELETE', place + grace, { as: 'staff' });
    expect((await evacuation()).accounted.map((a) => a.person)).toEqual([ada]);
    const notified = await api.ask<Buffer>('GET', '/api/gdpr/export/my-data', {
      as: { role: 'person', id: ada!, email: null, ip: null, userAgent: null },
    });
    expect(JSON.parse(notified.toString()).evacuations).toMatchObject([{ evacuation: id }]);
    const inside = (await presence()).inside;
    const ended = await api.ask<Evacuation>('POST', `/api/evacuations/${id}/end`, { as: 'staff' });
    expect(ended).toMatchObject({ inside, accounted: 1 });
    expect(await evacuation()).toMatchObject({ current: null, accounted: [], last: { id, accounted: 1 } });
    expect(await api.db.selectFrom('evacuation_mark').selectAll().execute()).toEqual([]);
    await expect(api.ask('PUT', place + grace, { as: 'staff' })).rejects.toMatchObject({ code: 'evacuation-over' });
  });

  test('an evacuation that nobody ended ends after a day', async () => {
    await api.ask('POST', '/api/evacuations', { as: 'staff', body: {} });
    const run = (ms: number) =>
      forgottenEvacuationsJob.run({ ...api.services, now: () => new Date(api.now.getTime() + ms) } as never);
    expect(await run(LONGEST_EVACUATION_MS - 1)).toEqual({ ended: 0 });
    expect(await run(LONGEST_EVACUATION_MS)).toEqual({ ended: 1 });
    expect((await evacuation()).current).toBeNull();
  });

  test('arrivals are counted by the hour, without duplicates and what was taken back', async () => {
    const day = '2026-06-01';
    const people = ['A', 'B', 'C'].map((name) => box.person(name));
    for (const [i, person] of people.entries()) record(person, at(`06:0${i}`, day), 'in');
    record(people[0]!, at('15:00', day), 'out');
    const wrong = record(people[1]!, at('15:10', day), 'out');
    box.append('void', { target: wrong, reason: 'not-me' }, {});
    await api.deliver(box);
    const read = (from: string, to: string) =>
      api.ask<Arrivals>('GET', `/api/stats/arrivals?from=${from}&to=${to}`, { as: 'auditor' });
    const { hours, methods } = await read(day, day);
    expect(hours).toEqual([
      { at: at('06:00', day).toISOString(), in: 3, out: 0 },
      { at: at('15:00', day).toISOString(), in: 0, out: 1 },
    ]);
    expect(methods).toEqual({ badge: 4 });
    // From 08:00 local time in Berlin. Of three, one has a valid check-out, and the day is over.
    const { inside } = await read(day, day);
    expect(inside.filter(({ people }) => people > 0)).toEqual(
      [8, 9, 10, 11, 12, 13, 14, 15, 16].map((hour) => ({ hour, people: 1 })),
    );
    // Local hours in Kolkata too, which is half an hour off: in from 11:30 to 20:30.
    const zone = (time_zone: string) => update(api.db, 'site', { is_default: true }, { time_zone });
    await zone('Asia/Kolkata');
    const inKolkata = (await read(day, day)).inside.filter(({ people }) => people > 0);
    await zone('Europe/Berlin');
    expect(inKolkata.map(({ hour }) => hour)).toEqual([12, 13, 14, 15, 16, 17, 18, 19, 20]);
    await expect(read('2026-01-01', '2026-06-01')).rejects.toMatchObject({ code: 'period-too-long' });
  });

  test('what kiosks counted adds up; what is no number is left out and holds nothing up', async () => {
    const report = (detail: Record<string, string | number | boolean>, time: string) =>
      box.append(
        'health',
        { code: 'statistics', detail: { since: at('09:00').toISOString(), ...detail } },
        {},
        at(time),
      );
    report({ 'guide.too-dark': 3, 'challenge.left': 2, 'score.80': 20, 'wait.2': 15, 'wait.5': 5, queue: 4 }, '10:00');
    report(
      { 'guide.too-dark': 2, 'score.80': 1, 'score.75': 20, 'wait.5': 21, queue: 0, 'name Ada': 1, 'guide.x': 'Ada' },
      '11:00',
    );
    await api.deliver(box);
    const stats = await api.ask<KioskStats>('GET', '/api/stats/kiosks?from=2026-07-20&to=2026-07-20', {
      as: 'auditor',
    });
    expect(stats.failures).toEqual([
      { reason: 'guide.too-dark', count: 5 },
      { reason: 'challenge.left', count: 2 },
    ]);
    expect(stats.scores).toEqual([
      { from: 0.75, count: 20 },
      { from: 0.8, count: 21 },
    ]);
    expect(stats.waits).toEqual([
      { seconds: 2, count: 15 },
      { seconds: 5, count: 26 },
    ]);
    expect(stats.kiosks.find((k) => k.id === box.device)).toMatchObject({ faces: 41, failures: 7, waitSeconds: 5 });
    expect(stats.kiosks.find((k) => k.id === box.device)!.score).toBeCloseTo((0.775 * 20 + 0.825 * 21) / 41);
    expect(stats.queue.filter((q) => q.kiosk === box.device).map((q) => q.depth)).toEqual([4, 0]);
    expect(JSON.stringify(stats)).not.toContain('Ada');
  });
});
