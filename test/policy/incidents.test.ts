import { randomUUID } from 'node:crypto';
import { NIL } from 'uuid';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import type { AffectedPeople, Contained, Incident, Notice } from '../../sync/protocol/api/incidents.ts';
import { readChanges } from '../../sync/server/app/downstream/read.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { setPolicy } from '../../sync/server/core/sites/policy.ts';
import { DEFAULT_SCOPE } from '../../sync/server/core/sites/sites.ts';
import { eraseTables } from '../../sync/server/features/privacy/erasure/steps.ts';
import { privacy } from '../../sync/server/features/privacy/module.ts';
import { verifyAudit } from '../../sync/server/platform/audit/verify.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import type { Api } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import { newPerson } from '../kit/person.ts';
import { type Opened, withApi } from '../kit/suite.ts';

const NOW = new Date('2027-07-20T10:00:00.000Z');

let opened: Opened;
let api: Api;

describe.each(DATABASES)('incidents on $name', { timeout: 60_000 }, (on) => {
  withApi(on, { now: NOW }, (o) => {
    opened = o;
    api = o.api;
  });

  const open = (o: object = {}) =>
    api.ask<Incident>('POST', '/api/incidents', {
      as: 'dpo',
      body: { title: 'Kiosk stolen', severity: 'high', foundAt: NOW.toISOString(), data: ['template'], ...o },
    });

  test('an incident has a record, a deadline and a timeline of who did what, all encrypted', async () => {
    const made = await open({ description: 'Seen by Zebulon Quirk at the door' });
    expect(made).toMatchObject({ state: 'open', clock: { dueAt: '2027-07-23T10:00:00.000Z', state: 'running' } });
    const url = `/api/incidents/${made.id}`;
    await api.ask('POST', `${url}/notes`, { as: 'dpo', body: { text: 'Zebulon was called' } });
    api.now = new Date(NOW.getTime() + 80 * 3_600_000);
    expect(await api.ask<Incident>('GET', url, { as: 'auditor' })).toMatchObject({ clock: { state: 'overdue' } });
    await expect(api.ask('POST', `${url}/close`, { as: 'dpo' })).rejects.toMatchObject({
      code: 'incident-not-documented',
    });
    const rows = [
      ...(await api.db.selectFrom('incident').selectAll().execute()),
      ...(await api.db.selectFrom('incident_entry').selectAll().execute()),
    ];
    const text = JSON.stringify(rows, (_, v) => (v instanceof Uint8Array ? Buffer.from(v).toString('latin1') : v));
    expect(text).not.toMatch(/Zebulon|Quirk|stolen/);
    const patch = {
      version: made.version,
      consequences: 'c',
      measures: 'm',
      peopleReason: 'sealed',
      authorityReason: 'a weekend',
    };
    await api.ask('PATCH', url, { as: 'dpo', body: patch });
    await expect(api.ask('PATCH', url, { as: 'dpo', body: patch })).rejects.toMatchObject({ code: 'incident-changed' });
    await api.ask('POST', `${url}/notified`, { as: 'dpo', body: { to: 'authority', at: api.now.toISOString() } });
    // And nobody was notified before it was discovered.
    const { version } = await api.ask<Incident>('GET', url, { as: 'dpo' });
    const notified = api.now;
    api.now = new Date(notified.getTime() + 7_200_000);
    const later = { version, foundAt: new Date(notified.getTime() + 3_600_000).toISOString() };
    await expect(api.ask('PATCH', url, { as: 'dpo', body: later })).rejects.toMatchObject({
      code: 'incident-times-wrong',
    });
    const marked = { to: 'people', at: notified.toISOString() };
    expect(await api.ask('POST', `${url}/notified`, { as: 'dpo', body: marked })).toMatchObject({
      peopleAt: marked.at,
    });
    const unmarked = { ...marked, at: null };
    expect(await api.ask('POST', `${url}/notified`, { as: 'dpo', body: unmarked })).toMatchObject({ peopleAt: null });
    const closed = await api.ask<Incident>('POST', `${url}/close`, { as: 'dpo' });
    expect(closed).toMatchObject({ state: 'closed', clock: { state: 'late' } });
    expect(closed.timeline.map((e) => e.kind)).toEqual([
      ...['opened', 'note', 'changed', 'authority-notified', 'people-notified', 'people-notified', 'closed'],
    ]);
    await expect(
      api.ask('PATCH', url, { as: 'dpo', body: { version: closed.version, title: 'x' } }),
    ).rejects.toMatchObject({
      code: 'incident-closed',
    });
    expect(await api.lastAudit()).toMatchObject({ action: 'write', resource: made.id });
  });

  test('a notification in the minute of the discovery is accepted, even if the discovery was later in that minute', async () => {
    const { id } = await open({ foundAt: new Date(NOW.getTime() - 18_000).toISOString() });
    const notify = (before: number) => {
      const body = { to: 'authority', at: new Date(NOW.getTime() - before).toISOString() };
      return api.ask('POST', `/api/incidents/${id}/notified`, { as: 'dpo', body });
    };
    await expect(notify(61_000)).rejects.toMatchObject({ code: 'incident-times-wrong' });
    expect(await notify(60_000)).toMatchObject({ authorityAt: expect.any(String) });
  });

  test('for a stolen kiosk, one command revokes it, rotates keys and ends sessions; affected people are found and notices drafted', async () => {
    const box = await api.kiosk();
    const other = await api.kiosk();
    const number = randomUUID().slice(0, 8);
    const person = newPerson(box, 'Ada Lovelace', NOW, number);
    await api.deliver(box);
    // The kiosk received the people of its site; someone who joined later was not among them.
    const source = {
      db: api.db,
      keys: api.keys,
      logEpoch: opened.database.logEpoch,
      modules: MODULES,
      publicKeys: async () => api.keyring.publicKeys,
    };
    const ask = { cursor: '', limit: 200, presenceAfter: null, newestKey: true };
    await readChanges(source, box.device, ask, NOW);
    const later = await api.ask<{ id: string }>('POST', '/api/people', { as: 'staff', body: { name: 'Late' } });
    const contacts = { controller: 'Example School', contact: 'privacy@example.org', dpo: 'dpo@example.org' };
    await setPolicy(api.db, DEFAULT_SCOPE, { leaseDays: 30, privacy: contacts }, NOW);
    await api.db
      .insertInto('session')
      .values({
        hash: Buffer.alloc(32, 7),
        id: randomUUID(),
        role: 'person',
        stage: 'full',
        account: null,
        person,
        created_at: NOW,
        seen_at: NOW,
        expires_at: new Date(NOW.getTime() + 60_000),
      } as never)
      .execute();
    const made = await open();
    const url = `/api/incidents/${made.id}`;
    const serial = api.keyring.serial;
    const result = await api.ask<z.output<typeof Contained>>('POST', `${url}/contain`, {
      as: 'admin',
      body: { devices: [box.device], everySession: true },
    });
    expect(result.failed).toEqual([]);
    expect(result.done).toHaveLength(6);
    await api.keyring.refresh();
    expect(api.keyring.serial).toBeGreaterThan(serial);
    expect(api.keyring.signingKids).toHaveLength(2);
    const status = async (id: string) =>
      (await api.db.selectFrom('device').select('status').where('id', '=', id).executeTakeFirstOrThrow()).status;
    expect(await status(box.device)).toBe('revoked');
    expect(await status(other.device)).toBe('approved');
    expect(await api.db.selectFrom('session').selectAll().execute()).toEqual([]);
    const incident = await api.ask<Incident>('GET', url, { as: 'dpo' });
    expect(incident.state).toBe('contained');
    expect(incident.timeline.filter((e) => e.kind === 'contained')).toHaveLength(5);
    const found = await api.ask<z.output<typeof AffectedPeople>>('GET', `${url}/affected`, { as: 'dpo' });
    const named = found.people.find((p) => p.person === person);
    expect(named).toMatchObject({ name: 'Ada Lovelace', data: ['person.name', 'template'] });
    expect(found.people.map((p) => p.person)).not.toContain(later.id);
    const notice = await api.ask<z.output<typeof Notice>>('GET', `${url}/notice?to=authority&language=de`, {
      as: 'dpo',
    });
    expect(notice.text).toContain('Example School');
    expect(notice.text).toContain(`${found.people.length} Person`);
    expect(notice.text).not.toContain('Ada');
    expect((await verifyAudit(api.db, api.keys)).faults).toEqual([]);
  });

  test('rows found by two scopes count once', async () => {
    const { id } = await api.ask<{ id: string }>('POST', '/api/people', { as: 'staff', body: { name: 'Ada' } });
    const thief = api.actorOf('staff');
    await api.ask('GET', `/api/people/${id}`, { as: thief });
    const url = `/api/incidents/${(await open()).id}`;
    for (const scope of [{ who: thief.id }, { who: thief.id, route: 'GET /api/people' }])
      await api.ask('POST', `${url}/scopes`, { as: 'dpo', body: scope });
    expect(await api.ask('GET', `${url}/affected`, { as: 'dpo' })).toMatchObject({
      rows: 1,
      people: [{ person: id, rows: 1 }],
    });
  });

  test('an erased person is in no scope and no timeline entry', async () => {
    const { id } = await api.ask<{ id: string }>('POST', '/api/people', { as: 'staff', body: { name: 'Ada' } });
    const url = `/api/incidents/${(await open()).id}`;
    for (const scope of [{ who: id }, { resource: id.toUpperCase() }])
      await api.ask('POST', `${url}/scopes`, { as: 'dpo', body: scope });
    await inTransaction(api.db, (tx) => eraseTables({ tx, keys: api.keys, people: [id], now: api.now }, [privacy]));
    const { scopes, timeline } = await api.ask<Incident>('GET', url, { as: 'dpo' });
    expect(scopes.map(({ scope }) => scope)).toEqual([{ who: NIL }, { resource: NIL }]);
    expect(JSON.stringify(timeline).toLowerCase()).not.toContain(id);
  });

  test('a failed containment step is reported and does not block the others', async () => {
    const made = await open();
    const box = await api.kiosk();
    const result = await api.ask<z.output<typeof Contained>>('POST', `/api/incidents/${made.id}/contain`, {
      as: 'dpo',
      body: { rotate: [], devices: [randomUUID(), box.device] },
    });
    expect(result.failed).toMatchObject([{ code: 'unknown-device' }]);
    expect(result.done).toEqual([`Device ${box.device} is revoked.`]);
    const incident = await api.ask<Incident>('GET', `/api/incidents/${made.id}`, { as: 'dpo' });
    expect(incident.state).toBe('open');
  });
});
