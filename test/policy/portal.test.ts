import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { v7 } from 'uuid';
import { beforeEach, describe, expect, test } from 'vitest';
import { keyObject } from '../../electron/core/keys/envelope.ts';
import { Vault } from '../../electron/core/vault/vault.ts';
import type { PrintableCard } from '../../sync/protocol/api/credentials.ts';
import type { PersonHistory } from '../../sync/protocol/api/people.ts';
import type { MyDay, MyProfile } from '../../sync/protocol/api/portal.ts';
import type { Report } from '../../sync/protocol/api/reports.ts';
import { publicHalf } from '../../sync/protocol/seal/keys.ts';
import { sealPosition } from '../../sync/protocol/seal/position.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { setMinor } from '../../sync/server/core/consents/minors.ts';
import { setHold } from '../../sync/server/core/people/holds.ts';
import { takePiece } from '../../sync/server/core/photos/store.ts';
import { keepPhotos } from '../../sync/server/core/templates/photos.ts';
import { mergePeople } from '../../sync/server/features/attendance/merging/merge.ts';
import { resolveItem } from '../../sync/server/features/attention/items.ts';
import { erasureState } from '../../sync/server/features/privacy/erasure/read.ts';
import { STEPS } from '../../sync/server/features/privacy/erasure/steps.ts';
import type { Actor } from '../../sync/server/platform/audit/actor.ts';
import { attentionOf, sectionsOf, tablesOf } from '../../sync/server/platform/server-module.ts';
import type { Api } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import type { MemoryOutbox } from '../kit/outbox.ts';
import { personValues } from '../kit/person.ts';
import { type Opened, withApi } from '../kit/suite.ts';
import { newFolder, openKiosk } from '../store/kiosk.ts';
import { aCheckin, aPerson } from '../store/samples.ts';

/** What a person can do with their own data. */

const NOW = new Date('2026-07-20T10:00:00.000Z');
const hours = (n: number) => new Date(NOW.getTime() - n * 3_600_000);

let opened: Opened;
let api: Api;
let box: MemoryOutbox;

describe.each(DATABASES)('a person’s own data on $name', (on) => {
  withApi(on, { now: NOW }, (o) => {
    opened = o;
    api = o.api;
  });
  beforeEach(async () => {
    box = await api.kiosk();
  });

  const me = (person: string): Actor => api.actorOf('person', person);
  const ask = <T>(person: string, method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, body?: unknown) =>
    api.ask<T>(method, url, { as: me(person), body });
  const exportOf = async (person: string) => {
    const text = (await ask<Buffer>(person, 'GET', '/api/gdpr/export/my-data')).toString('utf8');
    return { text, data: JSON.parse(text) as Record<string, Record<string, unknown>[]> };
  };
  const changesFor = async (person: string, device = box.device) =>
    (await opened.api.changesFor(device)).changes.filter((c) => 'person' in c && c.person === person);

  /** A photo as a kiosk seals it: the reference in its event, and the bytes that are uploaded afterwards. */
  function photoOf(person: string, event: string, kind: 'checkin' | 'enrolment', picture: Buffer) {
    const key = randomBytes(32);
    const where = { person, record: event, keyVersion: 1, kind };
    const sealed = new Vault('/nonexistent', randomBytes).seal(keyObject(key), where, picture);
    return { photo: sealed.address, photoKey: key.toString('base64url'), bytes: sealed.bytes };
  }
  const upload = (address: string, bytes: Buffer) =>
    takePiece(api.db, box.device, address, { offset: 0, total: bytes.length }, bytes, NOW);

  /** A person with something in every table, and each value that was written. */
  async function wholePerson(tag: string) {
    const person = v7();
    const enrolled = v7();
    const [front, door] = [Buffer.from(`JPEG enrolment ${tag}`), Buffer.from(`JPEG check-in ${tag}`)];
    const enrolment = photoOf(person, enrolled, 'enrolment', front);
    const { bytes: frontBytes, ...frontRef } = enrolment;
    const profile = { person, name: `Name-${tag}`, number: `N${tag}`, language: 'de', ...frontRef };
    box.append('person', { change: 'added' }, profile, hours(9), enrolled);
    box.append(
      'consent',
      { action: 'given', textVersion: `v-${tag}`, language: 'de' },
      { person, guardian: `Guardian-${tag}` },
      hours(9),
    );
    const vector = randomBytes(2048).toString('base64url');
    const templates = [{ id: v7(), pose: 'front', vector }];
    box.append('template', { change: 'added', model: `model-${tag}`, count: 1 }, { person, templates }, hours(9));
    const card = { id: v7(), sealed: randomBytes(2076).toString('base64url') };
    box.append('template', { change: 'added', model: `model-${tag}`, count: 1 }, { person, card }, hours(9));
    const open = { direction: 'in', method: 'face', liveness: 'passed', model: 'test' } as const;
    const came = v7();
    const { bytes: doorBytes, ...doorRef } = photoOf(person, came, 'checkin', door);
    const latitude = Number(`52.${Number.parseInt(tag, 16)}`);
    const to = publicHalf(api.keyring.sealing);
    const gps = await sealPosition({ latitude, longitude: 13.4 }, { device: box.device, person }, to);
    box.append('checkin', open, { person, score: 0.8125, second: null, gps, ...doorRef }, hours(8), came);
    const wrong = box.append('checkin', open, { person }, hours(7)).header.id;
    box.append('void', { target: wrong, reason: 'not-me' }, { person }, hours(7));
    box.append('pin', { change: 'set' }, { person }, hours(6));
    // An event that can't be accepted.
    box.append('checkin', { ...open, direction: `Refused-${tag}` } as never, { person }, hours(5));
    await api.deliver(box);
    await upload(frontRef.photo, frontBytes);
    await upload(doorRef.photo, doorBytes);
    const { name: _, number: __, language: ___, ...contact } = personValues(tag);
    await api.ask('PATCH', `/api/people/${person}`, { body: contact });
    await api.ask('POST', `/api/people/${person}/badges`, { body: { number: `further-${tag}` } });
    const { id: printed } = await api.ask<PrintableCard>('POST', `/api/people/${person}/cards`);
    const reason = `Reason-${tag}`;
    await api.ask('POST', '/api/corrections', { body: { kind: 'replace', target: came, direction: 'out', reason } });
    const hold = { person, site: null, from: null, until: null, reason: `Hold-${tag}`, setBy: 'dpo' };
    await api.db.transaction().execute((tx) => setHold(tx, api.keys, hold, NOW));
    const kept = Buffer.from(`JPEG kept ${tag}`);
    const bornOn = `2015-0${1 + (Number.parseInt(tag, 16) % 9)}-11`;
    await api.db.transaction().execute(async (tx) => {
      const picture = { id: v7(), picture: kept, pose: 'front' };
      await keepPhotos(tx, api.keys, person, [picture], { via: 'staff', by: null }, NOW);
      const guardian = { name: `Parent-${tag}`, relation: 'parent' };
      await setMinor(tx, api.keys, person, { bornOn, guardian }, NOW);
      const note = { kind: 'void', ref: wrong, note: `Note-${tag}` } as const;
      await resolveItem(tx, api.keys, attentionOf(MODULES), note, null, NOW);
    });
    await ask(person, 'POST', '/api/me/complaints', { record: came, message: `Wrong-${tag}` });
    const link = { hash: randomBytes(32), kind: 'person' as const, account: null, person, used_at: null };
    await api.db
      .insertInto('sign_in_link')
      .values({ ...link, created_at: hours(3), expires_at: hours(2) })
      .execute();
    return {
      person,
      values: [
        ...[`Name-${tag}`, `N${tag}`, ...Object.values(contact), `v-${tag}`, `Guardian-${tag}`, `model-${tag}`, vector],
        ...[
          `"latitude":${latitude}`,
          '0.8125',
          reason,
          `Hold-${tag}`,
          `Refused-${tag}`,
          came,
          wrong,
          front.toString('base64'),
          door.toString('base64'),
          ...[card.sealed, `further-${tag}`, printed],
          ...[kept.toString('base64'), `Parent-${tag}`, `Note-${tag}`, `Wrong-${tag}`],
        ],
      ],
    };
  }

  test('the export contains every value as it was given, photos and template included, and nothing of anyone else', async () => {
    const [mine, other] = [await wholePerson(randomUUID().slice(0, 8)), await wholePerson(randomUUID().slice(0, 8))];
    const { text, data } = await exportOf(mine.person);
    for (const value of mine.values) expect(text.includes(value), value.slice(0, 60)).toBe(true);
    for (const value of [other.person, ...other.values.filter((v) => v !== '0.8125')])
      expect(text.includes(value), value.slice(0, 60)).toBe(false);
    expect(Object.keys(data)).toEqual(expect.arrayContaining(sectionsOf(MODULES).map(([name]) => name)));
    expect(data.photos).toHaveLength(2);
    // The templates contain nothing but templates.
    expect(data.templates!.length).toBeGreaterThan(0);
    expect(data.templates!.filter((t) => !t.vector && !t.onCard)).toEqual([]);
    expect(data.templateModels).toContainEqual({ kiosksMayHoldTemplatesOfModel: data.templates![0]!.model });
    expect(data.quarantined).toHaveLength(1);
    expect(data.signIns).toHaveLength(1);
    expect(data.events!.map((e) => e.type)).toEqual([
      'person',
      'consent',
      'template',
      'template',
      'checkin',
      'checkin',
      'void',
      'pin',
    ]);
    expect(data.attendance!.filter((r) => r.voided === null)).toHaveLength(1);
    // It includes the people who looked at them and, in the next export, this export.
    expect(data.accesses!.map((a) => a.route)).toEqual(expect.arrayContaining(['PATCH /api/people/:person']));
    expect((await exportOf(mine.person)).data.accesses!.some((a) => a.action === 'export')).toBe(true);
    expect(text).not.toMatch(/photoKey|tester@example/);
  });

  test('the export includes records made under another id before a merge', async () => {
    const [kept, merged] = [await wholePerson(randomUUID().slice(0, 8)), await wholePerson(randomUUID().slice(0, 8))];
    await mergePeople(
      { db: api.db, keys: api.keys, modules: MODULES },
      { kept: kept.person, merged: merged.person, by: 'staff' },
      NOW,
    );
    const { text } = await exportOf(kept.person);
    for (const value of kept.values) expect(text.includes(value), value.slice(0, 60)).toBe(true);
    for (const value of merged.values.filter((v) => v.startsWith('"latitude"') || v.startsWith('Reason-')))
      expect(text.includes(value), value.slice(0, 60)).toBe(true);
  });

  test('every table is in the export or left out with a reason', async () => {
    const { rows } = await sql<{ name: string }>`
      select case when n.nspname = 'public' then c.relname else n.nspname || '.' || c.relname end as name
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
        and not c.relispartition and c.relname not in ('kysely_migration', 'kysely_migration_lock')`.execute(api.db);
    const rules = tablesOf(MODULES);
    // Each once, in the module that it belongs to.
    expect(rules.map(([name]) => name).sort()).toEqual(rows.map((r) => r.name).sort());
    const sections = sectionsOf(MODULES).map(([name]) => name);
    const shown = new Set(rules.flatMap(([, rule]) => ('exported' in rule ? [rule.exported] : [])));
    expect([...shown].sort()).toEqual(sections.sort());
    // What this transaction doesn't erase, another step does, or it states why it is kept.
    const steps = STEPS.map(({ name }) => `by the step \`${name}\``);
    const left = rules.flatMap(([, rule]) =>
      'erased' in rule && typeof rule.erased === 'string' ? [rule.erased] : [],
    );
    expect(left.filter((how) => !how.startsWith('stays') && !steps.some((step) => how.startsWith(step)))).toEqual([]);
    // Every table with a column for a person is exported, or its reason says why it isn't.
    const { rows: columns } = await sql<{ table: string }>`
      select distinct case when table_schema = 'public' then table_name else table_schema || '.' || table_name end as table
      from information_schema.columns where column_name in ('person', 'first', 'kept')
        and table_schema not in ('pg_catalog', 'information_schema')`.execute(api.db);
    const naming = columns.map((c) => c.table);
    const ofPeople = rules.filter(([name]) => naming.includes(name));
    expect(ofPeople.flatMap(([name, rule]) => ('notPersonal' in rule ? [name] : []))).toEqual([]);
    expect(ofPeople.flatMap(([name, rule]) => ('notExported' in rule ? [name] : [])).sort()).toEqual(
      ['alert_item', 'attendance_due', 'change', 'keyring.person_key'].sort(),
    );
  });

  test('a person can correct their own profile, except number and badge, and kiosks are notified', async () => {
    const { person } = await wholePerson(randomUUID().slice(0, 8));
    const changed = await ask<MyProfile>(person, 'PATCH', '/api/me', { name: 'New Name', phone: null });
    expect(changed).toMatchObject({ name: 'New Name', phone: null });
    expect(await api.lastAudit()).toMatchObject({ action: 'write', role: 'person', count: 1, route: 'PATCH /api/me' });
    expect(await changesFor(person)).toContainEqual(expect.objectContaining({ kind: 'person', name: 'New Name' }));
    await expect(ask(person, 'PATCH', '/api/me', { number: '1' })).rejects.toThrow();
    const { items } = await api.ask<PersonHistory>('GET', `/api/people/${person}/history`);
    expect(items).toContainEqual(
      expect.objectContaining({ change: 'updated', fields: ['name', 'phone'], via: 'person' }),
    );
  });

  test('a wrongly sealed photo does not block the rest of a person’s data', async () => {
    const { person } = await wholePerson(randomUUID().slice(0, 8));
    const event = v7();
    const { bytes, photo } = photoOf(person, event, 'checkin', Buffer.from('JPEG'));
    const open = { direction: 'in', method: 'face', liveness: 'passed' } as const;
    const photoKey = randomBytes(32).toString('base64url');
    box.append('checkin', open, { person, photo, photoKey }, NOW, event);
    await api.deliver(box);
    await upload(photo, bytes);
    const { data } = await exportOf(person);
    expect(data.photos!.find((p) => p.event === event)).toMatchObject({ base64: null });
    expect(data.photos!.filter((p) => p.base64 !== null)).toHaveLength(2);
  });

  test('a person sees all their own records and nobody else’s', async () => {
    const [mine] = [await wholePerson(randomUUID().slice(0, 8)), await wholePerson(randomUUID().slice(0, 8))];
    const { items } = await ask<{ items: { person: string }[] }>(mine.person, 'GET', '/api/me/attendance');
    // Two check-ins, and the correction of one.
    expect(items.map((r) => r.person)).toEqual([mine.person, mine.person, mine.person]);
  });

  test('a person sees only their own hours, by day and site, equal to the report’s', async () => {
    const [{ person }] = [await wholePerson(randomUUID().slice(0, 8)), await wholePerson(randomUUID().slice(0, 8))];
    const period = 'from=2026-07-01&to=2026-07-20';
    const { items } = await ask<{ items: MyDay[] }>(person, 'GET', `/api/me/days?${period}`);
    const report = await api.ask<Report>('GET', `/api/reports?by=person-day&person=${person}&${period}`);
    expect(items.length).toBeGreaterThan(0);
    expect(items.map(({ site: _, ...day }) => day)).toEqual(
      report.items.map(({ day, firstIn, lastOut, minutes, missing }) => ({ day, firstIn, lastOut, minutes, missing })),
    );
    await expect(ask(person, 'GET', '/api/me/days?from=2024-01-01&to=2026-07-20')).rejects.toThrow('A period has');
  });

  test('a person withdraws consent with one request, and no template is left anywhere', async () => {
    const { person } = await wholePerson(randomUUID().slice(0, 8));
    expect(await ask(person, 'POST', '/api/me/consent/withdraw')).toEqual({ standing: 'withdrawn' });
    expect(await ask<MyProfile>(person, 'GET', '/api/me')).toMatchObject({ consent: 'withdrawn', templates: 0 });
    expect((await changesFor(person)).find((c) => c.kind === 'templates')).toMatchObject({ templates: [] });
  });

  test('an opt-out from positions reaches every kiosk: no coordinates or hashes are recorded, stored ones are deleted, and late ones are dropped', async () => {
    const { person, values } = await wholePerson(randomUUID().slice(0, 8));
    const other = await api.kiosk();
    await ask(person, 'PUT', '/api/me/gps', { optOut: true });
    for (const kiosk of [box, other]) {
      const changes = await changesFor(person, kiosk.device);
      expect(changes).toContainEqual(expect.objectContaining({ kind: 'person', gpsOptOut: true }));
      const store = await openKiosk(newFolder());
      await store.roster.apply({ whole: false, more: false, cursor: 'c1', changes });
      await store.checkins.record(aCheckin(person, { gps: 'A POSITION' }));
      const [event] = store.outbox.pending(10).filter((e) => e.header.type === 'checkin');
      expect(Object.keys(event!.header.commitments)).not.toContain('gps');
      expect(JSON.stringify(event)).not.toContain('A POSITION');
      // Someone else's on the same kiosk has them, so the test would see one.
      const someone = aPerson({});
      await store.people.add(someone);
      await store.checkins.record(aCheckin(someone.id, { gps: 'A POSITION' }));
      expect(JSON.stringify(store.outbox.pending(50))).toContain('A POSITION');
    }
    expect((await exportOf(person)).text).not.toContain(values.find((v) => v.startsWith('"latitude"')));
    // A kiosk that had not received it yet.
    const open = { direction: 'out', method: 'face', liveness: 'passed' } as const;
    const late = other.append('checkin', open, { person, gps: 'LATE POSITION' }, NOW);
    await api.deliver(other);
    const row = await api.db
      .selectFrom('event')
      .select(['gps', 'chain'])
      .where('id', '=', late.header.id)
      .executeTakeFirst();
    expect(row).toEqual({ gps: null, chain: 'whole' });
    expect((await exportOf(person)).text).not.toContain('LATE POSITION');
  });

  test('an opt-out made at a kiosk also deletes stored positions', async () => {
    const { person, values } = await wholePerson(randomUUID().slice(0, 8));
    const position = values.find((v) => v.startsWith('"latitude"'))!;
    expect((await exportOf(person)).text).toContain(position);
    box.append('person', { change: 'updated', gpsOptOut: true }, { person }, NOW);
    await api.deliver(box);
    const { text, data } = await exportOf(person);
    expect(text).not.toContain(position);
    expect(data.profile![0]).toMatchObject({ gpsOptOut: true });
  });

  test('an erasure needs a confirmation, deletes templates at once, and can be undone until its deadline', async () => {
    const { person } = await wholePerson(randomUUID().slice(0, 8));
    const url = '/api/gdpr/delete/my-account';
    const refused = { code: 'confirmation-needed' };
    await expect(ask(person, 'DELETE', url, {})).rejects.toMatchObject(refused);
    const stranger = await wholePerson(randomUUID().slice(0, 8));
    const theirs = await ask<{ confirmation: string }>(stranger.person, 'POST', `${url}/confirmation`);
    await expect(ask(person, 'DELETE', url, { confirmation: theirs.confirmation })).rejects.toMatchObject(refused);
    const { confirmation } = await ask<{ confirmation: string }>(person, 'POST', `${url}/confirmation`);
    api.now = new Date(NOW.getTime() + 11 * 60_000);
    await expect(ask(person, 'DELETE', url, { confirmation })).rejects.toMatchObject(refused);
    api.now = NOW;
    const begun = await ask<{ undoUntil: string }>(person, 'DELETE', url, { confirmation });
    expect(begun.undoUntil).toBe(new Date(NOW.getTime() + 7 * 86_400_000).toISOString());
    expect(await ask<MyProfile>(person, 'GET', '/api/me')).toMatchObject({ templates: 0, erasure: begun });
    expect((await changesFor(person)).find((c) => c.kind === 'templates')).toMatchObject({ templates: [] });
    api.notified.length = 0;
    expect(await ask<MyProfile>(person, 'POST', `${url}/undo`)).toMatchObject({ erasure: null });
    expect(api.notified).toContain('change');
  });

  test('an erasure that can’t be undone shows no undo deadline', async () => {
    const { person } = await wholePerson(randomUUID().slice(0, 8));
    const { config } = api.services;
    const retention = { ...config.retention, erasureUndoDays: 0 };
    Object.assign(api.services, { config: { ...config, retention } });
    const url = '/api/gdpr/delete/my-account';
    try {
      const { confirmation } = await ask<{ confirmation: string }>(person, 'POST', `${url}/confirmation`);
      const begun = await ask<{ request: string }>(person, 'DELETE', url, { confirmation });
      expect(begun).toEqual({ request: expect.any(String), undoUntil: null });
      expect(await ask<MyProfile>(person, 'GET', '/api/me')).toMatchObject({ erasure: begun });
      expect(await erasureState(api.db, begun.request, NOW)).toMatchObject({ state: 'requested', undoUntil: null });
      await expect(ask(person, 'POST', `${url}/undo`)).rejects.toMatchObject({ code: 'erasure-under-way' });
    } finally {
      Object.assign(api.services, { config });
    }
  });

  test('none of it takes a person’s id as a parameter', async () => {
    const { portal } = await import('../../sync/server/features/portal/module.ts');
    for (const spec of portal.endpoints!) {
      expect(spec.roles).toEqual(['person']);
      expect(spec.path).not.toContain(':');
      expect(Object.keys((spec.query as { shape?: object } | undefined)?.shape ?? {})).not.toContain('person');
    }
  });
});
