import { randomBytes } from 'node:crypto';
import { v7 } from 'uuid';
import { beforeEach, describe, expect, test } from 'vitest';
import type { AttentionItem } from '../../sync/protocol/api/attention.ts';
import type { ScoreTrend } from '../../sync/protocol/api/people.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import type { Minor } from '../../sync/server/core/consents/minors.ts';
import { mergePeople } from '../../sync/server/features/attendance/merging/merge.ts';
import { followScores } from '../../sync/server/features/reenrolment/follow.ts';
import { reenrolmentJob } from '../../sync/server/features/reenrolment/module.ts';
import type { Api } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import type { MemoryOutbox } from '../kit/outbox.ts';
import { newPerson } from '../kit/person.ts';
import { SITE } from '../kit/services.ts';
import { type Opened, withApi } from '../kit/suite.ts';

/** People to be re-enrolled at kiosks, minors enrolled there, and what a merge keeps of both. */

const NOW = new Date('2026-07-20T10:00:00.000Z');
const DAY = 86_400_000;
const CONSENT = { action: 'given', textVersion: '1', language: 'en' } as const;
const GUARDIAN = { guardian: 'Robin', relation: 'mother' };

let opened: Opened;
let api: Api;
let box: MemoryOutbox;

describe.each(DATABASES)('re-enrolment on $name', (on) => {
  withApi(on, { now: NOW }, (o) => {
    opened = o;
    api = o.api;
  });
  beforeEach(async () => {
    box = await api.kiosk();
  });

  const job = () => reenrolmentJob.run({ ...api.services, signal: new AbortController().signal });
  const attention = async (person: string) =>
    (await api.ask<{ items: AttentionItem[] }>('GET', '/api/attention?limit=200', { as: 'staff' })).items.filter(
      (i) => i.person === person,
    );
  const minorOf = (person: string) => api.ask<{ minor: Minor | null }>('GET', `/api/people/${person}/minor`);

  /** Everything that a kiosk receives, from the start. */
  const heard = async (kiosk: MemoryOutbox = box) => (await opened.api.changesFor(kiosk.device)).changes;
  const listed = async (kiosk?: MemoryOutbox) =>
    (await heard(kiosk)).flatMap((c) => (c.kind === 'reenrol' ? c.people : [])) as { person: string; reason: string }[];
  const reasonOf = async (person: string) => (await listed()).find((a) => a.person === person)?.reason;

  function add(name: string, said: object | null, at = NOW, person: string = v7()): string {
    box.append('person', { change: 'added' }, { person, name, number: v7().slice(-8), language: 'en' }, at);
    if (said) box.append('consent', CONSENT, { person, ...said }, at);
    const templates = [{ id: v7(), pose: 'front', vector: randomBytes(2048).toString('base64url') }];
    box.append('template', { change: 'added', model: 'test', count: 1 }, { person, templates }, at);
    return person;
  }
  const templatesOf = async (person: string) =>
    (await api.db.selectFrom('template').select('id').where('person', '=', person).execute()).length;
  const standing = async (person: string) =>
    (await api.ask<{ consent: 'given' | 'withdrawn' | 'none' }>('GET', `/api/people/${person}`)).consent;

  test('a minor enrolled at a kiosk is stored as one, with their guardian; an adult’s age is not stored', async () => {
    const kim = add('Kim', { ...GUARDIAN, bornOn: '2012-08-01' });
    const lee = add('Lee', {});
    await api.deliver(box);
    const { minor } = await minorOf(kim);
    expect(minor).toMatchObject({
      state: 'minor',
      bornOn: '2012-08-01',
      guardian: { name: 'Robin', relation: 'mother' },
    });
    expect((await minorOf(lee)).minor).toBeNull();
    expect([await templatesOf(kim), await templatesOf(lee), await standing(kim)]).toEqual([1, 1, 'given']);
    expect(await reasonOf(kim)).toBeUndefined();
  });

  test('a minor’s consent at a kiosk without a guardian is void: no face data is kept, and staff are notified', async () => {
    const made = await api.ask<{ id: string }>('POST', '/api/people', { body: { name: 'Kim' } });
    await api.ask('PUT', `/api/people/${made.id}/minor`, { body: { bornOn: '2012-08-01' }, as: 'staff' });
    add('Kim', {}, NOW, made.id);
    await api.deliver(box);
    expect([await standing(made.id), await templatesOf(made.id)]).toEqual(['none', 0]);
    const empty = { kind: 'templates', person: made.id, model: 'test', templates: [] };
    expect(await heard()).toContainEqual(empty);
    expect(await attention(made.id)).toMatchObject([{ kind: 'age', code: 'guardian-missing', name: 'Kim' }]);
    expect(await reasonOf(made.id)).toBe('guardian-missing');
    // Their guardian's consent at the kiosk ends it.
    box.append('consent', CONSENT, { person: made.id, ...GUARDIAN, bornOn: '2012-08-01' }, new Date(NOW.getTime() + 1));
    add('Kim', null, new Date(NOW.getTime() + 2), made.id);
    await api.deliver(box);
    expect([await standing(made.id), await templatesOf(made.id)]).toEqual(['given', 1]);
    expect(await attention(made.id)).toEqual([]);
    expect(await reasonOf(made.id)).toBeUndefined();
    // While it is valid, the minor's own adds nothing to it.
    box.append('consent', CONSENT, { person: made.id }, new Date(NOW.getTime() + 3));
    await api.deliver(box);
    expect(await attention(made.id)).toEqual([]);
    expect((await minorOf(made.id)).minor?.guardian).toMatchObject({ name: 'Robin' });
  });

  test('someone who has come of age can consent at a kiosk too', async () => {
    const kim = add('Kim', { ...GUARDIAN, bornOn: '2008-08-01' });
    await api.deliver(box);
    api.now = new Date('2026-08-01T10:00:00.000Z');
    box.append('consent', CONSENT, { person: kim }, api.now);
    await api.deliver(box);
    expect((await minorOf(kim)).minor).toBeNull();
  });

  /** Check-ins with good scores at first, then worse ones. */
  async function drifting(name: string): Promise<string> {
    api.now = new Date(NOW.getTime() - 40 * DAY);
    const person = newPerson(box, name, api.now, v7().slice(-8));
    await api.deliver(box);
    api.now = new Date(api.now.getTime() + DAY);
    const open = { direction: 'in', method: 'face', liveness: 'passed', model: 'test' } as const;
    for (let i = 0; i < 40; i++) box.append('checkin', open, { person, score: i < 15 ? 0.82 : 0.6 }, api.now);
    await api.deliver(box);
    api.now = NOW;
    await followScores(api.services, new AbortController().signal);
    return person;
  }

  test('the site’s kiosks are sent who has to be re-enrolled when that changes, until it is done or dismissed', async () => {
    await job();
    const person = await drifting('Ada');
    expect(await job()).toMatchObject({ published: 1 });
    expect(await job()).toMatchObject({ published: 0 });
    expect(await reasonOf(person)).toBe('score-falls');
    const site = await api.ask<{ id: string }>('POST', '/api/sites', { body: { name: v7(), timeZone: 'UTC' } });
    expect((await listed(await api.kiosk(site.id))).map((a) => a.person)).not.toContain(person);
    const [item] = await attention(person);
    const noted = { kind: 'drift', ref: item!.ref };
    await api.ask('POST', '/api/attention/resolve', { as: 'staff', body: { ...noted, note: 'New glasses' } });
    expect(await reasonOf(person)).toBeUndefined();
    await api.ask('POST', '/api/attention/reopen', { as: 'staff', body: noted });
    expect(await reasonOf(person)).toBe('score-falls');
    add('Ada', null, NOW, person);
    await api.deliver(box);
    expect(await reasonOf(person)).toBeUndefined();
    expect(await job()).toMatchObject({ published: 1 });
  });

  test('a minor’s face is due for re-enrolment after a year, anyone else’s after the policy’s interval, until it is done', async () => {
    const kim = add('Kim', { ...GUARDIAN, bornOn: '2015-08-01' });
    const lee = add('Lee', {});
    await api.deliver(box);
    const inMonths = async (months: number) => {
      api.now = new Date(Date.UTC(2026, 6 + months, 21));
      return [await reasonOf(kim), await reasonOf(lee)];
    };
    expect(await inMonths(11)).toEqual([undefined, undefined]);
    expect(await inMonths(12)).toEqual(['face-old', undefined]);
    expect(await attention(kim)).toMatchObject([{ kind: 'drift', code: 'face-old', name: 'Kim' }]);
    const url = `/api/sites/${SITE.id}/policy`;
    await api.ask('PUT', url, { body: { leaseDays: 30, faceMonths: 24, minorFaceMonths: 6 } });
    expect(await inMonths(6)).toEqual(['face-old', undefined]);
    expect(await inMonths(24)).toEqual(['face-old', 'face-old']);
    // A minor's is never kept longer than anyone else's.
    await api.ask('PUT', url, { body: { leaseDays: 30, faceMonths: 3 } });
    expect(await inMonths(3)).toEqual(['face-old', 'face-old']);
    add('Kim', null, api.now, kim);
    await api.deliver(box);
    expect(await inMonths(4)).toEqual([undefined, 'face-old']);
    await api.ask('PUT', url, { body: { leaseDays: 30 } });
  });

  test('staff see how well someone was recognised by week, and nothing for someone who never was', async () => {
    const person = await drifting('Ada');
    const { trends } = await api.ask<{ trends: ScoreTrend[] }>('GET', `/api/people/${person}/scores`, { as: 'staff' });
    expect(trends).toMatchObject([{ model: 'test', count: 40, falls: true }]);
    const [trend] = trends;
    expect(trend!.baseline).toBeCloseTo(0.82, 2);
    expect(trend!.recent).toBeLessThan(0.66);
    // All on one day: 15 at 0.82 and 25 at 0.6.
    expect(trend!.weeks).toEqual([
      { week: '2026-06-08', count: 40, mean: expect.closeTo((15 * 0.82 + 25 * 0.6) / 40, 3) },
    ]);
    const never = add('Lee', {});
    await api.deliver(box);
    expect(await api.ask('GET', `/api/people/${never}/scores`)).toEqual({ person: never, trends: [] });
  });

  test('moving templates to cards asks everyone to be re-enrolled; turning faces off asks nobody', async () => {
    const person = add('Ada', {});
    const never = await api.ask<{ id: string }>('POST', '/api/people', { body: { name: 'By number' } });
    await api.deliver(box);
    const url = `/api/sites/${SITE.id}/policy`;
    await api.ask('PUT', url, { body: { leaseDays: 30, templates: 'card' } });
    expect([await reasonOf(person), await reasonOf(never.id)]).toEqual(['no-template', undefined]);
    await api.ask('PUT', url, { body: { leaseDays: 30, faces: 'off' } });
    expect(await listed()).toEqual([]);
    await api.ask('PUT', url, { body: { leaseDays: 30 } });
    expect(await reasonOf(person)).toBeUndefined();
  });

  test('a merge keeps a minor’s age, guardian and scores', async () => {
    const merged = await drifting('Kim L.');
    await api.ask('PUT', `/api/people/${merged}/minor`, { body: { bornOn: '2012-08-01' }, as: 'staff' });
    await api.ask('POST', `/api/people/${merged}/consents`, {
      body: { textVersion: '1', language: 'en', guardian: { name: 'Robin', relation: 'mother' } },
    });
    const kept = newPerson(box, 'Kim', NOW, v7().slice(-8));
    await api.deliver(box);
    const scores = (person: string) =>
      api.db.selectFrom('person_score').selectAll().where('person', '=', person).execute();
    const [before] = await scores(merged);
    expect(before?.count).toBe(40);
    await mergePeople({ db: api.db, keys: api.keys, modules: MODULES }, { kept, merged, by: 'staff' }, NOW);
    expect((await minorOf(kept)).minor).toMatchObject({ bornOn: '2012-08-01', guardian: { name: 'Robin' } });
    const minors = await api.db
      .selectFrom('person_minor')
      .select('person')
      .where('person', 'in', [kept, merged])
      .execute();
    expect(minors).toEqual([{ person: kept }]);
    const [after, ...more] = await scores(kept);
    expect(after).toMatchObject({ count: 40, baseline: before!.baseline, recent: before!.recent });
    expect([more, await scores(merged)]).toEqual([[], []]);
    expect(await attention(kept)).toMatchObject([{ kind: 'drift', code: 'score-falls' }]);
    // It continues from there: check-ins under the old name belong to the kept person, and so do their scores.
    const open = { direction: 'in', method: 'face', liveness: 'passed', model: 'test' } as const;
    const later = new Date(NOW.getTime() + DAY);
    api.now = later;
    for (let i = 0; i < 40; i++) box.append('checkin', open, { person: kept, score: 0.85 }, later);
    await api.deliver(box);
    api.now = new Date(later.getTime() + DAY);
    await job();
    expect((await scores(kept))[0]).toMatchObject({ count: 80 });
    expect(await attention(kept)).toEqual([]);
  });

  test('when merging two people with scores, those of the more frequent visitor are kept', async () => {
    const [often, seldom] = [newPerson(box, 'Ada', NOW, v7().slice(-8)), newPerson(box, 'Ada L.', NOW, v7().slice(-8))];
    await api.deliver(box);
    const values = { model: 'test', since: NOW, baseline: 0.9, recent: 0.9, updated_at: NOW };
    for (const [person, count] of [
      [often, 40],
      [seldom, 3],
    ] as const)
      await api.db
        .insertInto('person_score')
        .values({ person, count, ...values })
        .execute();
    await mergePeople(
      { db: api.db, keys: api.keys, modules: MODULES },
      { kept: seldom, merged: often, by: 'staff' },
      NOW,
    );
    const rows = await api.db.selectFrom('person_score').selectAll().where('person', 'in', [often, seldom]).execute();
    expect(rows).toMatchObject([{ person: seldom, count: 40 }]);
  });
});
