import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ImportLinePage, ImportPhoto, ImportRun } from '../../sync/protocol/api/imports.ts';
import type { Person } from '../../sync/protocol/api/people.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { DEFAULT_SCOPE } from '../../sync/server/core/sites/sites.ts';
import { mergePeople } from '../../sync/server/features/attendance/merging/merge.ts';
import { importsJob } from '../../sync/server/features/enrolment/imports/imports.job.ts';
import { reenrolments } from '../../sync/server/features/reenrolment/list.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { stillsOfA } from '../footage/index.ts';
import { type Api, newApi } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import { SITE } from '../kit/services.ts';
import { withDatabase } from '../kit/suite.ts';
import { postgresUnavailable, startPostgres } from '../services/postgres.ts';

/** An import of a list of people: checked line by line before anyone is created, repeatable, undoable, complete after a kill. */

const NOW = new Date('2026-07-20T10:00:00.000Z');

/** What staff do with an import, through the routes. */
function desk(api: Api) {
  const begin = () => api.ask<ImportRun>('POST', '/api/imports', { as: 'staff', body: { basis: null } });
  const upload = (id: string, name: string, content: string | Uint8Array) =>
    api.ask('POST', `/api/imports/${id}/files?name=${name}`, { as: 'staff', body: Buffer.from(content as string) });
  const lines = (id: string, query = '') =>
    api.ask<ImportLinePage>('GET', `/api/imports/${id}/people?limit=200${query}`, { as: 'staff' });
  const make = (id: string) => api.ask<ImportRun>('POST', `/api/imports/${id}/people`, { as: 'staff' });
  const undo = (id: string) => api.ask<ImportRun>('POST', `/api/imports/${id}/people/undo`, { as: 'staff' });
  const state = async (id: string) => (await api.ask<ImportRun>('GET', `/api/imports/${id}`, { as: 'staff' })).people;
  const run = () => importsJob.run({ ...api.services, signal: AbortSignal.timeout(60_000) });
  const found = async (q: string) =>
    (await api.ask<{ items: Person[] }>('POST', '/api/people/search', { body: { q }, as: 'staff' })).items;
  return { begin, upload, lines, make, undo, state, run, found };
}

describe.each(DATABASES)('importing a list of people on $name', (kind) => {
  let database: OpenDatabase;
  let api: Api;
  let staff: ReturnType<typeof desk>;
  withDatabase(kind, async (opened, undo) => {
    database = opened;
    api = undo.use(await newApi(database, NOW));
    staff = desk(api);
  });

  test('one wrong line and nobody is created; corrected, everyone is, with their picture; repeated, nothing changes', async () => {
    const { id: nord } = await api.ask<{ id: string }>('POST', '/api/sites', {
      body: { name: 'Nord', timeZone: 'Europe/Berlin' },
    });
    await api.ask('POST', '/api/people', { body: { name: 'Grace', number: '0099' }, as: 'staff' });
    const { id } = await staff.begin();
    const head = 'Name;Nummer;E-Mail;Standort;Sprache;Foto\n';
    const ada = 'Ada;0042;ada@x.example;Nord;Deutsch;portrait.jpg\n';
    await staff.upload(id, 'portrait.jpg', readFileSync(stillsOfA()[0]!));
    await staff.upload(id, 'list.csv', `${head}${ada}=1+1;0043;;;;\n;0044;eve at x;Süd;xx;\nGrace;0099;;;;\n`);
    const seen = await staff.lines(id);
    expect(seen.counts).toEqual({ new: 1, known: 1, wrong: 2 });
    expect(seen.items).toMatchObject([
      { line: 2, outcome: 'new', name: 'Ada', file: 'portrait.jpg', hasPhoto: true, language: 'de', person: null },
      { line: 3, outcome: 'wrong', codes: ['cell-formula'] },
      { line: 4, outcome: 'wrong', codes: ['name-missing', 'email-wrong', 'language-unknown', 'site-unknown'] },
      { line: 5, outcome: 'known', person: { name: 'Grace' }, hasPhoto: null },
    ]);
    expect((await staff.lines(id, '&outcome=wrong')).items.map((l) => l.line)).toEqual([3, 4]);
    await expect(staff.make(id)).rejects.toMatchObject({ code: 'import-people-wrong', params: { count: 2 } });
    await staff.run();
    expect(await staff.found('0042')).toEqual([]);

    // The corrected list replaces the previous one.
    await staff.upload(id, 'list.csv', `${head}${ada}Eve;0044;eve@x.example;;;\nFay;0045;;;;\nGrace;0099;;;;\n`);
    expect((await staff.lines(id)).counts).toEqual({ new: 3, known: 1, wrong: 0 });
    expect(await staff.make(id)).toMatchObject({ people: { state: 'making', made: 0 } });
    await expect(staff.make(id)).rejects.toMatchObject({ code: 'import-people-busy' });
    // Either would delete the list before everyone in it is created.
    for (const end of ['apply', 'cancel'])
      await expect(api.ask('POST', `/api/imports/${id}/${end}`, { as: 'staff' })).rejects.toMatchObject({
        code: 'import-people-busy',
      });
    expect(await staff.run()).toMatchObject({ made: 3 });
    expect(await staff.state(id)).toEqual({ state: 'made', made: 3 });
    const [made] = await staff.found('0042');
    expect(made).toMatchObject({ name: 'Ada', email: 'ada@x.example', language: 'de', sites: [nord], consent: 'none' });
    expect(await staff.found('eve@x.example')).toMatchObject([{ name: 'Eve', number: '0044' }]);
    const { items: photos } = await api.ask<{ items: ImportPhoto[] }>('GET', `/api/imports/${id}/photos?limit=50`);
    expect(photos).toMatchObject([{ file: 'portrait.jpg', person: { id: made!.id }, code: null, consent: 'none' }]);

    // Kiosks are to ask for their consent: no picture leaves the server before they have agreed.
    expect(await reenrolments(api.db, nord, NOW)).toEqual([{ person: made!.id, reason: 'imported' }]);
    expect((await reenrolments(api.db, DEFAULT_SCOPE, NOW)).map((a) => a.reason)).toEqual(['imported', 'imported']);

    const again = await staff.begin();
    await staff.upload(again.id, 'list.csv', `${head}${ada}Eve;0044;eve@x.example;;;\n`);
    expect((await staff.lines(again.id)).counts).toEqual({ new: 0, known: 2, wrong: 0 });
    await expect(staff.make(again.id)).rejects.toMatchObject({ code: 'import-nobody-new' });
    expect(await staff.found('0042')).toHaveLength(1);

    // Undone: people who have since agreed are kept, and those who became someone else by a merge.
    const [fay] = await staff.found('0045');
    const older = await api.ask<Person>('POST', '/api/people', { as: 'staff', body: { name: 'Fay Fox' } });
    const merging = { kept: fay!.id, merged: older.id, by: 'staff' };
    await mergePeople({ db: api.db, keys: api.keys, modules: MODULES }, merging, NOW);
    const consent = { textVersion: '1', language: 'en' };
    await api.ask('POST', `/api/people/${made!.id}/consents`, { body: consent, as: 'staff' });
    expect(await reenrolments(api.db, nord, NOW)).toEqual([{ person: made!.id, reason: 'no-template' }]);
    await staff.undo(id);
    expect(await staff.run()).toMatchObject({ undone: 1 });
    expect(await staff.state(id)).toEqual({ state: 'undone', made: 2 });
    const open = await api.db.selectFrom('erasure').select(['person', 'state']).execute();
    expect(open).toEqual([{ person: expect.any(String), state: 'requested' }]);
    expect([made!.id, fay!.id, older.id]).not.toContain(open[0]!.person);
    await expect(staff.undo(again.id)).rejects.toMatchObject({ code: 'import-nobody-made' });
  });

  test('people who were added or moved to another site since are kept when the import is undone', async () => {
    const { id: west } = await api.ask<{ id: string }>('POST', '/api/sites', {
      body: { name: 'West', timeZone: 'Europe/Berlin' },
    });
    const { id } = await staff.begin();
    await staff.upload(id, 'list.csv', 'name,number\nHal,0051\nIda,0052\nJoe,0053\n');
    await staff.make(id);
    expect(await staff.run()).toMatchObject({ made: 3 });
    const people = await Promise.all(
      ['0051', '0052', '0053'].map(async (number) => (await staff.found(number))[0]!.id),
    );
    const sites = async (person: string, ...sites: string[]) =>
      api.ask('PUT', `/api/people/${person}/sites`, { as: 'staff', body: { sites } });
    await sites(people[0]!, SITE.id, west);
    await sites(people[1]!, west);
    await staff.undo(id);
    expect(await staff.run()).toMatchObject({ undone: 1 });
    const erased = await api.db.selectFrom('erasure').select('person').where('person', 'in', people).execute();
    expect(erased.map((row) => row.person)).toEqual([people[2]]);
  });
});

describe.skipIf(postgresUnavailable())('importing a list of people while the server is killed with SIGKILL', () => {
  const CHILD = join(import.meta.dirname, 'children/job-and-die.ts');
  const PEOPLE = 120;

  test('continues on the next server, both when creating and when undoing, and everyone exists exactly once', async () => {
    const postgres = await startPostgres();
    const { openDatabase } = await import('../../sync/server/platform/database/open.ts');
    const database = await openDatabase('', { postgres: postgres.address() });
    const api = await newApi(database, NOW);
    try {
      const staff = desk(api);
      const { id } = await staff.begin();
      const rows = Array.from({ length: PEOPLE }, (_, i) => `Person ${i},${1000 + i}`);
      await staff.upload(id, 'list.csv', `name,number\n${rows.join('\n')}\n`);
      const { encryptionKey, secretKey } = api.services.config;
      const pair = [encryptionKey, secretKey].map((key) => Buffer.from(key.reveal()).toString('base64'));
      const dieAfter = async (statements: number) => {
        const o = { url: postgres.url(), keys: pair, job: importsJob.name, statements };
        const child = spawn(process.execPath, [CHILD, JSON.stringify(o)], { stdio: ['ignore', 'ignore', 'inherit'] });
        expect([statements, ...(await once(child, 'exit'))]).toEqual([statements, null, 'SIGKILL']);
      };
      const there = async () => {
        const people = await database.db
          .selectFrom('person')
          .select(['id', 'number_index'])
          .where('deleted_at', 'is', null)
          .execute();
        const noted = await database.db.selectFrom('import_person').select('person').execute();
        const sited = await database.db.selectFrom('person_site').select('person').execute();
        // Never a person without a note or a site, or with a number that someone else has.
        expect(new Set(noted.map((r) => r.person))).toEqual(new Set(people.map((p) => p.id)));
        expect(new Set(sited.map((r) => r.person))).toEqual(new Set(people.map((p) => p.id)));
        expect(new Set(people.map((p) => Buffer.from(p.number_index!).toString('hex'))).size).toBe(people.length);
        return people.length;
      };
      await staff.make(id);
      const counts: number[] = [];
      for (const statements of [1, 150, 400, 900]) {
        await dieAfter(statements);
        counts.push(await there());
        expect(await staff.state(id)).toMatchObject({ state: 'making' });
      }
      // Some were created before a kill, but not all.
      expect(counts.some((count) => count > 0 && count < PEOPLE)).toBe(true);
      await staff.run();
      expect(await there()).toBe(PEOPLE);
      expect(await staff.state(id)).toEqual({ state: 'made', made: PEOPLE });

      await staff.undo(id);
      for (const statements of [1, 60, 200]) await dieAfter(statements);
      await staff.run();
      expect(await staff.state(id)).toMatchObject({ state: 'undone' });
      const open = await database.db.selectFrom('erasure').select('person').execute();
      expect(new Set(open.map((r) => r.person)).size).toBe(PEOPLE);
      expect(open).toHaveLength(PEOPLE);
    } finally {
      api.close();
      await database.close();
      await postgres.remove();
    }
  }, 240_000);
});

describe.skipIf(postgresUnavailable())('an import’s pictures while the server is killed with SIGKILL', () => {
  const CHILD = join(import.meta.dirname, 'children/job-and-die.ts');
  /** Only the statements that record the findings for a picture, and that it was enrolled, contain these. */
  const MEASURED = '"measured" = ';
  const ENROLLED = 'insert into "template"';
  const PEOPLE = 18;

  test('are neither lost nor counted twice, when it is killed while judging or enrolling, and the next server continues', async () => {
    const postgres = await startPostgres();
    const { openDatabase } = await import('../../sync/server/platform/database/open.ts');
    const database = await openDatabase('', { postgres: postgres.address() });
    const api = await newApi(database, NOW);
    try {
      const staff = desk(api);
      const basis = { textVersion: '1', language: 'en', statement: 'Forms of August' };
      const { id } = await api.ask<ImportRun>('POST', '/api/imports', { as: 'staff', body: { basis } });
      const still = stillsOfA();
      const people: string[] = [];
      for (let i = 0; i < PEOPLE; i += 1) {
        const body = { name: `Person ${i}`, number: String(2000 + i) };
        people.push((await api.ask<Person>('POST', '/api/people', { as: 'staff', body })).id);
        await staff.upload(id, `${2000 + i}.jpg`, readFileSync(still[i % still.length]!));
      }
      const { encryptionKey, secretKey, weights } = api.services.config;
      const pair = [encryptionKey, secretKey].map((key) => Buffer.from(key.reveal()).toString('base64'));
      const dieAt = async (statements: number, naming?: string) => {
        const o = { url: postgres.url(), keys: pair, job: importsJob.name, statements, naming, weights };
        const child = spawn(process.execPath, [CHILD, JSON.stringify(o)], { stdio: ['ignore', 'ignore', 'inherit'] });
        expect([statements, naming, ...(await once(child, 'exit'))]).toEqual([statements, naming, null, 'SIGKILL']);
      };
      const rows = () => api.db.selectFrom('import_photo').selectAll().where('run', '=', id).orderBy('id').execute();
      /** Number of inspected ones. Each picture exists once, consistently: pending without findings, or judged with all. */
      const inspected = async () => {
        const all = await rows();
        expect(all).toHaveLength(PEOPLE);
        for (const r of all) {
          expect(r.photo).not.toBeNull();
          expect([r.state, r.template !== null, r.measured !== null]).toEqual(
            r.state === 'waiting' ? ['waiting', false, false] : ['judged', true, true],
          );
        }
        return all.filter((r) => r.state === 'judged').length;
      };
      const seen: number[] = [];
      // Before anything; after some are encrypted for their people; in the middle of a batch's findings; of the next batch's.
      for (const [statements, naming] of [[1], [60], [5, MEASURED], [14, MEASURED], [3, MEASURED]] as const) {
        await dieAt(statements, naming);
        seen.push(await inspected());
      }
      expect(seen.some((count) => count > 0 && count < PEOPLE)).toBe(true);
      await staff.run();
      expect(await inspected()).toBe(PEOPLE);
      // Every one can still be opened, and belongs to the person in its name.
      const { items } = await api.ask<{ items: ImportPhoto[] }>('GET', `/api/imports/${id}/photos?limit=50`, {
        as: 'staff',
      });
      expect(items.map((p) => [p.file, p.person?.id])).toEqual(people.map((person, i) => [`${2000 + i}.jpg`, person]));
      for (const { id: photo, duplicate } of items) {
        const jpeg = await api.ask<Buffer>('GET', `/api/imports/${id}/photos/${photo}/picture`, { as: 'staff' });
        expect(jpeg.subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
        // One man under many names: someone declares that they are different people.
        const body = { decision: 'accept', ...(duplicate && { typed: duplicate.number }) };
        await api.ask('POST', `/api/imports/${id}/photos/${photo}/decision`, { body });
      }

      await api.ask('POST', `/api/imports/${id}/apply`, { as: 'staff' });
      /** Number enrolled. People whose picture is applied have one template, consent and photo; nobody else has any. */
      const enrolled = async () => {
        const applied = (await rows()).filter((r) => r.state === 'applied').map((r) => r.person);
        for (const table of ['template', 'consent', 'enrolment_photo'] as const) {
          const found = await api.db.selectFrom(table).select('person').execute();
          expect([table, found.map((r) => r.person).sort()]).toEqual([table, [...applied].sort()]);
        }
        return applied.length;
      };
      const counts: number[] = [];
      for (const [statements, naming] of [[1], [1, ENROLLED], [3, ENROLLED], [4, ENROLLED], [150]] as const) {
        await dieAt(statements, naming);
        counts.push(await enrolled());
      }
      expect(counts.some((count) => count > 0 && count < PEOPLE)).toBe(true);
      await staff.run();
      expect(await enrolled()).toBe(PEOPLE);
      expect(await api.ask('GET', `/api/imports/${id}`, { as: 'staff' })).toMatchObject({
        state: 'done',
        counts: { applied: PEOPLE, waiting: 0, judged: 0, accepted: 0, refused: 0 },
      });
      expect((await rows()).every((r) => r.photo === null && r.template === null)).toBe(true);
    } finally {
      api.close();
      await database.close();
      await postgres.remove();
    }
  }, 240_000);
});
