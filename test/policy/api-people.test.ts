import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ConsentText } from '../../sync/protocol/api/consents.ts';
import { LANGUAGES } from '../../sync/protocol/api/languages.ts';
import type { FoundPeople, Person, PersonHistory, TemplateCounts } from '../../sync/protocol/api/people.ts';
import type { MyConsentTexts } from '../../sync/protocol/api/portal.ts';
import type { Site } from '../../sync/protocol/api/sites.ts';
import { consentText } from '../../sync/protocol/consent-texts.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { mergePeople } from '../../sync/server/features/attendance/merging/merge.ts';
import type { Api } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import type { MemoryOutbox } from '../kit/outbox.ts';
import { newPerson } from '../kit/person.ts';
import { SITE } from '../kit/services.ts';
import { type Opened, withApi } from '../kit/suite.ts';

/** People, consents, templates, sites and kiosks in the API, and what kiosks receive of them. */

const NOW = new Date('2026-07-20T10:00:00.000Z');
interface Page<T> {
  items: T[];
  next: string | null;
}

let opened: Opened;
let api: Api;
let box: MemoryOutbox;

describe.each(DATABASES)('the people API on $name', (on) => {
  withApi(on, { now: NOW }, (o) => {
    opened = o;
    api = o.api;
  });
  beforeEach(async () => {
    box = await api.kiosk();
  });

  const changesFor = async (person: string, device = box.device) =>
    (await opened.api.changesFor(device)).changes.filter((c) => 'person' in c && c.person === person);
  const make = (body: unknown) => api.ask<Person>('POST', '/api/people', { body, as: 'staff' });

  const found = async (q: string) =>
    (await api.ask<FoundPeople>('POST', '/api/people/search', { body: { q } })).items.map((p) => p.id);

  test('a person is created and found by complete e-mail, number or badge through the blind index, never by part of one', async () => {
    const number = randomUUID().slice(0, 8);
    const email = `Ada.${number}@Example.org`;
    const made = await make({ name: 'Ada Lovelace', number, email, phone: '+49 30 1', badge: `b-${number}` });
    expect(made).toMatchObject({ name: 'Ada Lovelace', sites: [SITE.id], consent: 'none', templates: 0, version: 1 });
    for (const exactly of [email.toLowerCase(), number, `b-${number}`])
      expect(await found(exactly), exactly).toEqual([made.id]);
    expect(await found(number.slice(0, 7))).toEqual([]);
    expect(await changesFor(made.id)).toEqual([
      { kind: 'person', person: made.id, name: 'Ada Lovelace', number, language: '', gpsOptOut: false },
      { kind: 'credentials', person: made.id, cards: [], badges: [`b-${number}`] },
    ]);
  });

  test('invisible names and names with line breaks are refused; joined emoji are accepted', async () => {
    const wrong = { issues: [{ path: ['name'], params: { problem: 'name-unreadable' } }] };
    await expect(make({ name: '\u200b\u2060' })).rejects.toMatchObject(wrong);
    const made = await make({ name: 'Ada 👩\u200d🔬' });
    const path = `/api/people/${made.id}`;
    for (const name of ['Ada\nLovelace', '\u200b'])
      await expect(api.ask('PATCH', path, { body: { name } })).rejects.toMatchObject(wrong);
    expect(await api.ask<Person>('GET', path)).toMatchObject({ name: 'Ada 👩\u200d🔬', version: 1 });
  });

  test('a person that a kiosk created with such a name is accepted, and can be renamed', async () => {
    const person = newPerson(box, '\u200b', NOW, randomUUID().slice(0, 8));
    await api.deliver(box);
    expect(await api.db.selectFrom('quarantine').selectAll().where('device', '=', box.device).execute()).toEqual([]);
    const path = `/api/people/${person}`;
    expect(await api.ask<Person>('GET', path)).toMatchObject({ name: '\u200b' });
    const named = await api.ask<Person>('PATCH', path, { body: { name: 'Ada Lovelace' } });
    expect(named.name).toBe('Ada Lovelace');
  });

  test('pages contain everyone exactly once', async () => {
    for (const name of ['A', 'B', 'C']) await make({ name });
    const all = (await api.ask<Page<Person>>('GET', '/api/people?limit=200')).items.map((p) => p.id);
    const seen: string[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const page: Page<Person> = await api.ask('GET', `/api/people?limit=2${next && `&cursor=${next}`}`);
      seen.push(...page.items.map((p) => p.id));
      next = page.next;
    }
    expect(seen).toEqual(all);
    await expect(api.ask('GET', '/api/people?cursor=AAAA')).rejects.toMatchObject({ code: 'cursor-unreadable' });
  });

  test('a change is audited by field and person, without the old or new value', async () => {
    const made = await make({ name: 'Before Marriage', email: 'before@example.org' });
    const patch = { version: made.version, name: 'After Marriage', email: null };
    const changed = await api.ask<Person>('PATCH', `/api/people/${made.id}`, { body: patch, as: 'staff' });
    expect(changed).toMatchObject({ name: 'After Marriage', email: null, version: 2 });
    const audit = await api.lastAudit();
    expect(audit).toMatchObject({ action: 'write', route: 'PATCH /api/people/:person', count: 1, outcome: 'ok' });
    expect(audit.resource?.split(',').sort()).toEqual(['email', 'name']);
    const rows = await api.db.selectFrom('audit').selectAll().execute();
    const text = JSON.stringify(rows, (_, v) => (v instanceof Uint8Array ? Buffer.from(v).toString('latin1') : v));
    expect(text).not.toMatch(/Marriage|before@/);
    await expect(api.ask('PATCH', `/api/people/${made.id}`, { body: patch })).rejects.toMatchObject({
      code: 'person-changed',
    });
    await expect(api.ask('PATCH', `/api/people/${randomUUID()}`, { body: { name: 'X' } })).rejects.toMatchObject({
      code: 'person-unknown',
    });
  });

  test('a person’s history shows who added and changed them, by field', async () => {
    const made = await make({ name: 'Ada', number: 'old-number' });
    await api.ask('PATCH', `/api/people/${made.id}`, { body: { name: 'Ada King', number: 'new-number', phone: '1' } });
    await api.ask('PATCH', `/api/people/${made.id}`, { body: { name: 'Ada King' } });
    const { items } = await api.ask<PersonHistory>('GET', `/api/people/${made.id}/history`);
    expect(items.filter(({ what }) => what === 'person')).toMatchObject([
      { change: 'updated', fields: ['name', 'number', 'phone'], via: 'staff', device: null },
      { change: 'added', fields: ['name', 'number'], via: 'staff', device: null },
    ]);
    expect(JSON.stringify(items)).not.toMatch(/Ada|-number/);
  });

  test('a merge fills empty fields from the duplicate and keeps the existing ones', async () => {
    const number = randomUUID().slice(0, 8);
    const kept = await make({ name: 'Ada', email: 'ada@x.example' });
    const merged = await make({ name: 'Ada L.', number, email: 'old@x.example', badge: `b-${number}` });
    const who = { kept: kept.id, merged: merged.id, by: 'staff' };
    await mergePeople({ db: api.db, keys: api.keys, modules: MODULES }, who, NOW);
    const known = { id: kept.id, name: 'Ada', email: 'ada@x.example', number, badge: `b-${number}` };
    expect(await api.ask<Person>('GET', `/api/people/${kept.id}`)).toMatchObject(known);
    for (const exactly of [number, `b-${number}`, 'ada@x.example'])
      expect(await found(exactly), exactly).toContain(kept.id);
    expect(await found('old@x.example')).toEqual([]);
  });

  test('templates are counted per model, never shown, and deleted everywhere', async () => {
    const person = newPerson(box, 'Grace Hopper', NOW, randomUUID().slice(0, 8));
    await api.deliver(box);
    const counts = await api.ask<TemplateCounts>('GET', `/api/people/${person}/templates`);
    expect(counts).toEqual({
      person,
      models: [{ model: 'test', count: 1, newest: NOW.toISOString(), quality: null }],
      photo: false,
    });
    expect((await changesFor(person)).find((c) => c.kind === 'templates')).toMatchObject({
      templates: [{ pose: 'front' }],
    });
    // A template whose kiosk measured the picture.
    const [again] = box.templates(person, 1, NOW, 'test', [82]);
    await api.deliver(box);
    expect((await api.ask<TemplateCounts>('GET', `/api/people/${person}/templates`)).models).toMatchObject([
      { count: 2, quality: 82 },
    ]);
    expect((await changesFor(person)).findLast((c) => c.kind === 'templates')?.templates).toContainEqual(again);
    // A duplicate of the same person contributes theirs.
    const merged = newPerson(box, 'Grace Hopper', NOW, randomUUID().slice(0, 8));
    box.templates(merged, 1, NOW, 'test', [42]);
    await api.deliver(box);
    await mergePeople({ db: api.db, keys: api.keys, modules: MODULES }, { kept: person, merged, by: 'staff' }, NOW);
    expect((await api.ask<TemplateCounts>('GET', `/api/people/${person}/templates`)).models).toMatchObject([
      { count: 4, quality: 62 },
    ]);
    await api.ask('DELETE', `/api/people/${person}/templates`);
    expect((await changesFor(person)).find((c) => c.kind === 'templates')).toMatchObject({ templates: [] });
    expect(await api.ask<Person>('GET', `/api/people/${person}`)).toMatchObject({ templates: 0, consent: 'given' });
  });

  test('withdrawing a consent deletes the templates at once, here and on kiosks; a later consent allows new ones', async () => {
    const person = newPerson(box, 'Alan Turing', NOW, randomUUID().slice(0, 8));
    await api.deliver(box);
    const url = `/api/people/${person}/consents`;
    expect(await api.ask('POST', `${url}/withdraw`, { as: 'staff' })).toEqual({ person, standing: 'withdrawn' });
    expect(await api.db.selectFrom('template').select('id').where('person', '=', person).execute()).toEqual([]);
    expect((await changesFor(person)).find((c) => c.kind === 'templates')).toMatchObject({ templates: [] });
    const text = { textVersion: '2026-11.no-photo', language: 'en' };
    expect(await api.ask('POST', url, { as: 'staff', body: text })).toEqual({ person, standing: 'given' });
    const list = await api.ask<Page<{ action: string; via: string }>>('GET', `/api/consents?person=${person}`);
    expect(list.items.map((c) => [c.action, c.via]).sort()).toEqual([
      ['given', 'kiosk'],
      ['given', 'staff'],
      ['withdrawn', 'staff'],
    ]);
    const soon = new Date(api.now.getTime() + 86_400_000).toISOString();
    const count = async (period: string) =>
      (await api.ask<Page<unknown>>('GET', `/api/consents?person=${person}&${period}=${soon}`)).items.length;
    expect([await count('from'), await count('to')]).toEqual([0, 3]);
  });

  test('a person who changes sites is removed from the old site’s kiosks and sent to the new one’s', async () => {
    const site = await api.ask<Site>('POST', '/api/sites', { body: { name: 'Paris', timeZone: 'Europe/Paris' } });
    const paris = await api.kiosk(site.id);
    const made = await make({ name: 'Marie Curie' });
    expect(await changesFor(made.id, paris.device)).toEqual([]);
    const moved = await api.ask<Person>('PUT', `/api/people/${made.id}/sites`, { body: { sites: [site.id] } });
    expect(moved.sites).toEqual([site.id]);
    expect(await changesFor(made.id, paris.device)).toHaveLength(1);
    expect(await changesFor(made.id)).toEqual([]);
    const here = (await api.ask<Page<Person>>('GET', `/api/people?site=${site.id}`)).items.map((p) => p.id);
    expect(here).toEqual([made.id]);
  });

  test('a kiosk moved to another site gets only that site’s people', async () => {
    const site = await api.ask<Site>('POST', '/api/sites', { body: { name: 'Rome', timeZone: 'Europe/Rome' } });
    const made = await make({ name: 'Rita Levi', sites: [site.id] });
    expect(await changesFor(made.id)).toEqual([]);
    await api.ask('PATCH', `/api/devices/${box.device}`, { body: { site: site.id } });
    expect(await changesFor(made.id)).toHaveLength(1);
  });

  test('a new time zone recounts a site’s days; the default site’s zone comes from the configuration', async () => {
    const site = await api.ask<Site>('POST', '/api/sites', { body: { name: 'Oslo', timeZone: 'Europe/Oslo' } });
    const oslo = await api.kiosk(site.id);
    const person = oslo.person('Fridtjof Nansen');
    const open = { direction: 'in', automatic: true, method: 'badge', liveness: 'not-needed' } as const;
    // One day in Oslo, two in Los Angeles: midnight there is 07:00Z.
    for (const time of ['05:00', '09:00'])
      oslo.append('checkin', open, { person }, new Date(`2026-07-20T${time}:00.000Z`));
    await api.deliver(oslo);
    const directions = async () =>
      (await api.ask<Page<{ direction: string }>>('GET', `/api/attendance?person=${person}`)).items.map(
        (r) => r.direction,
      );
    expect(await directions()).toEqual(['out', 'in']);
    await api.ask('PATCH', `/api/sites/${site.id}`, { body: { timeZone: 'America/Los_Angeles' } });
    await api.settle();
    expect(await directions()).toEqual(['in', 'in']);
    await expect(api.ask('PATCH', `/api/sites/${SITE.id}`, { body: { timeZone: 'Asia/Tokyo' } })).rejects.toMatchObject(
      {
        code: 'site-configured',
      },
    );
  });

  test('turning faces off at a site reaches its kiosks and no others', async () => {
    const site = await api.ask<Site>('POST', '/api/sites', { body: { name: 'Madrid', timeZone: 'Europe/Madrid' } });
    const madrid = await api.kiosk(site.id);
    const policy = { leaseDays: 10, faces: 'off' };
    expect(await api.ask('PUT', `/api/sites/${site.id}/policy`, { body: policy })).toMatchObject({ own: true, policy });
    const { change } = await api.ask<{ change: string }>('GET', `/api/sites/${site.id}/policy`);
    await api.ask('PUT', `/api/sites/${site.id}/policy?change=${change}`, { body: { ...policy, photoDays: 7 } });
    for (const stale of [change, 'none'])
      await expect(
        api.ask('PUT', `/api/sites/${site.id}/policy?change=${stale}`, { body: policy }),
      ).rejects.toMatchObject({ code: 'settings-changed-meanwhile' });
    const publishedPolicy = async (device: string) =>
      (await opened.api.changesFor(device)).changes.find((c) => c.kind === 'policy')?.policy;
    expect(await publishedPolicy(madrid.device)).toMatchObject(policy);
    expect(await publishedPolicy(box.device)).not.toHaveProperty('faces');
    await expect(
      api.ask('PUT', `/api/sites/${site.id}/policy`, { body: { leaseDays: 10, consentTexts: [] } }),
    ).rejects.toThrow();
  });

  test('holds and erasures name their person to roles that may read people', async () => {
    const { id: person } = await make({ name: 'Nia Named' });
    await api.ask('POST', '/api/retention/holds', { body: { person, reason: 'Dispute' } });
    const { request } = await api.ask<{ request: string }>('POST', '/api/erasures', { body: { person } });
    const named = async (as: 'dpo' | 'auditor') => {
      const { items } = await api.ask<Page<{ person: string; name: string }>>('GET', '/api/retention/holds', { as });
      const erasure = await api.ask<{ name: string }>('GET', `/api/erasures/${request}`, { as });
      return [items.find((hold) => hold.person === person)!.name, erasure.name];
    };
    expect(await named('dpo')).toEqual(['Nia Named', 'Nia Named']);
    expect(await named('auditor')).toEqual([null, null]);
    const other = await make({ name: 'Nobody Held' });
    const about = async (id: string) =>
      Promise.all(
        ['retention/holds', 'erasures'].map(async (list) => {
          const { items } = await api.ask<Page<unknown>>('GET', `/api/${list}?person=${id}`, { as: 'dpo' });
          return items.length;
        }),
      );
    expect([await about(person), await about(other.id)]).toEqual([
      [1, 1],
      [0, 0],
    ]);
    // A hold remains on the person it named, and therefore on the person kept by the merge.
    const merging = { kept: other.id, merged: person, by: 'staff' };
    await mergePeople({ db: api.db, keys: api.keys, modules: MODULES }, merging, NOW);
    expect((await about(other.id))[0]).toBe(1);
  });

  test('a kiosk joins by code, is approved by fingerprint, and can be revoked', async () => {
    const { code } = await api.ask<{ code: string }>('POST', '/api/provisioning-codes', {
      body: { name: 'Back door' },
    });
    expect(code.length).toBeGreaterThan(20);
    await api.db
      .updateTable('device')
      .set({ status: 'pending', fingerprint: 'aaaa-bbbb' })
      .where('id', '=', box.device)
      .execute();
    const url = `/api/devices/${box.device}`;
    await expect(api.ask('POST', `${url}/approve`, { body: { fingerprint: 'aaaa-bbbc' } })).rejects.toMatchObject({
      code: 'fingerprint-differs',
    });
    expect(await api.ask('GET', url)).toMatchObject({ status: 'pending' });
    expect(await api.ask('POST', `${url}/revoke`)).toMatchObject({ status: 'revoked' });
    expect(await api.lastAudit()).toMatchObject({ action: 'operate', resource: box.device });
    const { items } = await api.ask<Page<{ id: string }>>('GET', '/api/devices?status=revoked&limit=200');
    expect(items.map((d) => d.id)).toContain(box.device);
  });

  test('without a consent text of the customer’s own, staff show the kiosks’ text once it can name the operator', async () => {
    const person = await make({ name: 'Hedy Lamarr' });
    const url = `/api/people/${person.id}`;
    const texts = () => api.ask<MyConsentTexts>('GET', `${url}/consent-texts`, { as: 'staff' });
    expect(await texts()).toMatchObject({ items: [], unset: true, controller: null });
    const privacy = { controller: 'Nordwerk', contact: 'a@b.example', dpo: 'Frau Amt' };
    const policy = (more: object) =>
      api.ask('PUT', `/api/sites/${SITE.id}/policy`, { body: { leaseDays: 30, ...more } });
    for (const more of [{}, { photoDays: 7 }, { templates: 'card' }]) {
      await policy({ ...more, privacy });
      const { items, unset } = await texts();
      expect([items.map((text) => text.language), unset]).toEqual([LANGUAGES, false]);
      for (const text of items)
        expect(text).toEqual(
          consentText(text.language, privacy, 'photoDays' in more ? 7 : 90, [], 'templates' in more),
        );
    }
    const [shown] = (await texts()).items;
    const body = { textVersion: shown!.version, language: 'en' };
    expect(await api.ask('POST', `${url}/consents`, { body, as: 'staff' })).toMatchObject({ standing: 'given' });
    await policy({});
  });

  test('kiosks get a language of the customer’s consent text once it is reviewed, and nobody can agree to it before', async () => {
    const text = (language: string, version = 'v1') => ({
      version,
      language,
      title: 'May we?',
      paragraphs: ['We keep your face for {photoDays} days.'],
    });
    const publishedTexts = async () =>
      (await opened.api.changesFor(box.device)).changes
        .find((c) => c.kind === 'policy')
        ?.policy.consentTexts?.map((t) => [t.version, t.language]);
    const made = await make({ name: 'Emmy Noether' });
    const agree = (textVersion: string, language: string) =>
      api.ask('POST', `/api/people/${made.id}/consents`, { as: 'staff', body: { textVersion, language } });
    for (const language of ['en', 'de']) await api.ask('POST', '/api/consent-texts', { body: text(language) });
    expect(await publishedTexts()).toBeUndefined();
    await api.ask('POST', '/api/consent-texts/v1/en/review', { as: 'dpo' });
    expect(await publishedTexts()).toEqual([['v1', 'en']]);
    await expect(agree('v1', 'de')).rejects.toMatchObject({ code: 'consent-text-not-reviewed' });
    await expect(agree('2026-11.no-photo', 'en')).rejects.toMatchObject({ code: 'consent-text-not-reviewed' });
    expect(await agree('v1.no-photo', 'en')).toMatchObject({ standing: 'given' });
    // A new version takes effect in the first language that is reviewed; the others wait for their review.
    api.now = new Date(NOW.getTime() + 1000);
    for (const language of ['en', 'de']) await api.ask('POST', '/api/consent-texts', { body: text(language, 'v2') });
    expect(await publishedTexts()).toEqual([['v1', 'en']]);
    await api.ask('POST', '/api/consent-texts/v2/de/review', { as: 'dpo' });
    expect(await publishedTexts()).toEqual([['v2', 'de']]);
    // The text read before says something else, so nobody can agree to it any more.
    await expect(agree('v1.no-photo', 'en')).rejects.toMatchObject({ code: 'consent-outdated' });
    expect(await agree('v2.no-photo', 'de')).toMatchObject({ standing: 'given' });
    const list = await api.ask<{ items: ConsentText[] }>('GET', '/api/consent-texts');
    expect(list.items.filter((t) => t.inForce).map((t) => [t.version, t.language])).toEqual([['v2', 'de']]);
    // Longer than a page of changes can hold: rejected, and kiosks keep what they have.
    api.now = new Date(NOW.getTime() + 2000);
    const long = { ...text('fr', 'v3'), paragraphs: Array.from({ length: 20 }, () => 'ü'.repeat(2000)) };
    for (const language of ['fr', 'es']) await api.ask('POST', '/api/consent-texts', { body: { ...long, language } });
    await api.ask('POST', '/api/consent-texts/v3/fr/review', { as: 'dpo' });
    await expect(api.ask('POST', '/api/consent-texts/v3/es/review', { as: 'dpo' })).rejects.toMatchObject({
      code: 'consent-texts-too-long',
    });
    expect(await publishedTexts()).toEqual([['v3', 'fr']]);
    await expect(api.ask('POST', '/api/consent-texts', { body: text('en') })).rejects.toMatchObject({
      code: 'consent-text-exists',
    });
  });

  test('the text staff show a person is filled in as on a kiosk, and recorded as shown', async () => {
    const person = await make({ name: 'Grace' });
    // Texts in force are the newest reviewed ones, so this one is later than all others in this file.
    api.now = new Date(NOW.getTime() + 60_000);
    const paragraphs = ['{controller} keeps a photo for {photoDays} days.', 'Ask {contact} or {dpo}.'];
    const text = { version: 'v9', language: 'en', title: 'May {controller}?', paragraphs };
    await api.ask('POST', '/api/consent-texts', { body: text });
    await api.ask('POST', '/api/consent-texts/v9/en/review', { as: 'dpo' });
    // The controller is not set yet. The text can't name who people would agree with, so nobody can agree.
    const early = { as: 'staff' as const, body: { textVersion: 'v9.photo-90-days', language: 'en' } };
    expect(await api.ask('GET', `/api/people/${person.id}/consent-texts`, { as: 'staff' })).toMatchObject({
      items: [],
      unset: true,
      controller: null,
    });
    await expect(api.ask('POST', `/api/people/${person.id}/consents`, early)).rejects.toMatchObject({
      code: 'privacy-not-set',
    });
    const privacy = { controller: 'Nordwerk', contact: 'a@b.example', dpo: 'Frau Amt' };
    await api.ask('PUT', `/api/sites/${SITE.id}/policy`, { body: { leaseDays: 30, photoDays: 14, privacy } });
    const url = `/api/people/${person.id}`;
    const { items } = await api.ask<MyConsentTexts>('GET', `${url}/consent-texts`, { as: 'staff' });
    expect(items).toEqual([
      {
        version: 'v9.photo-14-days',
        language: 'en',
        title: 'May Nordwerk?',
        paragraphs: ['Nordwerk keeps a photo for 14 days.', 'Ask a@b.example or Frau Amt.'],
      },
    ]);
    // Read when photos were kept for longer.
    await expect(api.ask('POST', `${url}/consents`, early)).rejects.toMatchObject({ code: 'consent-outdated' });
    const body = { textVersion: items[0]!.version, language: items[0]!.language };
    expect(await api.ask('POST', `${url}/consents`, { body, as: 'staff' })).toMatchObject({ standing: 'given' });
  });
});
