import { randomBytes, randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { ExactGallery } from '../../../models/node/gallery/gallery.ts';
import type { FacePipeline } from '../../../models/node/interface.ts';
import { EMBEDDER } from '../../../models/rules/manifest.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { project } from '../../../test/liveness/heads.ts';
import type { FaceFrame } from '../../contract/frames.ts';
import { createClaims } from '../checkin-methods/claims.ts';
import { createPinGuard } from '../pin/guard.ts';
import { NO_LOCKOUT } from '../pin/lockout.ts';
import { numberSubjects } from '../pin/subjects.ts';
import { defaultSite } from '../provision.ts';
import type { Checkin, NewCheckin, Store } from '../store/interface.ts';
import type { Lockout } from '../store/lockouts.ts';
import { createRecogniser } from './recogniser.ts';
import { type CheckinDeps, createCheckinService } from './service.ts';

/* Number first, then the face: real gallery and decision; the test supplies what the models would see. */

const person = (name: string, number: string | null) => ({
  id: randomUUID(),
  name,
  number,
  language: 'en',
  templates: 1,
  hasPin: false,
  gpsOptOut: false,
  enrolledAt: '',
});
const LENGTH = EMBEDDER.length;
const ADA = person('Ada', '7');
const BOB = person('Bob', '8');
const NOBODYS = '99';

/** Returns a unit vector at the given cosine from the axis of `person`. */
function faceAt(axis: number, cosine: number): Float32Array {
  const vector = new Float32Array(LENGTH);
  vector[axis] = cosine;
  vector[LENGTH - 1] = Math.sqrt(1 - cosine * cosine);
  return vector;
}
const ADAS_FACE = faceAt(0, 0.8);
const STRANGER = faceAt(0, 0.1);
const LIKE_ADA = faceAt(0, 0.4);

let rows: NewCheckin[];
let now: number;
let showing: Float32Array;
let lockouts: Map<string, Lockout>;
let challenges: number;
let diskFull: boolean;
/** Result of the liveness session. */
let passes: boolean;

beforeEach(() => {
  rows = [];
  now = Date.parse('2026-11-23T08:00:00.000Z');
  showing = ADAS_FACE;
  lockouts = new Map();
  challenges = 0;
  diskFull = false;
  passes = true;
});

const frame: FaceFrame = {
  picture: { width: 200, height: 200, data: new Uint8Array(200 * 200 * 3) },
  box: [20, 20, 160, 160],
  others: 0,
  takenAt: 0,
};

function service(site: Partial<CheckinDeps['site']> = {}, othersTemplates = 0) {
  const gallery = new ExactGallery();
  gallery.add('t-ada', ADA.id, faceAt(0, 1));
  gallery.add('t-bob', BOB.id, faceAt(1, 1));
  for (let i = 0; i < othersTemplates; i++) gallery.add(`t-${i}`, 'others', faceAt(2, 1));
  const quality = { size: 160, brightness: 128, contrast: 50, sharpness: 200, yaw: 0, pitch: 0, roll: 0, visible: 1 };
  const pipeline = {
    model: 'm',
    length: LENGTH,
    calibration: EMBEDDER.calibration,
    shape: async (_: unknown, box: unknown) => ({ box, landmarks: project({ yaw: 0 }), five: [], quality }),
    embed: async () => showing.slice(),
  } as unknown as FacePipeline;
  const policy = { ...defaultSite(false), liveness: 'off' as const, timeZone: 'UTC', photos: false, ...site };
  const store = {
    people: {
      get: (id: string) => [ADA, BOB].find((p) => p.id === id) ?? null,
      byNumber: (number: string) => [ADA, BOB].find((p) => p.number === number) ?? null,
    },
    pins: { hash: () => 'hash', code: () => null },
    lockouts: {
      get: (subject: string) => lockouts.get(subject) ?? NO_LOCKOUT,
      set(changed: Record<string, Lockout>) {
        if (diskFull) throw new Problem('storage-full');
        for (const [subject, lockout] of Object.entries(changed)) lockouts.set(subject, lockout);
      },
    },
    checkins: {
      last: () => null,
      async record(checkin: NewCheckin) {
        rows.push(checkin);
        return {
          id: randomUUID(),
          at: new Date(now).toISOString(),
          voided: false,
          ...checkin.open,
        } as unknown as Checkin;
      },
    },
  } as unknown as Store;
  return createCheckinService({
    store,
    recogniser: createRecogniser(pipeline, gallery, { targetFpir: 0.001, calibratedPeople: 1 }),
    pins: {
      hash: async () => '',
      verify: async (stored, pin) => stored !== null && pin === '4711',
      renewed: async () => null,
    },
    guard: createPinGuard({ store, now: () => now }),
    claims: createClaims(() => 0),
    subjects: numberSubjects(randomBytes(32)),
    site: policy,
    now: () => now,
    demo: false,
    elsewhere: () => null,
    startLiveness: () => {
      challenges++;
      let state: 'going' | 'passed' | 'failed' = 'going';
      const current = () => ({ state, step: 'turn-left' as const, index: 0, of: 1, progress: 0, hold: false });
      return {
        observe() {
          state = passes ? 'passed' : 'failed';
          return current();
        },
        current,
      };
    },
    monotonic: () => now,
    wall: () => now,
    recorded: () => undefined,
    voided: () => undefined,
    log: () => undefined,
  });
}

type Service = ReturnType<typeof service>;

/** Types the number and shows frames until there is an answer. Returns it with everything the screen received on the way. */
async function walkUp(checkin: Service, number?: string) {
  const { visit } = await checkin.visitBegin(number === undefined ? {} : { number });
  const notified: unknown[] = [];
  for (let i = 0; i < 20; i++) {
    const result = await checkin.probe({ visit, frame });
    notified.push(result);
    if (result.kind !== 'more' && result.kind !== 'challenge') return { result, notified };
  }
  throw new Error('no answer');
}

test('above its calibration the kiosk accepts no face alone, but the face for a typed number', async () => {
  const checkin = service();
  expect((await walkUp(checkin)).result).toMatchObject({ kind: 'other-method', reason: 'blocked' });
  expect((await walkUp(checkin, '7')).result).toMatchObject({
    kind: 'welcome',
    receipt: { name: 'Ada', method: 'number+face', liveness: 'off' },
  });
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({
    person: ADA.id,
    open: { method: 'number+face', model: 'm', threshold: 0.45, gallery: { people: 2, templates: 2 } },
    score: expect.closeTo(0.8, 5),
    second: null,
  });
});

test('a stranger, a lookalike and another enrolled face are all refused with a number that is not theirs', async () => {
  for (const face of [STRANGER, LIKE_ADA, faceAt(1, 0.9)]) {
    showing = face;
    expect((await walkUp(service(), '7')).result).toEqual({ kind: 'other-method', reason: 'uncertain' });
  }
  expect(rows).toEqual([]);
});

test('a number that nobody has gets the same answers, step for step, as a wrong face', async () => {
  showing = STRANGER;
  const wrongFace = await walkUp(service(), '8');
  showing = ADAS_FACE;
  expect((await walkUp(service(), NOBODYS)).notified).toEqual(wrongFace.notified);
});

test('failures lock the number, whether anybody has it or not, even for the right face; its PIN still works', async () => {
  for (const number of ['7', NOBODYS]) {
    const checkin = service();
    showing = STRANGER;
    const reasons: unknown[] = [];
    for (let i = 0; i < 6; i++) {
      const { result } = await walkUp(checkin, number);
      reasons.push(result.kind === 'other-method' && result.reason);
    }
    expect(reasons).toEqual(['uncertain', 'uncertain', 'uncertain', 'uncertain', 'locked', 'locked']);
  }
  const checkin = service();
  lockouts = new Map();
  for (let i = 0; i < 5; i++) await walkUp(checkin, '7');
  showing = ADAS_FACE;
  expect((await walkUp(checkin, '7')).result).toEqual({ kind: 'other-method', reason: 'locked' });
  expect((await checkin.checkinByPin({ number: '7', pin: '4711' })).receipt.method).toBe('number+pin');
  now += 31_000;
  expect((await walkUp(checkin, '7')).result.kind).toBe('welcome');
});

test('stepping away before the answer, or starting over, counts like an answer', async () => {
  const checkin = service();
  showing = STRANGER;
  for (let i = 0; i < 5; i++) {
    const { visit } = await checkin.visitBegin({ number: '7' });
    await checkin.probe({ visit, frame });
    if (i % 2 === 0) await checkin.visitEnd({ visit });
  }
  showing = ADAS_FACE;
  expect((await walkUp(checkin, '7')).result).toEqual({ kind: 'other-method', reason: 'locked' });
});

test('a visit begins even if the wrong face of the previous visit can’t be counted', async () => {
  const checkin = service();
  showing = STRANGER;
  const { visit } = await checkin.visitBegin({ number: '7' });
  await checkin.probe({ visit, frame });
  diskFull = true;
  await expect(checkin.visitBegin({})).resolves.toMatchObject({ visit: expect.any(String) });
});

test('wrong PINs with many numbers pause no face, and wrong faces no PIN; a clear face passes any pause', async () => {
  const checkin = service({}, 1_000);
  const wrongPin = (number: string) =>
    checkin.checkinByPin({ number, pin: '0000' }).then(
      () => 'in',
      (error: Problem) => error.code,
    );
  let code = '';
  for (let i = 0; i < 30 && code !== 'pin-locked'; i++) code = await wrongPin(`n${i}`);
  expect(code).toBe('pin-locked');
  showing = faceAt(0, 0.47); // matches, but not well enough for a search among all
  expect((await walkUp(checkin, '7')).result.kind).toBe('welcome');

  now += 3_600_000;
  showing = STRANGER;
  for (let i = 0; i < 21; i++) await walkUp(checkin, `m${i}`);
  expect((await checkin.checkinByPin({ number: '7', pin: '4711' })).receipt.method).toBe('number+pin');
  showing = faceAt(0, 0.47);
  expect((await walkUp(checkin, '7')).result).toEqual({ kind: 'other-method', reason: 'locked' });
  showing = ADAS_FACE;
  expect((await walkUp(checkin, '7')).result.kind).toBe('welcome');
});

test('one face tried on many numbers exhausts the budget shared by all numbers', async () => {
  const checkin = service();
  showing = STRANGER;
  let locked = 0;
  for (let i = 0; i < 30 && locked === 0; i++) {
    const { result } = await walkUp(checkin, `n${i}`);
    if (result.kind === 'other-method' && result.reason === 'locked') locked = i;
  }
  expect(locked).toBeGreaterThan(0);
});

test('liveness is still required, and three failures lead to another check-in method', async () => {
  expect((await walkUp(service({ liveness: 'standard' }), '7')).result).toMatchObject({
    kind: 'welcome',
    receipt: { liveness: 'passed' },
  });
  expect(challenges).toBe(1);
  passes = false;
  expect((await walkUp(service({ liveness: 'standard' }), '7')).result).toEqual({
    kind: 'other-method',
    reason: 'liveness',
  });
  expect(challenges).toBe(4);
  expect(rows).toHaveLength(1);
});
