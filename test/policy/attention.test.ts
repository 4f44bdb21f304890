import { v7 } from 'uuid';
import { beforeEach, describe, expect, test } from 'vitest';
import type { AttentionCount, AttentionItem, AttentionPage } from '../../sync/protocol/api/attention.ts';
import type { MyComplaints } from '../../sync/protocol/api/portal.ts';
import { type Minor, reviewMinors } from '../../sync/server/core/consents/minors.ts';
import { followScores } from '../../sync/server/features/reenrolment/follow.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import type { Api } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import type { MemoryOutbox } from '../kit/outbox.ts';
import { newPerson } from '../kit/person.ts';
import { SITE } from '../kit/services.ts';
import { withApi } from '../kit/suite.ts';
import { closeErasures } from '../sync/erasing.ts';

/** What someone in charge has to review, minors and their guardians, and the history of settings. */

const NOW = new Date('2026-07-20T10:00:00.000Z');
const DAY = 86_400_000;

let api: Api;
let box: MemoryOutbox;

describe.each(DATABASES)('attention on $name', (on) => {
  withApi(on, { now: NOW }, (opened) => {
    ({ api } = opened);
  });
  beforeEach(async () => {
    box = await api.kiosk();
  });

  const list = async (query = '') =>
    (await api.ask<{ items: AttentionItem[] }>('GET', `/api/attention?limit=200${query}`, { as: 'staff' })).items;
  const of = async (person: string, query = '') => (await list(query)).filter((i) => i.person === person);
  const count = () => api.ask<AttentionCount>('GET', '/api/attention/count', { as: 'staff' });

  test('a "not me" reaches staff, is resolved by a note, and returns when the note is undone', async () => {
    const person = newPerson(box, 'Ada', NOW, v7().slice(-6));
    const open = { direction: 'in', method: 'face', liveness: 'passed', model: 'test' } as const;
    const { id } = box.append('checkin', open, { person, score: 0.7 }, NOW).header;
    box.append('void', { target: id, reason: 'not-me' }, { person }, NOW);
    const before = (await count()).total;
    await api.deliver(box);
    expect(await of(person)).toMatchObject([
      { kind: 'void', ref: id, code: 'not-me', name: 'Ada', recordAt: NOW.toISOString(), resolved: null },
    ]);
    expect((await count()).total).toBe(before + 1);
    const item = { kind: 'void', ref: id };
    await api.ask('POST', '/api/attention/resolve', { as: 'staff', body: { ...item, note: 'Spoke with Ada' } });
    // The second of two doesn't overwrite the first one's note.
    await expect(
      api.ask('POST', '/api/attention/resolve', { body: { ...item, note: 'Looked into' } }),
    ).rejects.toMatchObject({ code: 'attention-already-resolved' });
    expect(await of(person)).toEqual([]);
    expect((await count()).total).toBe(before);
    expect(await of(person, '&state=resolved')).toMatchObject([{ ref: id, resolved: { note: 'Spoke with Ada' } }]);
    await api.ask('POST', '/api/attention/reopen', { as: 'staff', body: item });
    expect(await of(person)).toHaveLength(1);
    await expect(
      api.ask('POST', '/api/attention/resolve', { body: { ...item, ref: v7(), note: 'x' } }),
    ).rejects.toMatchObject({ code: 'attention-unknown' });
  });

  test('the list can be filtered by site, by kiosk or else by person, and its first page has the total', async () => {
    const bonn = v7();
    await api.db.insertInto('site').values({ id: bonn, name: 'Bonn', time_zone: 'UTC', is_default: false }).execute();
    const kiosks = { [SITE.id]: await api.kiosk(), [bonn]: await api.kiosk(bonn) };
    const refs: Record<string, string[]> = { [SITE.id]: [], [bonn]: [] };
    for (const [site, kiosk] of Object.entries(kiosks)) {
      const person = newPerson(kiosk, 'Ada', NOW, v7().slice(-6));
      const open = { direction: 'in', method: 'face', liveness: 'passed', model: 'test' } as const;
      const { id } = kiosk.append('checkin', open, { person, score: 0.7 }, NOW).header;
      kiosk.append('void', { target: id, reason: 'not-me' }, { person }, NOW);
      await api.deliver(kiosk);
      await api.ask('PUT', `/api/people/${person}/sites`, { as: 'staff', body: { sites: [site] } });
      // Not from a kiosk.
      const pair = v7();
      await api.db
        .insertInto('merge_candidate')
        .values({
          id: pair,
          first: person,
          second: `ffffffff${v7().slice(8)}`, // the later of the two, whatever the person’s id is
          reason: 'number',
          score: null,
          found_at: NOW,
          status: 'open',
        })
        .execute();
      refs[site]!.push(id, pair);
    }
    const all = Object.values(refs).flat();
    for (const [site, own] of Object.entries(refs)) {
      const found = (await list(`&site=${site}`)).map(({ ref }) => ref);
      expect(found.filter((ref) => all.includes(ref)).sort()).toEqual(own.sort());
    }
    const page = (query: string) => api.ask<AttentionPage>('GET', `/api/attention?limit=1&site=${bonn}${query}`, {});
    const { total, next } = await page('&total=true');
    expect(total).toBe(2);
    expect((await page(`&total=true&cursor=${next}`)).total).toBe(null);
  });

  test('staff are asked once to re-enrol someone whose scores fall, and not after it was done', async () => {
    api.now = new Date(NOW.getTime() - 40 * DAY);
    const person = newPerson(box, 'Drift', api.now, v7().slice(-6));
    await api.deliver(box);
    api.now = new Date(api.now.getTime() + DAY);
    const open = { direction: 'in', method: 'face', liveness: 'passed', model: 'test' } as const;
    for (let i = 0; i < 40; i++) box.append('checkin', open, { person, score: i < 15 ? 0.82 : 0.6 }, api.now);
    await api.deliver(box);
    api.now = NOW;
    const follow = () => followScores(api.services, new AbortController().signal);
    expect(await follow()).toBe(1);
    expect(await follow()).toBe(0);
    expect(await of(person)).toMatchObject([{ kind: 'drift', code: 'score-falls' }]);
    const vector = Buffer.alloc(2048).toString('base64url');
    const templates = [{ id: v7(), pose: 'front', vector }];
    box.append('template', { change: 'added', model: 'test', count: 1 }, { person, templates }, NOW);
    await api.deliver(box);
    expect(await of(person)).toEqual([]);
  });

  test('a complaint from a person’s own page reaches the people in charge, the answer reaches the person, and the record stays', async () => {
    const [ada, eve] = [newPerson(box, 'Ada', NOW, v7().slice(-8)), newPerson(box, 'Eve', NOW, v7().slice(-8))];
    const open = { direction: 'in', method: 'face', liveness: 'passed', model: 'test' } as const;
    const { id: record } = box.append('checkin', open, { person: ada, score: 0.7 }, NOW).header;
    await api.deliver(box);
    const as = (person: string) => ({ as: api.actorOf('person', person) });
    const say = (person: string, message: string, of = record) =>
      api.ask<MyComplaints>('POST', '/api/me/complaints', { ...as(person), body: { record: of, message } });
    const mine = (person: string) => api.ask<MyComplaints>('GET', '/api/me/complaints', as(person));
    // Someone else's record gets the same error as one that doesn't exist.
    await expect(say(eve, 'x')).rejects.toMatchObject({ code: 'record-unknown' });
    await expect(say(ada, 'x', v7())).rejects.toMatchObject({ code: 'record-unknown' });
    await say(ada, 'I went out, and did not come in');
    const [item] = await of(ada);
    expect(item).toMatchObject({ kind: 'complaint', code: 'record-wrong', name: 'Ada', device: box.device });
    expect(item!.message).toBe('I went out, and did not come in');
    // Which of their records: a link opens its day.
    expect(item!.recordAt).toBe(NOW.toISOString());
    expect((await mine(ada)).items).toMatchObject([{ record, answer: null }]);
    expect((await mine(eve)).items).toEqual([]);
    const settle = (ref: string, note: string) =>
      api.ask('POST', '/api/attention/resolve', { as: 'dpo', body: { kind: 'complaint', ref, note } });
    await settle(item!.ref, 'Corrected to out');
    expect(await of(ada)).toEqual([]);
    expect((await mine(ada)).items).toMatchObject([{ record, answer: { note: 'Corrected to out' } }]);
    // They object: it is pending again, with only the later message.
    await say(ada, 'It is still wrong');
    expect((await of(ada)).map((i) => i.message)).toEqual(['It is still wrong']);
    expect((await mine(ada)).items).toMatchObject([{ message: 'It is still wrong', answer: null }]);
    const kept = await api.db.selectFrom('checkin').select(['person', 'direction']).where('id', '=', record).execute();
    expect(kept).toEqual([{ person: ada, direction: 'in' }]);
    const row = await api.db.selectFrom('complaint').selectAll().where('record', '=', record).executeTakeFirstOrThrow();
    expect(Buffer.from(row.sealed).toString('latin1')).not.toContain('still wrong');
    box.append('person', { change: 'deleted' }, { person: ada }, NOW);
    await api.deliver(box);
    await closeErasures(api.db, api.keys);
    expect(await api.db.selectFrom('complaint').selectAll().where('record', '=', record).execute()).toEqual([]);
  });

  test('at most twenty open reports per person are queued', async () => {
    const ada = newPerson(box, 'Ada', NOW, v7().slice(-8));
    const open = { direction: 'in', method: 'face', liveness: 'passed', model: 'test' } as const;
    const ids = Array.from(
      { length: 21 },
      () => box.append('checkin', open, { person: ada, score: 0.7 }, NOW).header.id,
    );
    await api.deliver(box);
    const as = api.actorOf('person', ada);
    const say = (record: string) => api.ask('POST', '/api/me/complaints', { as, body: { record, message: 'Wrong' } });
    for (const id of ids.slice(0, 20)) await say(id);
    await expect(say(ids[20]!)).rejects.toMatchObject({ code: 'complaints-waiting' });
    await say(ids[0]!); // a pending one can be rephrased
  });

  test('staff don’t see quarantined events, and a DPO doesn’t see duplicates', async () => {
    const asked = (as: 'staff' | 'dpo', kind: string) => api.ask('GET', `/api/attention?kind=${kind}`, { as });
    await expect(asked('staff', 'quarantine')).rejects.toMatchObject({ code: 'not-allowed' });
    await expect(asked('dpo', 'duplicate')).rejects.toMatchObject({ code: 'not-allowed' });
  });

  test('a guardian consents for a minor; staff are asked when the minor comes of age, until there is a consent of their own', async () => {
    const made = await api.ask<{ id: string }>('POST', '/api/people', { body: { name: 'Kim' } });
    const consent = (body: object) =>
      api.ask('POST', `/api/people/${made.id}/consents`, { body: { textVersion: '1', language: 'en', ...body } });
    const minor = { bornOn: '2009-08-01', guardian: null };
    await api.ask('PUT', `/api/people/${made.id}/minor`, { body: minor, as: 'staff' });
    await expect(consent({})).rejects.toMatchObject({ code: 'guardian-required' });
    await consent({ guardian: { name: 'Robin', relation: 'mother' } });
    const { minor: held } = await api.ask<{ minor: Minor }>('GET', `/api/people/${made.id}/minor`);
    expect(held).toMatchObject({ state: 'minor', comesOfAge: '2027-08-01', guardian: { name: 'Robin' } });
    const review = () => inTransaction(api.db, (tx) => reviewMinors(tx, api.keys, api.now));
    api.now = new Date('2027-07-15T08:00:00.000Z');
    await review();
    expect(await of(made.id)).toMatchObject([{ kind: 'age', code: 'of-age-soon' }]);
    api.now = new Date('2027-08-01T08:00:00.000Z');
    await review();
    expect(await of(made.id)).toMatchObject([{ kind: 'age', code: 'of-age' }]);
    await consent({});
    expect(await of(made.id)).toEqual([]);
    expect(await api.ask('GET', `/api/people/${made.id}/minor`)).toEqual({ minor: null });
    const born = { bornOn: '1990-01-01' };
    await expect(api.ask('PUT', `/api/people/${made.id}/minor`, { body: born })).rejects.toMatchObject({
      code: 'not-a-minor',
    });
  });

  test('staff are asked to renew a consent a month before it lapses, until it is renewed', async () => {
    const policy = { leaseDays: 30, consentMonths: 12 };
    await api.ask('PUT', `/api/sites/${SITE.id}/policy`, { body: policy });
    const made = await api.ask<{ id: string }>('POST', '/api/people', { body: { name: 'Lee' } });
    const give = () =>
      api.ask('POST', `/api/people/${made.id}/consents`, { body: { textVersion: '1', language: 'en' } });
    await give();
    expect(await of(made.id)).toEqual([]);
    api.now = new Date(NOW.getTime() + 350 * DAY);
    expect(await of(made.id)).toMatchObject([{ kind: 'consent', code: 'lapses-soon' }]);
    api.now = new Date(NOW.getTime() + 370 * DAY);
    expect(await of(made.id)).toMatchObject([{ code: 'lapsed' }]);
    await give();
    expect(await of(made.id)).toEqual([]);
  });

  test('settings have a history of who changed what, and a change can be reverted', async () => {
    const url = `/api/sites/${SITE.id}/policy`;
    const by = api.actorOf('admin');
    await api.ask('PUT', url, { body: { leaseDays: 20 }, as: by });
    await api.ask('PUT', url, { body: { leaseDays: 20, faces: 'off' }, as: by });
    const { items } = await api.ask<{ items: { id: string; by: string; before: object; after: object }[] }>(
      'GET',
      `${url}/history`,
    );
    expect(items[0]).toMatchObject({ by: by.id, before: { leaseDays: 20 }, after: { leaseDays: 20, faces: 'off' } });
    const reverted = await api.ask('POST', `${url}/revert`, { body: { change: items[0]!.id } });
    expect(reverted).toMatchObject({ policy: { leaseDays: 20 } });
    await expect(api.ask('POST', `${url}/revert`, { body: { change: v7() } })).rejects.toMatchObject({
      code: 'policy-change-unknown',
    });
  });
});
