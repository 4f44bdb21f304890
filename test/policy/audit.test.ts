import { randomUUID } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readChanges } from '../../sync/server/app/downstream/read.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { SERVED } from '../../sync/server/app/served.ts';
import { duplicatesJob } from '../../sync/server/features/attendance/merging/candidates.ts';
import { mergePeople } from '../../sync/server/features/attendance/merging/merge.ts';
import { findAffected } from '../../sync/server/features/audit/affected.ts';
import type { AuditView } from '../../sync/server/features/audit/search.ts';
import type { Actor } from '../../sync/server/platform/audit/actor.ts';
import type { AuditEntry } from '../../sync/server/platform/audit/entry.ts';
import { verifyAudit } from '../../sync/server/platform/audit/verify.ts';
import { writeAudit } from '../../sync/server/platform/audit/write.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { destroyPersonKeys } from '../../sync/server/platform/keys/persons.ts';
import type { Api } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import { newPerson } from '../kit/person.ts';
import { type Opened, withApi } from '../kit/suite.ts';

const NOW = new Date('2027-07-20T10:00:00.000Z');
const DAY = 86_400_000;
interface Page {
  items: AuditView[];
  next: string | null;
}

let opened: Opened;
let api: Api;

describe.each(DATABASES)('the audit log on $name', { timeout: 60_000 }, (on) => {
  withApi(on, { now: NOW }, (o) => {
    opened = o;
    api = o.api;
  });

  const someone = async (name = 'Ada Lovelace', number = randomUUID().slice(0, 8)) => {
    const made = await api.ask<{ id: string }>('POST', '/api/people', { body: { name, number }, as: 'staff' });
    return made.id;
  };
  const search = (query: string) => api.ask<Page>('GET', `/api/audit?${query}`, { as: 'auditor' });
  const write = (entry: Partial<AuditEntry>) =>
    inTransaction(api.db, (tx) =>
      writeAudit(
        tx,
        api.keys,
        {
          actor: api.actorOf('staff'),
          action: 'read',
          route: 'test',
          data: ['person.name'],
          subjects: [],
          outcome: 'ok',
          ...entry,
        },
        api.now,
      ),
    );

  test('a row says who, what, when, where, why and about which people, and can be found by each', async () => {
    const person = await someone();
    const other = await someone('Grace Hopper');
    const staff: Actor = {
      role: 'staff',
      id: randomUUID(),
      email: 'Desk@example.org',
      ip: '198.51.100.7',
      userAgent: 'Firefox/150',
    };
    api.now = new Date(NOW.getTime() + DAY);
    await api.ask('GET', `/api/people/${person}`, { as: staff });
    await api.ask('GET', `/api/people/${other}`, { as: 'dpo' });
    const day = `from=${new Date(NOW.getTime() + DAY).toISOString()}&route=${encodeURIComponent('GET /api/people/:person')}`;
    const expected = {
      at: '2027-07-21T10:00:00.000Z',
      action: 'read',
      role: 'staff',
      actor: staff.id,
      email: staff.email,
      ip: staff.ip,
      userAgent: staff.userAgent,
      route: 'GET /api/people/:person',
      count: 1,
      outcome: 'ok',
    };
    for (const by of [
      `affected=${person}`,
      `person=${person}`,
      `who=${staff.id}`,
      'role=staff',
      'ip=198.51.100.7',
      'email=desk@EXAMPLE.org',
    ])
      expect((await search(`${day}&${by}`)).items, by).toMatchObject([expected]);
    const [row] = (await search(`${day}&affected=${person}`)).items;
    expect(row!.data).toContain('person.name');
    expect(await api.ask('GET', `/api/audit/rows/${row!.position}`, { as: 'dpo' })).toMatchObject({
      people: [person],
      unknown: 0,
    });
    for (const none of [`affected=${randomUUID()}`, 'ip=198.51.100.8', 'outcome=not-allowed', 'data=template'])
      expect((await search(`${day}&${none}`)).items, none).toEqual([]);
  });

  test('no answer is given if its audit row can’t be written', async () => {
    const person = await someone();
    const ask = () => api.ask('GET', `/api/people/${person}`, { as: 'staff' });
    await ask();
    const rename = (from: string, to: string) => api.db.schema.alterTable(from).renameTo(to).execute();
    await rename('audit', 'audit_away');
    await expect(ask()).rejects.toThrow();
    await rename('audit_away', 'audit');
    await expect(ask()).resolves.toMatchObject({ id: person });
  });

  test('a search of the log is itself audited with the people searched for', async () => {
    const person = await someone();
    await search(`affected=${person}`);
    const { items } = await search(`affected=${person}&route=${encodeURIComponent('GET /api/audit')}`);
    expect(items).toMatchObject([{ action: 'read', role: 'auditor', data: ['audit'], count: 1 }]);
  });

  test('pages of a search contain each row exactly once, also when filtering by encrypted fields', async () => {
    const person = await someone();
    for (let i = 0; i < 7; i++) await write({ subjects: [person, randomUUID()], resource: String(i) });
    const seen: AuditView[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const page: Page = await search(`affected=${person}&route=test&limit=3${next && `&cursor=${next}`}`);
      seen.push(...page.items);
      next = page.next;
    }
    expect(seen.map((r) => r.resource)).toEqual(['6', '5', '4', '3', '2', '1', '0']);
  });

  test('an export contains what a search finds', async () => {
    const person = await someone();
    await write({ subjects: [person], route: 'exported' });
    const file = await api.ask<Buffer>('GET', `/api/audit/export?affected=${person}&route=exported`, { as: 'auditor' });
    const lines = file.toString('utf8').trim().split('\n');
    expect(lines.map((l) => JSON.parse(l))).toEqual((await search(`affected=${person}&route=exported`)).items);
    expect(await api.lastAudit()).toBeDefined();
  });

  test('no column shows in clear who a row is about or who looked', async () => {
    const person = await someone();
    const staff: Actor = {
      ...api.actorOf('staff'),
      email: 'clear.text@example.org',
      ip: '203.0.113.99',
      userAgent: 'Agent-1',
    };
    await write({ actor: staff, subjects: [person] });
    const rows = await api.db.selectFrom('audit').selectAll().execute();
    const text = JSON.stringify(rows, (_, v) => (v instanceof Uint8Array ? Buffer.from(v).toString('latin1') : v));
    expect(text).not.toMatch(/clear\.text|203\.0\.113\.99|Agent-1/);
    expect(text).not.toContain(person);
  });

  test('once a person’s key is destroyed no row is found as theirs, and the chain stays intact', async () => {
    const person = await someone();
    const self: Actor = { role: 'person', id: person, email: 'self@example.org', ip: '203.0.113.5', userAgent: 'Own' };
    for (const days of [0, 1, 1, 2]) {
      api.now = new Date(NOW.getTime() + days * DAY);
      await write({ subjects: [person], route: 'seen' });
      await write({ actor: self, subjects: [person], route: 'seen by themselves' });
    }
    expect((await search(`person=${person}&route=seen`)).items).toHaveLength(8);
    expect((await search(`who=${person}&route=seen`)).items).toMatchObject(
      Array(4).fill({ actor: person, email: 'self@example.org', ip: '203.0.113.5', hidden: false }),
    );
    // A search by anything but their id doesn't reveal who they were.
    expect((await search('route=seen by themselves')).items[0]).toMatchObject({
      actor: null,
      email: null,
      hidden: true,
    });
    // Nothing in the sealed lists links one day to another.
    const { rows: before } = await verifyAudit(api.db, api.keys);
    await inTransaction(api.db, async (tx) => {
      await tx.updateTable('person').set({ deleted_at: NOW, profile: null }).where('id', '=', person).execute();
      await destroyPersonKeys(tx, [person]);
    });
    expect((await search(`person=${person}&route=seen`)).items).toEqual([]);
    expect((await search(`who=${person}&route=seen`)).items).toEqual([]);
    expect((await search('route=seen by themselves')).items[0]).toMatchObject({ email: null, ip: null, hidden: true });
    const after = await verifyAudit(api.db, api.keys);
    expect(after.faults).toEqual([]);
    expect(after.rows).toBeGreaterThan(before);
    const affected = await findAffected(api.db, api.keys, [{ route: 'seen' }]);
    expect(affected).toMatchObject({ people: [], unknown: 3, rows: 8 });
  });

  test('affected people are found by actor, time or resource, each once under their current name', async () => {
    const [ada, grace, alan] = [await someone('Ada'), await someone('Grace'), await someone('Alan')];
    const thief = api.actorOf('staff');
    await write({ actor: thief, subjects: [ada, grace], route: 'stolen', data: ['person.name'] });
    api.now = new Date(NOW.getTime() + DAY);
    await write({ actor: thief, subjects: [ada], route: 'stolen', data: ['person.email'] });
    await write({ subjects: [alan], route: 'stolen not' });
    const found = await findAffected(api.db, api.keys, [{ who: thief.id! }]);
    expect(found.people.map((p) => p.person).sort()).toEqual([ada, grace].sort());
    expect(found.people.find((p) => p.person === ada)).toEqual({
      person: ada,
      rows: 2,
      first: NOW,
      last: new Date(NOW.getTime() + DAY),
      data: ['person.email', 'person.name'],
    });
    await mergePeople(
      { db: api.db, keys: api.keys, modules: MODULES },
      { kept: alan, merged: grace, by: 'test' },
      api.now,
    );
    const merged = await findAffected(api.db, api.keys, [{ who: thief.id! }]);
    expect(merged.people.map((p) => p.person).sort()).toEqual([ada, alan].sort());
    expect((await search(`affected=${alan}&route=stolen`)).items.map((r) => r.route)).toEqual(['stolen not', 'stolen']);
  });

  test('an actor’s rows affect the people they were about, not people who only saw their own data', async () => {
    const [ada, grace] = [await someone('Ada'), await someone('Grace')];
    const thief = api.actorOf('staff');
    await write({ actor: thief, subjects: [ada] });
    await write({ actor: api.actorOf('person', grace), subjects: [grace], route: 'their own' });
    const found = await findAffected(api.db, api.keys, [{ who: thief.id! }]);
    expect(found).toMatchObject({ rows: 1, people: [{ person: ada }] });
    const own = await findAffected(api.db, api.keys, [{ who: grace }]);
    expect(own).toMatchObject({ rows: 1, people: [{ person: grace }] });
    // A row found by two scopes of an incident is one record.
    expect(await findAffected(api.db, api.keys, [{ who: thief.id! }, { who: thief.id!, route: 'test' }])).toEqual(
      found,
    );
  });

  describe('faces', () => {
    const changes = (device: string, cursor = '') =>
      readChanges(
        {
          db: api.db,
          keys: api.keys,
          logEpoch: opened.database.logEpoch,
          modules: MODULES,
          publicKeys: async () => api.keyring.publicKeys,
        },
        device,
        { cursor, limit: 200, presenceAfter: null, newestKey: true },
        api.now,
      );
    const rowsOf = async (route: string) => (await search(`route=${encodeURIComponent(route)}&limit=200`)).items;

    test('a page that sends templates to a kiosk is audited with their people; a page without people is not audited', async () => {
      const box = await api.kiosk();
      const person = newPerson(box, 'Ada', NOW, randomUUID().slice(0, 8));
      await api.deliver(box);
      const page = await changes(box.device);
      expect(page.changes.some((c) => c.kind === 'templates' && c.person === person)).toBe(true);
      const found = (await search(`affected=${person}&action=decrypt`)).items;
      expect(found).toMatchObject([
        { role: 'device', actor: box.device, route: 'device changes', data: ['person.name', 'template'] },
      ]);
      const before = (await rowsOf('device changes')).length;
      const end = await changes(box.device, page.cursor);
      expect(end.changes).toEqual([]);
      expect(await rowsOf('device changes')).toHaveLength(before);
    });

    test('the search for duplicate people and a merge are audited', async () => {
      const box = await api.kiosk();
      const first = newPerson(box, 'Twin', NOW, randomUUID().slice(0, 8));
      const second = newPerson(box, 'Twin', NOW, randomUUID().slice(0, 8));
      await api.deliver(box);
      await duplicatesJob.run({ ...api.services, signal: new AbortController().signal });
      const [row] = await rowsOf('job duplicates');
      expect(row).toMatchObject({ action: 'decrypt', role: 'system', everyone: true, data: ['template'] });
      expect(row!.count).toBeGreaterThanOrEqual(2);
      // A person who asks who opened their face sees it.
      expect((await search(`affected=${first}&route=job`)).items).toHaveLength(1);
      await mergePeople(
        { db: api.db, keys: api.keys, modules: MODULES },
        { kept: first, merged: second, by: 'test' },
        NOW,
      );
      expect(await rowsOf('people merge')).toMatchObject([{ action: 'decrypt', count: 1 }]);
    });

    test('no page is sent if its audit row can’t be written', async () => {
      const box = await api.kiosk();
      newPerson(box, 'Ada', NOW, randomUUID().slice(0, 8));
      await api.deliver(box);
      const rename = (from: string, to: string) => api.db.schema.alterTable(from).renameTo(to).execute();
      await rename('audit', 'audit_away');
      await expect(changes(box.device)).rejects.toThrow();
      await rename('audit_away', 'audit');
      await expect(changes(box.device)).resolves.toBeDefined();
    });
  });
});

test('templates are decrypted in one place of the server’s code, and only with an audit row', () => {
  const root = join(import.meta.dirname, '../..');
  const sources = globSync('sync/server/**/*.ts', { cwd: root })
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));
  const holding = (what: RegExp) =>
    sources
      .filter(({ text }) => what.test(text))
      .map(({ file }) => file)
      .sort();
  // The place that a template's envelope is bound to: nobody opens one without naming it. A rotation re-encrypts envelopes and
  // discloses nothing.
  expect(holding(/'template\.vector'/)).toEqual(['sync/server/core/templates/templates.ts']);
  // Code that opens one must pass where it is logged. Only one function returns that, after writing a row.
  expect(holding(/as unknown as Opened|as Opened\b/)).toEqual(['sync/server/platform/audit/opened.ts']);
  // The same for photos. One place opens them. Its callers are handlers of routes that declare them, so that `perform` writes the
  // row, or a job that logs them where `audited` writes one. Add new callers here, and to the data of their route.
  expect(holding(/`photo\.\$\{/)).toEqual(['sync/server/core/photos/store.ts']);
  expect(holding(/\bopenPhoto\(/)).toEqual([
    'sync/server/app/ingest/my-data.ts',
    'sync/server/core/photos/store.ts',
    'sync/server/core/templates/photos.ts',
  ]);
  expect(holding(/opened\.note\('photo', [^;]+;\s+try \{\s+const picture = openPhoto\(/)).toEqual([
    'sync/server/core/templates/photos.ts',
  ]);
  // Pictures that the server made templates from, and those of an import: opened where a row is written, and by the route that
  // shows one to its reviewer. The other callers encrypt or re-encrypt them.
  expect(holding(/\bopen\w*\((?:[^;]*\b)?enrolmentPhotoPlace\(/)).toEqual(['sync/server/core/templates/photos.ts']);
  expect(holding(/function openPhotos\(\s*db: Db,\s*keys: Keys,\s*opened: Opened,/)).toEqual([
    'sync/server/core/templates/photos.ts',
  ]);
  const ofImports = holding(/\bimport(?:Place|Box)\(/).filter((file) => !file.endsWith('module.ts'));
  expect(ofImports).toEqual([
    'sync/server/features/enrolment/imports/apply.ts',
    'sync/server/features/enrolment/imports/judge.ts',
    'sync/server/features/enrolment/imports/people.ts',
    'sync/server/features/enrolment/imports/photos.ts',
    'sync/server/features/enrolment/imports/routes.ts',
    'sync/server/features/enrolment/imports/runs.ts',
  ]);
  expect(holding(/opened\.note\(\s*'photo'/)).toEqual(
    expect.arrayContaining(['sync/server/features/enrolment/imports/photos.ts']),
  );
  expect(holding(/data: \['template', 'photo', 'consent'\][\s\S]*writeAudit\(/)).toEqual([
    'sync/server/features/enrolment/imports/apply.ts',
  ]);
  const shown = SERVED.find((r) => r.path === '/api/imports/:import/photos/:photo/picture')!;
  expect([shown.action, shown.data]).toEqual(['decrypt', ['photo']]);
  const route = SERVED.find((r) => r.path === '/api/gdpr/export/my-data')!;
  expect([route.action, route.data.includes('photo')]).toEqual(['export', true]);
  expect(holding(/function readTemplates\(\s*db: Db,\s*keys: Keys,\s*opened: Opened,/)).toEqual([
    'sync/server/core/templates/templates.ts',
  ]);
});
