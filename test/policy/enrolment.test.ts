import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { v7 } from 'uuid';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { isNormalised } from '../../models/rules/cosine.ts';
import { EMBEDDER_ID } from '../../models/rules/manifest.ts';
import type { AttentionPage as AttentionPageShape } from '../../sync/protocol/api/attention.ts';
import type { EnrolmentAnswer } from '../../sync/protocol/api/enrolment.ts';
import type { ImportPhoto, ImportRun } from '../../sync/protocol/api/imports.ts';
import type { Person, TemplateCounts } from '../../sync/protocol/api/people.ts';
import { partnersOf } from '../../sync/server/core/lookalikes/store.ts';
import { readTemplates, vectorFrom } from '../../sync/server/core/templates/templates.ts';
import { endOldCases } from '../../sync/server/core/templates/waiting.ts';
import { duplicatesJob } from '../../sync/server/features/attendance/merging/candidates.ts';
import { importsJob } from '../../sync/server/features/enrolment/imports/imports.job.ts';
import { importPlace } from '../../sync/server/features/enrolment/imports/runs.ts';
import { SYSTEM } from '../../sync/server/platform/audit/actor.ts';
import { audited } from '../../sync/server/platform/audit/opened.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { personBox } from '../../sync/server/platform/keys/persons.ts';
import { groupPhotos, stillsOfA } from '../footage/index.ts';
import { type Api, newApi } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import { withDatabase } from '../kit/suite.ts';

/** Enrolment on the server from pictures, one by one or many at once, never without a recorded consent. */

type AttentionPage = z.infer<typeof AttentionPageShape>;

const NOW = new Date('2026-07-20T10:00:00.000Z');

let api: Api;
const stills = stillsOfA().map((file) => readFileSync(file));
let stranger: Buffer;

describe.each(DATABASES)('enrolment on the server, on $name', (kind) => {
  withDatabase(kind, async (database, undo) => {
    api = undo.use(await newApi(database, NOW));
    // One woman from a group picture.
    const { openPipeline } = await import('../../models/node/pipeline.ts');
    const { decodePicture } = await import('../../models/node/decode.ts');
    const pipeline = await openPipeline();
    const image = await decodePicture(groupPhotos()[0]!);
    const { box } = (await pipeline.detect(image))[0]!;
    await pipeline.close();
    const [x, y, w, h] = box;
    const region = { left: x - w * 0.3, top: y - h * 0.3, width: w * 1.6, height: h * 1.6 };
    const whole = Object.fromEntries(Object.entries(region).map(([k, v]) => [k, Math.max(0, Math.round(v))]));
    stranger = await sharp(groupPhotos()[0]!)
      .extract(whole as never)
      .jpeg()
      .toBuffer();
  });

  const make = async (name: string, o: { number?: string; consent?: boolean } = {}) => {
    const body = { name, ...(o.number && { number: o.number }) };
    const { id } = await api.ask<Person>('POST', '/api/people', { body, as: 'staff' });
    const consent = { textVersion: '1', language: 'en' };
    if (o.consent) await api.ask('POST', `/api/people/${id}/consents`, { body: consent, as: 'staff' });
    return id;
  };
  const enrol = (person: string, pictures: Buffer[], more: object = {}, as: 'staff' | 'admin' = 'staff') =>
    api.ask<EnrolmentAnswer>('POST', `/api/people/${person}/enrolment`, {
      as,
      body: { pictures: pictures.map((p) => p.toString('base64')), source: 'photo', ...more },
    });
  const searchAt = (at: Date) =>
    duplicatesJob.run({ ...api.services, now: () => at, signal: new AbortController().signal });
  const personOf = (person: string) => api.ask<Person>('GET', `/api/people/${person}`);

  test('a forged template from a stolen kiosk resembles nobody, and disturbs neither enrolment nor the search for duplicates', async () => {
    const box = await api.kiosk();
    const liar = v7();
    box.append('person', { change: 'added' }, { person: liar, name: 'Liar', language: 'en' }, NOW);
    box.append('consent', { action: 'given', textVersion: '1', language: 'en' }, { person: liar }, NOW);
    const vector = Buffer.from(new Float32Array(512).fill(1e30).buffer).toString('base64url');
    const templates = [{ id: v7(), pose: 'front', vector }];
    box.append('template', { change: 'added', model: EMBEDDER_ID, count: 1 }, { person: liar, templates }, NOW);
    await api.deliver(box);
    expect(await personOf(liar)).toMatchObject({ templates: 1 });
    const ada = await make('Honest', { consent: true });
    expect(await enrol(ada, [stills[0]!])).toMatchObject({ outcome: 'enrolled', templates: 1 });
    const later = new Date(NOW.getTime() + 3_600_000);
    expect(await searchAt(later)).toEqual({ pairs: 0, upTo: null });
    for (const id of [liar, ada]) await api.ask('POST', `/api/people/${id}/consents/withdraw`);
  });

  test('templates are made from photos after consent, someone else’s face is reported to staff, and a withdrawal deletes all', async () => {
    const ada = await make('Ada');
    await expect(enrol(ada, [stills[0]!])).rejects.toMatchObject({ code: 'consent-missing' });
    await api.ask('POST', `/api/people/${ada}/consents`, { body: { textVersion: '1', language: 'en' } });
    const nothing = await enrol(ada, [readFileSync(groupPhotos()[0]!), Buffer.from('no picture')]);
    expect(nothing).toMatchObject({
      outcome: 'refused',
      templates: 0,
      pictures: [{ code: 'several-faces' }, { code: 'picture-not-decodable' }],
    });
    const mixed = await enrol(ada, [stills[0]!, stranger, stills[1]!]);
    expect(mixed).toMatchObject({ outcome: 'enrolled', templates: 2 });
    expect(mixed.pictures.map((p) => p.code)).toEqual([null, 'another-person', null]);
    // A picture counts once, however often it is given.
    const repeated = await enrol(ada, [stills[0]!, stills[0]!]);
    expect(repeated).toMatchObject({ outcome: 'refused', templates: 2 });
    expect(repeated.pictures.map((p) => p.code)).toEqual(['enrolled-already', 'enrolled-already']);
    const twin = await make('Twin', { consent: true });
    const again = await enrol(twin, [stills[2]!]);
    expect(again).toMatchObject({ outcome: 'duplicate', templates: 0, duplicates: [{ person: ada, name: 'Ada' }] });
    expect(again.duplicates[0]).toMatchObject({ hasPicture: true, enrolledAt: NOW.toISOString() });
    // Staff may not declare that they are two people; an administrator who has looked at both may.
    const overrule = (typed: string) => ({ duplicate: { what: 'overrule', other: ada, typed } });
    await expect(enrol(twin, [stills[2]!], overrule('Ada'))).rejects.toMatchObject({ code: 'duplicate-needs-admin' });
    const admin = (typed: string) => enrol(twin, [stills[2]!], overrule(typed), 'admin');
    await expect(admin('Twin')).rejects.toMatchObject({ code: 'confirmation-wrong' });
    expect(await api.db.selectFrom('lookalike').selectAll().execute()).toEqual([]);
    expect((await admin(' ada ')).outcome).toBe('enrolled');
    expect(await partnersOf(api.db, ada)).toEqual([twin]);
    // From then on each is re-enrolled without a decision, and nobody is asked whether they are one.
    expect((await enrol(twin, [stills[3]!])).outcome).toBe('enrolled');
    const later = new Date(NOW.getTime() + 2 * 3_600_000);
    expect(await searchAt(later)).toEqual({ pairs: 0, upTo: null });
    const { models, photo } = await api.ask<TemplateCounts>('GET', `/api/people/${ada}/templates`, { as: 'staff' });
    expect([models[0]!.quality! > 0, models[0]!.quality! <= 100, photo]).toEqual([true, true, true]);
    const picture = await api.ask<Buffer>('GET', `/api/people/${ada}/picture`, { as: 'staff' });
    expect(picture.subarray(0, 2).toString('hex')).toBe('ffd8');
    const read = await api.db
      .selectFrom('audit')
      .selectAll()
      .orderBy('position', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow();
    expect(read).toMatchObject({ action: 'decrypt' });
    await api.ask('POST', `/api/people/${ada}/consents/withdraw`);
    expect(await personOf(ada)).toMatchObject({ templates: 0, consent: 'withdrawn' });
    const kept = await api.db.selectFrom('enrolment_photo').select('id').where('person', '=', ada).execute();
    expect(kept).toEqual([]);
    // The pair was deleted with the consent.
    expect(await partnersOf(api.db, twin)).toEqual([]);
    await api.ask('POST', `/api/people/${twin}/consents/withdraw`);
  });

  test('when desk staff find a duplicate, the enrolment waits until an administrator has seen both and accepts or refuses it', async () => {
    const ada = await make('Ada Augusta', { number: 'W-1', consent: true });
    expect((await enrol(ada, [stills[0]!])).outcome).toBe('enrolled');
    const eve = await make('Eve Wait', { number: 'W-2', consent: true });
    const wait = () => enrol(eve, [stills[2]!], { duplicate: { what: 'wait' } });
    expect(await wait()).toMatchObject({ outcome: 'waiting', templates: 0, duplicates: [{ person: ada }] });
    const items = async () =>
      (await api.ask<AttentionPage>('GET', '/api/attention?kind=enrolment', { as: 'staff' })).items;
    const [item] = await items();
    expect(item).toMatchObject({ kind: 'enrolment', code: 'enrolment-waits', person: eve, other: { id: ada } });
    const url = `/api/enrolment/waiting/${item!.ref}`;
    expect(await api.ask('GET', url, { as: 'staff' })).toMatchObject({
      person: { id: eve, number: 'W-2' },
      other: { person: ada, number: 'W-1', hasPicture: true },
    });
    const face = await api.ask<Buffer>('GET', `${url}/picture`, { as: 'staff' });
    expect(face.subarray(0, 2).toString('hex')).toBe('ffd8');
    const note = { kind: 'enrolment', ref: item!.ref, note: 'x' };
    await expect(api.ask('POST', '/api/attention/resolve', { body: note })).rejects.toMatchObject({
      code: 'attention-elsewhere',
    });
    const decide = (what: 'accept' | 'refuse', body: object = {}) => api.ask('POST', `${url}/${what}`, { body });
    await expect(decide('accept', { typed: 'W-2' })).rejects.toMatchObject({ code: 'confirmation-wrong' });
    expect(await personOf(eve)).toMatchObject({ templates: 0 });
    await decide('accept', { typed: 'W-1' });
    expect([await items(), await personOf(eve)]).toMatchObject([[], { templates: 1 }]);
    expect(await partnersOf(api.db, eve)).toEqual([ada]);
    await expect(decide('accept', { typed: 'W-1' })).rejects.toMatchObject({ code: 'enrolment-case-unknown' });

    // After a rejection nothing of it is kept. A withdrawal deletes what is pending, and so does the time limit.
    const lea = await make('Lea Wait', { number: 'W-3', consent: true });
    const asked = () => enrol(lea, [stills[2]!], { duplicate: { what: 'wait' } });
    const cases = () => api.db.selectFrom('enrolment_case').selectAll().where('person', '=', lea).execute();
    await asked();
    const [waits] = await cases();
    await api.ask('POST', `/api/enrolment/waiting/${waits!.id}/refuse`);
    expect(await cases()).toEqual([]);
    await asked();
    expect(await endOldCases(api.db, new Date(NOW.getTime() + 13.9 * 86_400_000))).toBe(0);
    expect(await endOldCases(api.db, new Date(NOW.getTime() + 14.1 * 86_400_000))).toBe(1);
    await asked();
    await api.ask('POST', `/api/people/${lea}/consents/withdraw`);
    expect(await cases()).toEqual([]);
    for (const id of [ada, eve]) await api.ask('POST', `/api/people/${id}/consents/withdraw`);
  });

  test('a waiting enrolment is compared again on acceptance, and any other lookalike has to be decided first', async () => {
    const ada = await make('Ada First', { number: 'X-1', consent: true });
    expect((await enrol(ada, [stills[0]!])).outcome).toBe('enrolled');
    const eve = await make('Eve Late', { number: 'X-2', consent: true });
    const wait = () => enrol(eve, [stills[2]!], { duplicate: { what: 'wait' } });
    expect((await wait()).outcome).toBe('waiting');
    const lea = await make('Lea Since', { number: 'X-3', consent: true });
    const two = { duplicate: { what: 'overrule', other: ada, typed: 'X-1' } };
    expect((await enrol(lea, [stills[3]!], two, 'admin')).outcome).toBe('enrolled');

    const url = async () => {
      const row = await api.db.selectFrom('enrolment_case').select('id').where('person', '=', eve).executeTakeFirst();
      return `/api/enrolment/waiting/${row!.id}`;
    };
    const accept = async (typed: string) => api.ask('POST', `${await url()}/accept`, { body: { typed } });
    await expect(accept('X-1')).rejects.toMatchObject({ code: 'another-lookalike' });
    expect(await personOf(eve)).toMatchObject({ templates: 0 });
    expect(await api.ask('GET', await url(), { as: 'staff' })).toMatchObject({ other: { person: lea, number: 'X-3' } });
    await expect(accept('X-1')).rejects.toMatchObject({ code: 'confirmation-wrong' });
    // Now rejected: nobody is paired with someone who is not enrolled.
    expect(await partnersOf(api.db, eve)).toEqual([ada]);
    await api.ask('POST', `${await url()}/refuse`);
    expect([await partnersOf(api.db, eve), await partnersOf(api.db, lea)]).toEqual([[], [ada]]);

    /** Either may be more similar. */
    const shown = async () => (await api.ask<{ other: { number: string } }>('GET', await url())).other.number;
    // Nor if nobody decides within the time limit.
    expect((await wait()).outcome).toBe('waiting');
    await expect(accept(await shown())).rejects.toMatchObject({ code: 'another-lookalike' });
    expect(await partnersOf(api.db, eve)).toHaveLength(1);
    expect(await endOldCases(api.db, new Date(NOW.getTime() + 14.1 * 86_400_000))).toBe(1);
    expect(await partnersOf(api.db, eve)).toEqual([]);

    expect((await wait()).outcome).toBe('waiting');
    await expect(accept(await shown())).rejects.toMatchObject({ code: 'another-lookalike' });
    await accept(await shown());
    expect(await personOf(eve)).toMatchObject({ templates: 1 });
    expect((await partnersOf(api.db, eve)).sort()).toEqual([ada, lea].sort());
    for (const id of [ada, eve, lea]) await api.ask('POST', `/api/people/${id}/consents/withdraw`);
  });

  test('imported photos are reviewed before anyone is enrolled, and nobody is enrolled without consent or the operator’s legal basis', async () => {
    const run = () => importsJob.run({ ...api.services, signal: new AbortController().signal });
    const [one, two, three] = [v7().slice(-7), v7().slice(-7), v7().slice(-7)];
    const ada = await make('Ada Lovelace', { number: one, consent: true });
    const grace = await make('Grace Hopper', { number: two });
    const eve = await make('Eve', { number: three, consent: true });
    const begin = (basis: object | null) =>
      api.ask<ImportRun>('POST', '/api/imports', { as: 'staff', body: { basis } });
    const upload = (id: string, name: string, content: Uint8Array) =>
      api.ask('POST', `/api/imports/${id}/files?name=${encodeURIComponent(name)}`, { as: 'staff', body: content });
    const photos = async (id: string) =>
      (await api.ask<{ items: ImportPhoto[] }>('GET', `/api/imports/${id}/photos?limit=200`)).items;

    const { id } = await begin(null);
    await upload(id, `${one}.jpg`, stills[0]!);
    await upload(id, 'Hopper_Grace.jpg', stranger);
    await upload(id, 'unknown.jpg', stills[1]!);
    await upload(id, 'listed.jpg', stills[3]!);
    await upload(id, 'list.csv', Buffer.from(`file,number\nlisted.jpg,${three}\n`));
    await upload(id, `${two}-2.png`, Buffer.from('no picture'));
    await run();
    const found = await photos(id);
    expect(found.map((p) => [p.file, p.person?.id ?? null, p.code, p.consent])).toEqual([
      [`${one}.jpg`, ada, null, 'given'],
      ['Hopper_Grace.jpg', grace, null, 'none'],
      ['unknown.jpg', null, 'person-unknown', null],
      ['listed.jpg', eve, 'duplicate-in-import', 'given'],
      [`${two}-2.png`, grace, 'picture-not-decodable', 'none'],
    ]);
    expect(found[3]!.duplicate).toMatchObject({ person: ada, number: one });
    for (const person of [ada, grace, eve]) expect(await personOf(person)).toMatchObject({ templates: 0 });
    const picture = await api.ask<Buffer>('GET', `/api/imports/${id}/photos/${found[0]!.id}/picture`);
    expect(picture.subarray(0, 3)).toEqual(Buffer.from([0xff, 0xd8, 0xff]));

    // As if it had been inspected with another embedder, before kiosks were switched to this one.
    const before = (await personBox(api.db, api.keys, [ada])).seal(
      importPlace('template', found[0]!.id, ada),
      Buffer.alloc(512),
    );
    await api.db
      .updateTable('import_photo')
      .set({ template: before, model: 'other@0123456789ab' })
      .where('id', '=', found[0]!.id)
      .execute();

    // Decisions can be undone. A picture without a person or a face can't be accepted.
    const decide = (photo: ImportPhoto, body: object, as: 'staff' | 'admin' = 'staff') =>
      api.ask<ImportPhoto>('POST', `/api/imports/${id}/photos/${photo.id}/decision`, { as, body });
    // A face similar to someone else's waits for an administrator, who types the number of the person concerned.
    const accept = (typed?: string) => ({ decision: 'accept', ...(typed && { typed }) });
    await expect(decide(found[3]!, accept(one))).rejects.toMatchObject({ code: 'duplicate-needs-admin' });
    await expect(decide(found[3]!, accept(), 'admin')).rejects.toMatchObject({ code: 'confirmation-wrong' });
    await expect(decide(found[3]!, accept(three), 'admin')).rejects.toMatchObject({ code: 'confirmation-wrong' });
    expect(await decide(found[3]!, accept(one), 'admin')).toMatchObject({ state: 'accepted' });
    expect(await decide(found[3]!, { decision: 'undo' })).toMatchObject({ state: 'judged' });
    expect(await partnersOf(api.db, eve)).toEqual([]);
    await expect(decide(found[2]!, { decision: 'accept' })).rejects.toMatchObject({ code: 'import-photo-unusable' });
    expect(await decide(found[3]!, { decision: 'refuse', reason: 'not-them' })).toMatchObject({ state: 'refused' });
    expect(await decide(found[3]!, { decision: 'undo' })).toMatchObject({ state: 'judged' });
    expect(await api.ask('POST', `/api/imports/${id}/accept-all`)).toEqual({ accepted: 2 });
    await decide(found[3]!, accept(one), 'admin');
    await api.ask('POST', `/api/imports/${id}/apply`);
    await run();
    expect(await api.ask('GET', `/api/imports/${id}`)).toMatchObject({
      state: 'done',
      counts: { applied: 2, refused: 1 },
    });
    // The two become a pair with the enrolment, not before it.
    expect(await partnersOf(api.db, eve)).toEqual([ada]);
    expect(await personOf(ada)).toMatchObject({ templates: 1 });
    // The template belongs to the embedder that it names, recomputed from the picture.
    const made = await inTransaction(api.db, (tx) =>
      audited(tx, api.keys, { actor: SYSTEM, route: 'test' }, NOW, (o) => readTemplates(tx, api.keys, o, [ada])),
    );
    const [template] = made.get(ada)!.get(EMBEDDER_ID)!;
    expect(isNormalised(vectorFrom(Buffer.from(template!.vector, 'base64url')))).toBe(true);
    // Grace has not consented anywhere.
    expect((await photos(id)).find((p) => p.person?.id === grace)).toMatchObject({ code: 'consent-missing' });
    expect(await personOf(grace)).toMatchObject({ templates: 0 });
    await expect(upload(id, 'late.jpg', stills[0]!)).rejects.toMatchObject({ code: 'import-closed' });

    // On the operator's statement: the consent is recorded with its basis, and the picture is used for the enrolment only.
    const basis = { textVersion: '1', language: 'en', statement: 'Signed forms of August, room 12' };
    const second = await begin(basis);
    await upload(second.id, `${two}.jpg`, stranger);
    await run();
    await api.ask('POST', `/api/imports/${second.id}/accept-all`);
    await api.ask('POST', `/api/imports/${second.id}/apply`);
    await run();
    expect(await personOf(grace)).toMatchObject({ templates: 1, consent: 'given' });
    const consents = await api.ask<{ items: object[] }>('GET', `/api/consents?person=${grace}`);
    expect(consents.items[0]).toMatchObject({ via: 'import', basis: basis.statement });
    const left = await api.db
      .selectFrom('import_photo')
      .select('id')
      .where((e) => e.or([e('photo', 'is not', null), e('template', 'is not', null)]))
      .execute();
    expect(left).toEqual([]);
  });

  test('no template is made under a consent to a text that is no longer in force', async () => {
    const text = (version: string) => ({
      version,
      language: 'en',
      title: 'May we?',
      paragraphs: ['We keep your face.'],
    });
    const publish = async (version: string, after: number) => {
      api.now = new Date(NOW.getTime() + after);
      await api.ask('POST', '/api/consent-texts', { body: text(version) });
      await api.ask('POST', `/api/consent-texts/${version}/en/review`, { as: 'dpo' });
    };
    const agree = (person: string, textVersion: string) =>
      api.ask('POST', `/api/people/${person}/consents`, { body: { textVersion, language: 'en' }, as: 'staff' });
    const person = await make('Late', { number: 'L-1', consent: true });
    await publish('v1', 1_000);
    await expect(enrol(person, [stranger])).rejects.toMatchObject({ code: 'consent-outdated' });
    await agree(person, 'v1');
    await publish('v2', 2_000);
    await expect(enrol(person, [stranger])).rejects.toMatchObject({ code: 'consent-outdated' });
    expect(await personOf(person)).toMatchObject({ templates: 0, consent: 'given' });
    await expect(agree(person, 'v1')).rejects.toMatchObject({ code: 'consent-outdated' });
    await agree(person, 'v2.photo-90-days');
    // Judged again and compared with others: her face is also in an earlier test.
    expect((await enrol(person, [stranger])).outcome).toBe('duplicate');

    // What waits for an administrator, and what an import has judged, was also agreed to under the previous text.
    expect((await enrol(person, [stranger], { duplicate: { what: 'wait' } })).outcome).toBe('waiting');
    const waiting = await api.db.selectFrom('enrolment_case').select('id').where('person', '=', person).execute();
    const { id: run } = await api.ask<ImportRun>('POST', '/api/imports', { body: { basis: null } });
    await api.ask('POST', `/api/imports/${run}/files?name=L-1.jpg`, { body: stranger });
    const work = () => importsJob.run({ ...api.services, signal: new AbortController().signal });
    const photos = async () =>
      (await api.ask<{ items: ImportPhoto[] }>('GET', `/api/imports/${run}/photos?limit=9`)).items;
    await work();
    const typed = 'Grace Hopper';
    const [photo] = await photos();
    await api.ask('POST', `/api/imports/${run}/photos/${photo!.id}/decision`, { body: { decision: 'accept', typed } });
    await publish('v3', 3_000);
    await expect(
      api.ask('POST', `/api/enrolment/waiting/${waiting[0]!.id}/accept`, { body: { typed } }),
    ).rejects.toMatchObject({ code: 'consent-outdated' });
    await api.ask('POST', `/api/imports/${run}/apply`);
    await work();
    expect((await photos())[0]).toMatchObject({ state: 'refused', code: 'consent-outdated' });
    expect(await personOf(person)).toMatchObject({ templates: 0 });
    const signed = { textVersion: 'v2', language: 'en', statement: 'Forms that were signed before the text changed' };
    await expect(api.ask('POST', '/api/imports', { body: { basis: signed } })).rejects.toMatchObject({
      code: 'consent-outdated',
    });
  });
});
