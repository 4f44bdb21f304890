import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ImportPhoto, ImportRun } from '../../sync/protocol/api/imports.ts';
import type { Person } from '../../sync/protocol/api/people.ts';
import { applyAccepted } from '../../sync/server/features/enrolment/imports/apply.ts';
import { importsJob } from '../../sync/server/features/enrolment/imports/imports.job.ts';
import { makeWanted } from '../../sync/server/features/enrolment/imports/people.ts';
import { requestErasure } from '../../sync/server/features/privacy/erasure/request.ts';
import type { Db } from '../../sync/server/platform/database/schema.ts';
import { stillsOfA } from '../footage/index.ts';
import { type Api, newApi } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import { withDatabase } from '../kit/suite.ts';

/** What happens to a picture while the server inspects it is not undone by what the server then writes. */

const NOW = new Date('2026-07-20T10:00:00.000Z');

describe('while an import’s picture is being judged', () => {
  let api: Api;
  let count = 0;
  withDatabase(DATABASES[0]!, async (database, undo) => {
    api = undo.use(await newApi(database, NOW));
  });
  beforeEach(() => {
    count += 1;
  });

  const begin = () => api.ask<ImportRun>('POST', '/api/imports', { as: 'staff', body: { basis: null } });
  const upload = (id: string, name: string, content: string | Uint8Array) =>
    api.ask('POST', `/api/imports/${id}/files?name=${name}`, { as: 'staff', body: Buffer.from(content as string) });
  const face = (id: string, name: string) => upload(id, name, readFileSync(stillsOfA()[count % stillsOfA().length]!));
  const photos = async (id: string) =>
    (await api.ask<{ items: ImportPhoto[] }>('GET', `/api/imports/${id}/photos?limit=50`, { as: 'staff' })).items;
  const person = async (name: string, number: string) =>
    (await api.ask<Person>('POST', '/api/people', { as: 'staff', body: { name, number } })).id;
  const assign = (id: string, photo: string, to: string) =>
    api.ask('POST', `/api/imports/${id}/photos/${photo}/person`, { as: 'staff', body: { person: to } });
  const picture = (id: string, photo: string) =>
    api.ask<Buffer>('GET', `/api/imports/${id}/photos/${photo}/picture`, { as: 'staff' });
  const run = () => importsJob.run({ ...api.services, signal: AbortSignal.timeout(60_000) });

  /**
   * Runs the job. Once it has found whose pictures they are and loaded the models, and before it writes its findings, runs
   * `meanwhile` to its end.
   */
  const runWhile = async (meanwhile: () => Promise<unknown>): Promise<void> => {
    let next: (() => Promise<unknown>) | null = null;
    let happened = 0;
    const db = new Proxy(api.services.db, {
      get(target, name) {
        const value = Reflect.get(target, name, target) as unknown;
        if (name !== 'transaction') return typeof value === 'function' ? value.bind(target) : value;
        return () => ({
          execute: async (work: never) => {
            const now = next;
            next = null;
            if (now) {
              await now();
              happened += 1;
            }
            return target.transaction().execute(work);
          },
        });
      },
    }) as Db;
    const { config, ...services } = api.services;
    let asked = 0;
    await importsJob.run({
      ...services,
      db,
      // The folder of the models is read after everyone was looked up, and before anything is written.
      get config() {
        asked += 1;
        if (asked === 1) next = meanwhile;
        return config;
      },
      signal: AbortSignal.timeout(60_000),
    });
    expect(happened).toBe(1);
  };

  test('a list arrives that names its person: it is judged again and matched', async () => {
    const ada = await person('Ada', '7001');
    const { id } = await begin();
    await face(id, 'scan.jpg');
    await runWhile(() => upload(id, 'list.csv', 'file,number\nscan.jpg,7001\n'));
    await run();
    expect(await photos(id)).toMatchObject([{ person: { id: ada }, state: 'judged' }]);
    expect((await picture(id, (await photos(id))[0]!.id)).subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
  });

  test('another replica creates the people of its list: it is judged again and matched', async () => {
    const { id } = await begin();
    await upload(id, 'list.csv', 'name,number,photo\nEve,7002,scan.jpg\n');
    await face(id, 'scan.jpg');
    await runWhile(async () => {
      await api.ask('POST', `/api/imports/${id}/people`, { as: 'staff' });
      expect(await makeWanted(api.services, AbortSignal.timeout(60_000))).toBe(1);
    });
    await run();
    expect(await photos(id)).toMatchObject([{ person: { name: 'Eve' }, state: 'judged' }]);
  });

  test('staff assign it to a person: the assignment is kept, and the picture can be opened', async () => {
    const [first, second] = [await person('First', '7003'), await person('Second', '7004')];
    const { id } = await begin();
    await face(id, 'nobody.jpg');
    await face(id, '7003.jpg');
    await runWhile(async () => {
      const [nobody, theirs] = await photos(id);
      await assign(id, nobody!.id, second);
      await assign(id, theirs!.id, second);
    });
    await run();
    const after = await photos(id);
    expect(after).toMatchObject([
      { person: { id: second }, state: 'judged' },
      { person: { id: second }, state: 'judged' },
    ]);
    expect(first).not.toBe(second);
    for (const photo of after) expect((await picture(id, photo.id)).subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
  });

  test('the import is cancelled: the picture is deleted', async () => {
    const { id } = await begin();
    await face(id, 'nobody.jpg');
    await runWhile(() => api.ask('POST', `/api/imports/${id}/cancel`, { as: 'staff' }));
    const rows = await api.db.selectFrom('import_photo').select(['photo', 'template']).where('run', '=', id).execute();
    expect(rows).toEqual([{ photo: null, template: null }]);
  });

  test('two replicas apply the same picture: it is counted once', async () => {
    await person('Twice', '7007');
    const basis = { textVersion: '1', language: 'en', statement: 'Forms of August' };
    const { id } = await api.ask<ImportRun>('POST', '/api/imports', { as: 'staff', body: { basis } });
    await face(id, '7007.jpg');
    await run();
    const body = { decision: 'accept' };
    await api.ask('POST', `/api/imports/${id}/photos/${(await photos(id))[0]!.id}/decision`, { as: 'staff', body });
    await api.ask('POST', `/api/imports/${id}/apply`, { as: 'staff' });
    const signal = AbortSignal.timeout(60_000);
    const both = await Promise.all([applyAccepted(api.services, signal), applyAccepted(api.services, signal)]);
    expect(both.reduce((sum, one) => sum + one.applied + one.refused, 0)).toBe(1);
    expect(await photos(id)).toMatchObject([{ state: 'applied' }]);
  });

  test('its person is erased: the job continues', async () => {
    const gone = await person('Gone', '7005');
    const { id } = await begin();
    await face(id, '7005.jpg');
    await face(id, 'other.jpg');
    await runWhile(() => requestErasure(api.db, api.keys, { person: gone, origin: 'staff', undoDays: 0 }, NOW));
    await run();
    expect((await photos(id)).map((p) => p.state)).not.toContain('waiting');
  });

  test('a file that is not a picture keeps its reason when assigned to a person, and blocks nothing', async () => {
    const ada = await person('Lone', '7006');
    const { id } = await begin();
    await upload(id, 'broken.jpg', 'no picture');
    await run();
    const [broken] = await photos(id);
    expect(broken).toMatchObject({ code: 'picture-not-decodable', hasPicture: false });
    await assign(id, broken!.id, ada);
    await face(id, 'other.jpg');
    await run();
    expect(await photos(id)).toMatchObject([
      { person: { id: ada }, state: 'judged', code: 'picture-not-decodable' },
      { person: null, state: 'judged', code: 'person-unknown' },
    ]);
  });

  test('a picture rejected before it was judged, and then accepted again, is judged', async () => {
    const { id } = await begin();
    await face(id, 'early.jpg');
    const [early] = await photos(id);
    const decide = (body: object) =>
      api.ask('POST', `/api/imports/${id}/photos/${early!.id}/decision`, { as: 'staff', body });
    await decide({ decision: 'refuse', reason: 'other' });
    await run();
    await decide({ decision: 'undo' });
    await run();
    expect(await photos(id)).toMatchObject([{ state: 'judged', usable: true, code: 'person-unknown' }]);
  });
});
