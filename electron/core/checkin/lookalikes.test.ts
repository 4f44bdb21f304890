import { randomBytes } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import type { FacePipeline } from '../../../models/node/interface.ts';
import { EMBEDDER } from '../../../models/rules/manifest.ts';
import { aPerson, newFolder, openKiosk } from '../../../test/store/kiosk.ts';
import type { ProbeResult } from '../../contract/methods.ts';
import { createClaims } from '../checkin-methods/claims.ts';
import { createLookalikes } from '../enrolment/lookalikes.ts';
import { createPinGuard } from '../pin/guard.ts';
import { numberSubjects } from '../pin/subjects.ts';
import { defaultSite } from '../provision.ts';
import { followRoster } from '../roster/gallery.ts';
import type { SqlStore } from '../store/store.ts';
import { openRecogniser } from './recogniser.ts';
import { createCheckinService } from './service.ts';

/* Twins with a real store, a real gallery and the real decision; the test supplies what the models would see. */

const LENGTH = EMBEDDER.length;
const MODEL = 'm';
let store: SqlStore;
let ada: string;
let eve: string;
let bob: string;
let showing: Float32Array;

/** Returns a unit vector with these components on the axes of Ada, Eve and Bob. */
function face(a: number, e: number, b = 0): Float32Array {
  const vector = new Float32Array(LENGTH);
  vector.set([a, e, b]);
  vector[LENGTH - 1] = Math.sqrt(Math.max(0, 1 - a * a - e * e - b * b));
  return vector;
}
/** Similar to both twins, but by a wide margin more to one of them. */
const ADAS = face(0.8, 0.5);
const EVES = face(0.5, 0.8);
const BOBS = face(0, 0, 0.9);

beforeEach(async () => {
  store = await openKiosk(newFolder());
  showing = ADAS;
  const add = async (name: string, number: string, embedding: Float32Array) =>
    (await store.people.add(aPerson({ name, number, templates: [{ pose: 'front', model: MODEL, embedding }] }))).id;
  ada = await add('Ada', '7', face(1, 0));
  eve = await add('Eve', '8', face(0, 1));
  bob = await add('Bob', '9', face(0, 0, 1));
});

function service() {
  const quality = { size: 160, brightness: 128, contrast: 50, sharpness: 200, yaw: 0, pitch: 0, roll: 0, visible: 1 };
  const pipeline = {
    model: MODEL,
    length: LENGTH,
    calibration: EMBEDDER.calibration,
    shape: async (_: unknown, box: unknown) => ({ box, landmarks: [], five: [], quality }),
    embed: async () => showing.slice(),
  } as unknown as FacePipeline;
  const policy = { targetFpir: 0.001, calibratedPeople: 1000 };
  const recogniser = openRecogniser(store, pipeline, policy);
  followRoster(recogniser, store, { removedPeople: [], faces: store.people.all().map(({ id }) => id) });
  return createCheckinService({
    store,
    recogniser,
    pins: { hash: async () => '', verify: async () => false, renewed: async () => null },
    guard: createPinGuard({ store, now: () => 0 }),
    claims: createClaims(() => 0),
    subjects: numberSubjects(randomBytes(32)),
    site: { ...defaultSite(false), liveness: 'off', timeZone: 'UTC', photos: false, repeatWindowSeconds: 0 },
    now: () => 0,
    demo: false,
    elsewhere: () => null,
    startLiveness: () => ({}) as never,
    monotonic: () => 0,
    wall: Date.now,
    recorded: () => undefined,
    voided: () => undefined,
    log: () => undefined,
  });
}

const frame = {
  picture: { width: 200, height: 200, data: new Uint8Array(200 * 200 * 3) },
  box: [20, 20, 160, 160],
  others: 0,
  takenAt: 0,
} as never;

async function walkUp(checkin: ReturnType<typeof service>, number?: string): Promise<ProbeResult> {
  const { visit } = await checkin.visitBegin(number === undefined ? {} : { number });
  for (let i = 0; i < 20; i++) {
    const result = await checkin.probe({ visit, frame });
    if (result.kind !== 'more') return result;
  }
  throw new Error('no answer');
}

/** Checks in, and taps "not me". */
async function notMe(checkin: ReturnType<typeof service>) {
  const result = await walkUp(checkin);
  if (result.kind !== 'welcome') throw new Error(`not welcomed: ${JSON.stringify(result)}`);
  await checkin.voidCheckin({ checkin: result.receipt.checkin, undo: result.receipt.undo, reason: 'not-me' });
  return result.receipt.name;
}

test('neither of a pair is identified by face alone; the answer names nobody, and others check in as before', async () => {
  const checkin = service();
  expect(await walkUp(checkin)).toMatchObject({ kind: 'welcome', receipt: { name: 'Ada' } });
  store.lookalikes.mark(ada, eve, { reason: 'enrolment', by: null });
  for (const shown of [ADAS, EVES, face(1, 0), face(0, 1)]) {
    showing = shown;
    expect(await walkUp(checkin)).toEqual({ kind: 'other-method', reason: 'claim-first' });
  }
  showing = BOBS;
  expect(await walkUp(checkin)).toMatchObject({ kind: 'welcome', receipt: { name: 'Bob' } });
});

test('after entering their number each of a pair is compared with that person only, at the 1:1 threshold', async () => {
  store.lookalikes.mark(ada, eve, { reason: 'enrolment', by: null });
  const checkin = service();
  expect(await walkUp(checkin, '7')).toMatchObject({
    kind: 'welcome',
    receipt: { name: 'Ada', method: 'number+face' },
  });
  showing = EVES;
  expect(await walkUp(checkin, '8')).toMatchObject({ kind: 'welcome', receipt: { name: 'Eve' } });
  // 1:1 requires 0.45: a face less similar to the person with that number is rejected.
  showing = face(0.4, 0.8);
  expect(await walkUp(checkin, '7')).toMatchObject({ kind: 'other-method', reason: 'uncertain' });
});

test('two voided "not me" between the same two people mark the pair automatically, and staff see that it is new', async () => {
  const checkin = service();
  const staff = { require: () => ({ member: null, actor: null }) };
  const seen = () =>
    createLookalikes({ store, staff, nameOf: () => null, changed: () => undefined }).lookalikeCount({ token: '' });
  expect(await notMe(checkin)).toBe('Ada');
  expect([store.lookalikes.has(ada), await seen()]).toEqual([false, { count: 0, unseen: 0 }]);
  showing = EVES;
  expect(await notMe(checkin)).toBe('Eve');
  expect([store.lookalikes.has(ada), store.lookalikes.has(eve)]).toEqual([true, true]);
  expect(await seen()).toEqual({ count: 1, unseen: 1 });
  expect(await walkUp(checkin)).toEqual({ kind: 'other-method', reason: 'claim-first' });
  expect(store.lookalikes.list()).toMatchObject([{ reason: 'not-me' }]);
});

test('"not me" makes no pair if nobody else is similar to the face, however often', async () => {
  const checkin = service();
  showing = BOBS;
  for (let i = 0; i < 4; i++) expect(await notMe(checkin)).toBe('Bob');
  expect(store.lookalikes.list()).toEqual([]);
});

test('once one of a pair is erased, the other is identified by face again', async () => {
  store.lookalikes.mark(ada, eve, { reason: 'enrolment', by: null });
  await store.people.delete(eve);
  expect(await walkUp(service())).toMatchObject({ kind: 'welcome', receipt: { name: 'Ada' } });
  expect(store.lookalikes.has(bob)).toBe(false);
});
