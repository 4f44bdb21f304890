import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { directionOf, meanOf } from '../../../models/rules/cosine.ts';
import { fmrAt, thresholdFor } from '../../../models/rules/decision.ts';
import type { Move } from '../../../models/rules/liveness/challenge.ts';
import { drawSequence } from '../../../models/rules/liveness/light/sequence.ts';
import { startLight } from '../../../models/rules/liveness/light/session.ts';
import { startLiveness } from '../../../models/rules/liveness/liveness.ts';
import { type Faces, inARow, like, openFaces } from '../../../test/checkin/faces.ts';
import { type Take, takesOf } from '../../../test/footage/index.ts';
import {
  challengeOf,
  lightAt,
  litPicture,
  type Motion,
  seeded,
  timesOf,
  turning,
} from '../../../test/liveness/heads.ts';
import { heldClock, newFolder, openKiosk } from '../../../test/store/kiosk.ts';
import type { FaceFrame } from '../../contract/frames.ts';
import { type ProbeResult, Receipt } from '../../contract/methods.ts';
import { createClaims } from '../checkin-methods/claims.ts';
import { createPinGuard } from '../pin/guard.ts';
import { createPersonPins } from '../pin/person-pins.ts';
import { createPinHasher, type PinHasher } from '../pin/pin-hash.ts';
import { numberSubjects } from '../pin/subjects.ts';
import { defaultSite } from '../provision.ts';
import { followRoster } from '../roster/gallery.ts';
import type { SiteConfig } from '../site/config.ts';
import type { Checkin, Person } from '../store/interface.ts';
import type { SqlStore } from '../store/store.ts';
import { createLightReach, type LightReach } from './light-reach.ts';
import { openRecogniser } from './recogniser.ts';
import { type CheckinDeps, createCheckinService } from './service.ts';

/*
 * A visit from sample to record, with the real models, quality verdict, gallery, decision, liveness session and store. Ada has
 * the face of man A in the footage and Ben that of man B. Where footage can't do what is needed, synthetic heads do.
 */

let faces: Faces;
let hasher: PinHasher;
beforeAll(async () => {
  faces = await openFaces();
  hasher = await createPinHasher(randomBytes(32));
});
afterAll(() => faces?.close());

const MONDAY = Date.parse('2026-11-23T08:00:00.000Z');
const SECOND = 1000;
const MINUTE = 60 * SECOND;

let clock: ReturnType<typeof heldClock>;
let store: SqlStore;
let ada: Person;
let ben: Person;
let recorded: { checkin: Checkin; person: Person }[];
let admitted: unknown[];
let voided: number;
let challenges: number;
/** The movement that the next challenges request. */
let move: Move;
/** Runs while the next sample is being embedded. */
let meanwhile: (() => Promise<unknown>) | null;

beforeEach(async () => {
  clock = heldClock(MONDAY);
  store = await openKiosk(newFolder(), {}, { clock });
  ada = await enrol('Ada', '7', faces.templates.A, '4711');
  ben = await enrol('Ben', '8', faces.templates.B, null);
  recorded = [];
  admitted = [];
  voided = 0;
  challenges = 0;
  move = 'turn-left';
  meanwhile = null;
});

async function enrol(
  name: string,
  number: string,
  templates: readonly Float32Array[],
  pin: string | null,
  language = 'en',
) {
  const { model } = faces.pipeline;
  return store.people.add({
    id: randomUUID(),
    name,
    number,
    language,
    consent: { textVersion: 'test', language: 'en' },
    templates: templates.map((embedding) => ({ pose: 'front', model, embedding })),
    photo: null,
    pinHash: pin === null ? null : await hasher.hash(pin),
  });
}

/** A kiosk's check-in with the product's defaults, changed by `site`; without liveness unless requested. */
function service(site: Partial<SiteConfig> = {}, change: Partial<CheckinDeps> = {}) {
  const pipeline: Faces['pipeline'] = {
    ...faces.pipeline,
    async embed(...face) {
      const embedding = await faces.pipeline.embed(...face);
      const work = meanwhile;
      meanwhile = null;
      await work?.();
      return embedding;
    },
  };
  const config: SiteConfig = {
    ...defaultSite(false),
    timeZone: 'UTC',
    liveness: 'off',
    photos: false,
    repeatWindowSeconds: 60,
    ...site,
  };
  const recogniser = openRecogniser(store, pipeline, config);
  followRoster(recogniser, store, { removedPeople: [], faces: store.people.all().map(({ id }) => id) });
  return createCheckinService({
    store,
    recogniser,
    pins: createPersonPins(hasher, () => []),
    guard: createPinGuard({ store, now: clock.now }),
    claims: createClaims(clock.monotonic),
    subjects: SUBJECTS,
    site: config,
    now: clock.now,
    demo: false,
    elsewhere: () => null,
    startLiveness: () => {
      challenges++;
      return startLiveness(challengeOf(move), faces.pipeline.calibration);
    },
    monotonic: clock.monotonic,
    wall: clock.now,
    recorded: (checkin, person) => recorded.push({ checkin, person }),
    voided: () => voided++,
    admitted: (admission) => admitted.push(admission),
    log: () => undefined,
    ...change,
  });
}
type Service = ReturnType<typeof service>;

const part = (take: Take, start: number, seconds: number): Take => ({ ...take, start, seconds });
/** Man A, and man B, straight ahead for a second. */
const straight = (person: 'A' | 'B') => faces.take(part(takesOf(person, 'straight')[0]!, person === 'A' ? 24 : 10, 1));
/** Straight ahead, and then a head turn to the person's left. */
const turnOfA = () => faces.take(part(takesOf('A', 'turn-left')[1]!, 177, 3));
const turnOfB = () => faces.take(takesOf('B', 'turn-left')[0]!);
/** A synthetic head that does not move, with Ada's own face by default. */
const still = (count = 2, embedding = faces.templates.A[0]!): FaceFrame[] =>
  Array.from({ length: count }, (_, i) => faces.head({ yaw: 0, at: i * 125 }, embedding));

/** Shows the frames one after the other, up to the first answer after which no sample counts. Returns every answer. */
async function show(checkin: Service, visit: string, frames: readonly FaceFrame[]): Promise<ProbeResult[]> {
  const answers: ProbeResult[] = [];
  for (const frame of frames) {
    answers.push(await checkin.probe({ visit, frame }));
    if (answers.at(-1)!.kind === 'welcome' || answers.at(-1)!.kind === 'other-method') break;
  }
  return answers;
}

/** Makes one visit; returns its last answer. */
async function walkUp(checkin: Service, frames: readonly FaceFrame[]): Promise<ProbeResult> {
  const { visit } = await checkin.visitBegin({});
  return (await show(checkin, visit, frames)).at(-1)!;
}

async function welcomed(checkin: Service, frames: readonly FaceFrame[] = still()): Promise<Receipt> {
  const result = await walkUp(checkin, frames);
  if (result.kind !== 'welcome') throw new Error(JSON.stringify(result));
  return result.receipt;
}

const SUBJECTS = numberSubjects(new Uint8Array(32));
const rows = () => store.checkins.list({ limit: 100 }).toReversed();
const codeOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'in',
    (error: { code: string }) => error.code,
  );

describe('a face', () => {
  test('that is enrolled is recorded once, with how it was recognised', async () => {
    const receipt = await welcomed(service(), await straight('A'));
    expect(receipt).toMatchObject({ name: 'Ada', method: 'face', liveness: 'off', direction: 'in', repeated: false });
    expect(rows()).toMatchObject([
      {
        id: receipt.checkin,
        person: ada.id,
        method: 'face',
        model: faces.pipeline.model,
        photo: null,
        galleryPeople: 2,
      },
    ]);
    const [{ score, second, threshold }] = rows() as [Checkin];
    expect(score).toBeGreaterThan(0.8);
    expect(second).toBeLessThan(0.2);
    // An error rate of one in a thousand strangers, for both people together.
    expect(1 - (1 - fmrAt(threshold!, faces.pipeline.calibration.curve)) ** 2).toBeLessThan(0.00101);
    expect(recorded.map((one) => [one.checkin.id, one.person.id])).toEqual([[receipt.checkin, ada.id]]);
    expect((await welcomed(service(), await straight('B'))).name).toBe('Ben');
  });

  test('that nobody has here is offered the other methods, as unknown', async () => {
    const [stranger] = faces.templates.B;
    store = await openKiosk(newFolder(), {}, { clock });
    await enrol('Ada', '7', faces.templates.A, null);
    expect(await walkUp(service(), inARow(await straight('B')))).toEqual({ kind: 'other-method', reason: 'unknown' });
    expect(await walkUp(service(), still(14, stranger))).toEqual({ kind: 'other-method', reason: 'unknown' });
    // Close to Ada's, but not close enough.
    const near = still(14, like(faces.templates.A[0]!, 0.42));
    expect(await walkUp(service(), near)).toEqual({ kind: 'other-method', reason: 'uncertain' });
    expect(rows()).toEqual([]);
  });

  /** Ada straight ahead, with these scores against her templates. */
  const scored = (...scores: readonly number[]): FaceFrame[] => {
    const { direction, length } = directionOf(meanOf(faces.templates.A))!;
    return scores.map((score, i) => faces.head({ yaw: 0, at: i * 125 }, like(direction, score / length)));
  };

  test('is decided by the mean of its samples: a good one makes up for one slightly below the threshold', async () => {
    const site = { targetFpir: 1e-6 };
    const { calibration } = faces.pipeline;
    const t = thresholdFor({ people: 2, templates: 2 }, { ...site, calibration });
    expect((await welcomed(service(site), scored(t + 0.08, t - 0.06))).name).toBe('Ada');
    expect((await walkUp(service(site), scored(t + 0.04, t - 0.06))).kind).toBe('more');
    const alone = Array.from({ length: 14 }, () => t - 0.06);
    expect(await walkUp(service(site), scored(...alone))).toEqual({ kind: 'other-method', reason: 'uncertain' });
    // Poor samples from the walk to the kiosk soon stop counting.
    const poor = [t - 0.1, t - 0.1, t - 0.1];
    expect((await welcomed(service(site), scored(...poor, t + 0.05, t + 0.05, t + 0.05, t + 0.05))).name).toBe('Ada');
    // The last sample has to match Ada on its own.
    expect((await walkUp(service(site), scored(0.92, 0.44))).kind).toBe('more');
  });

  test('that follows another’s inherits nothing: the mean starts over with a face unlike the previous one', async () => {
    const other = like(faces.templates.A[0]!, 0.3);
    expect(await walkUp(service(), [...still(1), ...still(13, other)])).toEqual({
      kind: 'other-method',
      reason: 'unknown',
    });
    expect(rows()).toEqual([]);
  });

  test('is judged by the real quality measure, and a sample that is not usable yet does not count', async () => {
    const checkin = service();
    const [first, second] = await straight('A');
    const dark = { ...first!.picture, data: first!.picture.data.map((v) => v / 8) };
    const cover = { ...first!, picture: { ...first!.picture, data: first!.picture.data.map(() => 128) } };
    const { visit } = await checkin.visitBegin({});
    const reasons = async (frame: FaceFrame) => checkin.probe({ visit, frame });
    expect(await reasons({ ...first!, picture: dark })).toEqual({ kind: 'guide', reason: 'too-dark' });
    expect(await reasons({ ...first!, box: [300, 200, 60, 60] })).toEqual({ kind: 'guide', reason: 'too-far' });
    expect(await reasons(cover)).toMatchObject({ kind: 'guide' });
    const turned = (await faces.take(takesOf('B', 'turn-left')[0]!)).at(-2)!;
    expect(await reasons(turned)).toEqual({ kind: 'guide', reason: 'turned' });
    for (let i = 0; i < 20; i++) await reasons({ ...first!, picture: dark });
    expect((await reasons(first!)).kind).toBe('more');
    expect((await reasons(second!)).kind).toBe('welcome');
  });

  test('is no check-in while more people are enrolled than a search was calibrated for', async () => {
    expect(await walkUp(service({ calibratedPeople: 1 }), still())).toEqual({
      kind: 'other-method',
      reason: 'blocked',
      code: 'gallery-too-large',
    });
  });

  test('of a person deleted at that moment is nobody’s', async () => {
    const checkin = service();
    const { visit } = await checkin.visitBegin({});
    await show(checkin, visit, still(1));
    await store.people.delete(ada.id);
    expect((await show(checkin, visit, still(1))).at(-1)).toEqual({ kind: 'other-method', reason: 'unknown' });
  });

  test('is kept in a picture if the site keeps one; a failure to encode it keeps nobody out', async () => {
    await welcomed(service({ photos: true }), await straight('A'));
    const kept = await store.photos.open(rows()[0]!.photo!);
    expect(Buffer.from(kept.subarray(0, 2)).toString('hex')).toBe('ffd8');
    const broken = still().map((frame) => ({ ...frame, picture: Object.assign(frame.picture, { width: 999 }) }));
    clock.pass(2 * MINUTE);
    await welcomed(service({ photos: true }), broken);
    expect(rows().at(-1)).toMatchObject({ photo: null });
  });

  test('records whether liveness was off by choice or because this is a demo', async () => {
    await welcomed(service({ repeatWindowSeconds: 0 }));
    await welcomed(service({ repeatWindowSeconds: 0 }, { demo: true }));
    await welcomed(service({ repeatWindowSeconds: 0, liveness: 'standard' }), inARow(still(), madeUpTurn()));
    expect(rows().map((row) => row.liveness)).toEqual(['off', 'off (demo)', 'passed']);
  });
});

describe('two people in a frame', () => {
  test('are never one check-in: what had agreed before the second face appeared has to agree again', async () => {
    const checkin = service();
    const { visit } = await checkin.visitBegin({});
    const [sample] = still(1);
    const kinds: string[] = [];
    for (const others of [0, 1, 0, 2, 0, 0])
      kinds.push((await checkin.probe({ visit, frame: { ...sample!, others } })).kind);
    expect(kinds).toEqual(['more', 'guide', 'more', 'guide', 'more', 'welcome']);
    expect(
      await checkin.probe({ visit: (await checkin.visitBegin({})).visit, frame: { ...sample!, others: 1 } }),
    ).toEqual({
      kind: 'guide',
      reason: 'several-faces',
    });
  });

  test('buy a stranger no further samples', async () => {
    const checkin = service();
    const { visit } = await checkin.visitBegin({});
    const frames = still(14, like(faces.templates.A[0]!, 0.1)).map((frame, i) => ({ ...frame, others: i % 2 }));
    expect((await show(checkin, visit, frames)).filter((answer) => answer.kind === 'more')).toHaveLength(5);
    expect(challenges).toBe(0);
  });

  test('end a challenge, and showing a second face now and then buys no further ones', async () => {
    const checkin = service({ liveness: 'standard' });
    const { visit } = await checkin.visitBegin({});
    const frames = still(60).map((frame, i) => ({ ...frame, others: i % 3 === 2 ? 1 : 0 }));
    const answers = await show(checkin, visit, frames);
    expect(answers.at(-1)).toEqual({ kind: 'other-method', reason: 'liveness', code: 'interrupted' });
    expect(challenges).toBe(3);
    // The samples have to agree again each time.
    expect(answers.slice(0, 5).map((answer) => answer.kind)).toEqual([
      'more',
      'challenge',
      'more',
      'more',
      'challenge',
    ]);
    // Stepping away and back doesn't help either. After the pause there are three more.
    expect(await walkUp(checkin, still())).toEqual({ kind: 'other-method', reason: 'liveness' });
    clock.pass(5 * MINUTE - 1);
    expect(await walkUp(checkin, still())).toEqual({ kind: 'other-method', reason: 'liveness' });
    clock.pass(1);
    expect((await walkUp(checkin, still())).kind).toBe('challenge');
    expect(rows()).toEqual([]);
  });
});

/** A synthetic head that turns to its left; `face` gives its face by sample and motion. */
function madeUpTurn(
  face: (index: number, motion: Motion) => Float32Array = () => faces.templates.A[0]!,
  yaw = 24,
): FaceFrame[] {
  return turning(yaw).map((motion, i) => faces.head(motion, face(i, motion)));
}

describe('the light challenge', () => {
  const sequence = drawSequence(seeded(8));
  let reach: LightReach;
  beforeEach(() => {
    reach = createLightReach();
  });
  const lit = () =>
    service(
      { liveness: 'standard', repeatWindowSeconds: 0 },
      { light: { wanted: () => true, start: () => startLight(sequence, faces.pipeline.calibration), reach } },
    );
  /** Other people's faces have answered here. */
  const prove = () => {
    for (const person of ['x', 'y', 'z']) reach.saw(person, true);
  };

  /** Turns as requested, then looks ahead at the screen's colours. Returns every answer. `face`: of the last samples. */
  async function attempt(
    checkin: Service,
    how: {
      readonly answers?: boolean;
      readonly declines?: 'moving' | 'lit';
      readonly face?: Float32Array;
    } = {},
  ): Promise<ProbeResult[]> {
    const { answers: lights = true, declines, face = faces.templates.A[0]! } = how;
    const { visit } = await checkin.visitBegin({});
    const turn = inARow(still(), madeUpTurn());
    const answers: ProbeResult[] = [];
    for (const frame of turn) {
      answers.push(await checkin.probe({ visit, frame, ...(declines === 'moving' && { light: 'declined' as const }) }));
      if (answers.at(-1)!.kind === 'light' || answers.at(-1)!.kind === 'welcome') break;
    }
    const from = turn[answers.length - 1]!.takenAt + 125;
    for (let at = from; answers.at(-1)!.kind === 'light' && at < from + 8_000; at += 125) {
      const image = litPicture(lights ? lightAt(sequence, at - from - 100) : [0, 0, 0]);
      const frame = faces.head({ yaw: 0, at }, face, {}, image);
      const shown = timesOf(sequence, from).filter((time) => time <= at);
      answers.push(
        await checkin.probe({ visit, frame, light: declines === 'lit' && shown.length > 1 ? 'declined' : shown }),
      );
    }
    return answers;
  }

  test('follows the moves, and admits a person whose face answers the colours', async () => {
    prove();
    const answers = await attempt(lit());
    expect(answers.find((answer) => answer.kind === 'challenge')).toMatchObject({ light: true });
    expect(answers.find((answer) => answer.kind === 'light')).toEqual({ kind: 'light', sequence });
    expect(answers.at(-1)).toMatchObject({ kind: 'welcome', receipt: { name: 'Ada', liveness: 'passed' } });
    expect(reach.proven('someone')).toBe(true);
  });

  test('fails for a silent face if other people’s faces answered', async () => {
    prove();
    expect((await attempt(lit(), { answers: false })).at(-1)).toEqual({ kind: 'more', progress: 0 });
    expect(rows()).toEqual([]);
  });

  test('does not count if light is drowned or not known to work: only the moves do', async () => {
    expect((await attempt(lit(), { answers: false })).at(-1)!.kind).toBe('welcome');
    prove();
    reach.saw('w', false);
    expect((await attempt(lit(), { answers: false })).at(-1)!.kind).toBe('welcome');
  });

  test('is skipped for a person who opts out: only the moves count', async () => {
    prove();
    const answers = await attempt(lit(), { declines: 'moving' });
    expect(answers.map(({ kind }) => kind)).not.toContain('light');
    expect(answers.at(-1)!.kind).toBe('welcome');
    // Also once the colours are on the screen, after a face has been silent so far.
    const later = await attempt(lit(), { declines: 'lit', answers: false });
    expect(later.map(({ kind }) => kind)).toContain('light');
    expect(later.at(-1)!.kind).toBe('welcome');
  });

  test('fails if another person’s face answers', async () => {
    prove();
    expect((await attempt(lit(), { face: faces.templates.B[0]! })).at(-1)).toEqual({ kind: 'more', progress: 0 });
    expect(rows()).toEqual([]);
  });

  test('does not take place if the policy does not want it', async () => {
    const answers = await attempt(service({ liveness: 'standard' }));
    expect(answers.map(({ kind }) => kind)).not.toContain('light');
    expect(answers.find((answer) => answer.kind === 'challenge')).toMatchObject({ light: false });
  });
});

describe('a challenge', () => {
  test('is passed by the recorded head that turns as requested', async () => {
    const checkin = service({ liveness: 'standard' });
    const answers = await show(checkin, (await checkin.visitBegin({})).visit, await turnOfA());
    expect(answers[1]).toEqual({
      kind: 'challenge',
      step: 'middle',
      index: 0,
      of: 1,
      progress: 0,
      hold: false,
      light: false,
    });
    expect(answers.filter((a) => a.kind === 'challenge').map((a) => a.step)).toContain('turn-left');
    expect(answers.at(-1)).toMatchObject({ kind: 'welcome', receipt: { name: 'Ada', liveness: 'passed' } });
    expect((await welcomed(checkin, await turnOfB())).name).toBe('Ben');
    expect(challenges).toBe(2);
  });

  test('is not passed by a head that does not move, nor by one that turns the other way', async () => {
    const checkin = service({ liveness: 'standard' });
    expect((await walkUp(checkin, await straight('A'))).kind).toBe('challenge');
    move = 'turn-right';
    const frames = await turnOfA();
    const { visit } = await checkin.visitBegin({});
    const answers = await show(checkin, visit, frames);
    expect(answers.some((answer) => answer.kind === 'welcome')).toBe(false);
    expect(answers.some((answer) => answer.kind === 'more' && answer.progress === 0)).toBe(true);
    // Before the next challenge two samples have to agree again.
    const another = service({ liveness: 'standard' });
    const wrong = await show(another, (await another.visitBegin({})).visit, inARow(still(), madeUpTurn()));
    const failed = wrong.findIndex((answer, i) => i > 1 && answer.kind === 'more');
    expect(wrong.slice(failed, failed + 3).map((answer) => answer.kind)).toEqual(['more', 'more', 'challenge']);
    expect(rows()).toEqual([]);
  });

  test('is not passed by another person’s head, enrolled or not', async () => {
    const checkin = service({ liveness: 'standard' });
    // In the end he passes a challenge of his own, but never Ada's.
    const frames = inARow((await straight('A')).slice(0, 2), await turnOfB());
    expect((await welcomed(checkin, frames)).name).toBe('Ben');
    expect(challenges).toBe(2);
    await store.people.delete(ben.id);
    const alone = service({ liveness: 'standard' });
    const tries = [1, 2, 3].map(() => frames.slice(0, 8));
    expect(await walkUp(alone, inARow(...tries))).toEqual({
      kind: 'other-method',
      reason: 'liveness',
      code: 'another-person',
    });
    expect(rows().map((row) => row.person)).not.toContain(ada.id);
  });

  test('is not passed by people taking turns: Ada straight ahead and at the end, another’s head in between', async () => {
    const [adas] = faces.templates.A;
    const [bens] = faces.templates.B;
    // With a single head it is passed at the sample `last`.
    const one = service({ liveness: 'standard' });
    const passed = await show(one, (await one.visitBegin({})).visit, inARow(still(), madeUpTurn()));
    expect(passed.at(-1)!.kind).toBe('welcome');
    const last = passed.length - 1 - still().length;
    const before = rows().length;
    for (const [from, to] of [
      [4, last - 1],
      [last - 1, last - 1],
      [last, last],
      [3, last],
      [2, last - 1],
    ] as const) {
      const frames = madeUpTurn((i) => (i >= from && i <= to ? bens! : adas!)).slice(0, last + 1);
      const { kind } = await walkUp(service({ liveness: 'standard' }), inARow(still(), frames));
      expect(kind, `another's head in samples ${from} to ${to}`).toBe('challenge');
    }
    expect(rows()).toHaveLength(before);
  });

  test('after a number is passed only by the face for that number', async () => {
    const checkin = service({ liveness: 'standard' });
    const [bens] = faces.templates.B;
    const begin = async () => (await checkin.visitBegin({ number: '7' })).visit;
    const other = await show(
      checkin,
      await begin(),
      inARow(
        still(),
        madeUpTurn(() => bens!),
      ),
    );
    expect(other.some((answer) => answer.kind === 'challenge')).toBe(true);
    expect(other.at(-1)!.kind).not.toBe('welcome');
    const own = await show(checkin, await begin(), inARow(still(), madeUpTurn()));
    expect(own.at(-1)).toMatchObject({ kind: 'welcome', receipt: { method: 'number+face', liveness: 'passed' } });
  });

  test('that was passed clears the failures before it', async () => {
    const checkin = service({ liveness: 'standard', repeatWindowSeconds: 0 });
    const fail = () =>
      walkUp(
        checkin,
        inARow(
          still(),
          still(1).map((frame) => ({ ...frame, others: 1 })),
        ),
      );
    for (let i = 0; i < 2; i++) expect(await fail()).toEqual({ kind: 'more', progress: 0 });
    await welcomed(checkin, inARow(still(), madeUpTurn()));
    for (let i = 0; i < 2; i++) expect(await fail()).toEqual({ kind: 'more', progress: 0 });
    await welcomed(checkin, inARow(still(), madeUpTurn()));
  });

  test('that is left after its first prompt has failed: nobody can wait for one that fits a recording', async () => {
    const checkin = service({ liveness: 'standard' });
    const frames = inARow(still(), madeUpTurn());
    const began = async (samples: number) => {
      const { visit } = await checkin.visitBegin({});
      return { visit, last: (await show(checkin, visit, frames.slice(0, samples))).at(-1) };
    };
    const straight = still().length + 1;
    const prompted = async () => {
      const { visit, last } = await began(straight + 3);
      expect(last).toMatchObject({ kind: 'challenge', step: 'turn-left' });
      return visit;
    };
    // A passer-by was only asked to look straight ahead.
    for (let i = 0; i < 5; i++)
      expect((await began(straight)).last).toMatchObject({ kind: 'challenge', step: 'middle' });
    await checkin.visitEnd({ visit: await prompted() });
    await prompted();
    await checkin.visitEnd({ visit: await prompted() });
    expect(await walkUp(checkin, frames)).toEqual({ kind: 'other-method', reason: 'liveness' });
    clock.pass(5 * MINUTE);
    await welcomed(checkin, frames);
  });

  test.each([
    ['ended', (checkin: Service, visit: string) => checkin.visitEnd({ visit })],
    ['followed by another', (checkin: Service) => checkin.visitBegin({})],
  ])('whose last sample is being processed when the visit is %s has no effect', async (_, leave) => {
    const checkin = service({ liveness: 'standard' });
    const { visit } = await checkin.visitBegin({});
    const frames = inARow(still(), madeUpTurn());
    const answers = await show(checkin, visit, frames);
    const passing = answers.length - 1;
    expect(answers[passing]!.kind).toBe('welcome');
    clock.pass(2 * MINUTE);
    const again = await checkin.visitBegin({});
    await show(checkin, again.visit, frames.slice(0, passing));
    meanwhile = () => leave(checkin, again.visit);
    expect(await checkin.probe({ visit: again.visit, frame: frames[passing]! })).toEqual({ kind: 'done' });
    expect(rows()).toHaveLength(1);
  });
});

describe('a visit', () => {
  test('is over with its welcome: further samples are no further check-in', async () => {
    const checkin = service({ repeatWindowSeconds: 0 });
    const { visit } = await checkin.visitBegin({});
    await show(checkin, visit, still());
    for (const frame of still(4)) {
      expect(await checkin.probe({ visit, frame })).toEqual({ kind: 'done' });
      expect(await checkin.probe({ visit, frame: { ...frame, others: 1 } })).toEqual({ kind: 'done' });
    }
    expect(rows()).toHaveLength(1);
  });

  test('notices, once it is answered, that someone else has taken the person’s place, by two samples in a row', async () => {
    const checkin = service();
    const [ours, others] = [await straight('A'), await straight('B')];
    const { visit } = await checkin.visitBegin({});
    const face = async (frame: FaceFrame) => (await checkin.visitFace({ visit, frame })).face;
    expect(await face(others[0]!)).toBe('same'); // no answer yet, so the visit itself decides
    const welcome = (await show(checkin, visit, ours)).at(-1)!;
    expect(welcome.kind).toBe('welcome');
    for (const frame of ours) expect(await face(frame)).toBe('same');
    expect([await face(others[0]!), await face(ours[0]!)]).toEqual(['unclear', 'same']);
    expect(await face({ ...others[0]!, others: 1 })).toBe('unclear');
    expect([await face(others[0]!), await face(others[1]!)]).toEqual(['unclear', 'another']);
    expect(rows()).toHaveLength(1);
    await checkin.visitEnd({ visit });
    expect(await codeOf(checkin.visitFace({ visit, frame: ours[0]! }))).toBe('visit-unknown');
  });

  test('processes one sample at a time: simultaneous samples are one check-in', async () => {
    const checkin = service({ repeatWindowSeconds: 0 });
    const { visit } = await checkin.visitBegin({});
    const kinds = await Promise.all(still(5).map((frame) => checkin.probe({ visit, frame })));
    expect(kinds.map((answer) => answer.kind)).toEqual(['more', 'welcome', 'done', 'done', 'done']);
    expect(rows()).toHaveLength(1);
  });

  test('with a number counts its wrong face once, even if it is left while the last sample is being processed', async () => {
    const checkin = service();
    const [bens] = faces.templates.B;
    const failures = () => store.lockouts.get(SUBJECTS.face('7')).failures;
    const { visit } = await checkin.visitBegin({ number: '7' });
    await show(checkin, visit, still(5, bens));
    expect(failures()).toBe(0);
    meanwhile = () => checkin.visitEnd({ visit });
    expect(await checkin.probe({ visit, frame: still(1, bens)[0]! })).toEqual({ kind: 'done' });
    expect(failures()).toBe(1);
    await checkin.visitEnd({ visit });
    expect(failures()).toBe(1);
  });

  test('with a number that is left while its outcome is being counted has no effect', async () => {
    const real = createPinGuard({ store, now: clock.now });
    const guard: CheckinDeps['guard'] = {
      async attempt(one) {
        const opened = await real.attempt(one);
        await checkin.visitBegin({});
        return opened;
      },
    };
    const checkin = service({}, { guard });
    const { visit } = await checkin.visitBegin({ number: '7' });
    expect((await show(checkin, visit, still())).at(-1)).toEqual({ kind: 'done' });
    expect(rows()).toEqual([]);
  });

  test('with a number whose challenge failed also counts a wrong face after it', async () => {
    const checkin = service({ liveness: 'standard' });
    const [bens] = faces.templates.B;
    const { visit } = await checkin.visitBegin({ number: '7' });
    await show(checkin, visit, [...still(2), { ...still(1)[0]!, others: 1 }, ...still(2, bens)]);
    await checkin.visitEnd({ visit });
    expect(store.lockouts.get(SUBJECTS.face('7')).failures).toBe(1);
    // Leaving without a wrong sample is no attempt.
    const right = await checkin.visitBegin({ number: '8' });
    await show(checkin, right.visit, still(1, bens));
    await checkin.visitEnd(right);
    expect(store.lockouts.get(SUBJECTS.face('8')).failures).toBe(0);
  });

  test('is over when the person used another method, and when the next one began', async () => {
    const checkin = service({ repeatWindowSeconds: 0 });
    const first = await checkin.visitBegin({});
    await show(checkin, first.visit, still(1));
    await checkin.checkinByPin({ number: '7', pin: '4711' });
    expect(await checkin.probe({ visit: first.visit, frame: still(1)[0]! })).toEqual({ kind: 'done' });
    const second = await checkin.visitBegin({});
    await checkin.visitBegin({});
    expect(await codeOf(checkin.probe({ visit: second.visit, frame: still(1)[0]! }))).toBe('visit-unknown');
    const third = await checkin.visitBegin({});
    await checkin.visitEnd({ visit: second.visit });
    await checkin.probe({ visit: third.visit, frame: still(1)[0]! });
    await checkin.visitEnd({ visit: third.visit });
    expect(await codeOf(checkin.probe({ visit: third.visit, frame: still(1)[0]! }))).toBe('visit-unknown');
    expect(rows()).toHaveLength(1);
  });

  test('that is left while its last sample is being processed has no effect', async () => {
    for (const begin of [{}, { number: '7' }]) {
      const checkin = service();
      const { visit } = await checkin.visitBegin(begin);
      await show(checkin, visit, still(1));
      meanwhile = () => checkin.visitBegin({});
      expect(await checkin.probe({ visit, frame: still(1)[0]! })).toEqual({ kind: 'done' });
    }
    expect(rows()).toEqual([]);
  });

  test('whose write failed can still be answered', async () => {
    vi.spyOn(store.checkins, 'record').mockRejectedValueOnce(new Error('disk trouble'));
    const checkin = service();
    const { visit } = await checkin.visitBegin({});
    await expect(show(checkin, visit, still())).rejects.toThrow('disk trouble');
    expect(admitted).toEqual([]);
    expect((await show(checkin, visit, still(1)))[0]!.kind).toBe('welcome');
  });
});

describe('a record', () => {
  test('is made even if trusted time stands still: window and day go by the clock that records claim', async () => {
    const checkin = service({}, { now: () => MONDAY });
    for (const at of ['2026-11-23T08:00:00.000Z', '2026-11-23T17:00:00.000Z', '2026-11-24T08:00:00.000Z']) {
      clock.time = Date.parse(at);
      expect((await welcomed(checkin)).repeated).toBe(false);
    }
    expect(rows().map((row) => row.direction)).toEqual(['in', 'out', 'in']);
  });

  test('within the window is the same one, and opens the door again', async () => {
    const checkin = service();
    const first = await welcomed(checkin);
    clock.pass(59 * SECOND);
    expect(await welcomed(checkin)).toMatchObject({
      checkin: first.checkin,
      direction: 'in',
      repeated: true,
      undo: '',
    });
    expect(admitted).toEqual([
      expect.objectContaining({ method: 'face', liveness: 'off', direction: 'in' }),
      expect.objectContaining({ method: 'face', liveness: 'off', direction: 'in' }),
    ]);
    expect(recorded).toHaveLength(1);
    clock.pass(SECOND);
    expect(await welcomed(checkin)).toMatchObject({ direction: 'out', repeated: false });
    expect(admitted.at(-1)).toMatchObject({ direction: 'out' });
    expect(rows().map((row) => row.direction)).toEqual(['in', 'out']);
  });

  test('that was voided does not count: the next one is no repeat, and has the same direction', async () => {
    const checkin = service();
    const { checkin: id, undo } = await welcomed(checkin);
    await checkin.voidCheckin({ checkin: id, undo, reason: 'not-me' });
    expect(voided).toBe(1);
    expect(await welcomed(checkin)).toMatchObject({ direction: 'in', repeated: false });
    clock.pass(2 * MINUTE);
    const out = await welcomed(checkin);
    expect(out.direction).toBe('out');
    await checkin.voidCheckin({ checkin: out.checkin, undo: out.undo, reason: 'wrong-direction' });
    expect(rows().map((row) => [row.direction, row.voided])).toEqual([
      ['in', true],
      ['in', false],
      ['out', true],
    ]);
  });

  test('by staff in the other direction is no repeat; in the same direction it is', async () => {
    const checkin = service();
    const byStaff = (direction: 'in' | 'out') =>
      checkin.admit(ada, { method: 'manual', direction, reason: 'forgot the badge' });
    await welcomed(checkin);
    clock.pass(10 * SECOND);
    expect(await byStaff('out')).toMatchObject({ direction: 'out', repeated: false, method: 'manual' });
    clock.pass(10 * SECOND);
    expect(await byStaff('out')).toMatchObject({ direction: 'out', repeated: true });
    expect(await byStaff('in')).toMatchObject({ direction: 'in', repeated: false });
    expect(rows().map((row) => row.direction)).toEqual(['in', 'out', 'in']);
  });

  test('follows the last one at another door, if that is newer', async () => {
    let there: { direction: 'in' | 'out'; at: number } | null = null;
    const checkin = service({}, { elsewhere: (person) => (person === ada.id ? there : null) });
    there = { direction: 'in', at: MONDAY - 5 * MINUTE };
    expect((await welcomed(checkin)).direction).toBe('out');
    clock.pass(5 * MINUTE);
    there = { direction: 'in', at: MONDAY - 2 * MINUTE };
    expect((await welcomed(checkin)).direction).toBe('in');
    clock.pass(5 * MINUTE);
    there = { direction: 'out', at: clock.time - MINUTE };
    expect((await welcomed(checkin)).direction).toBe('in');
    // Only a hint for the direction: that they were there a moment ago makes this no repeat.
    clock.pass(5 * MINUTE);
    there = { direction: 'in', at: clock.time - SECOND };
    expect(await welcomed(checkin)).toMatchObject({ direction: 'out', repeated: false });
  });

  test('of a door with a fixed direction is no repeat once another door has recorded the opposite', async () => {
    let there: { direction: 'in' | 'out'; at: number } | null = null;
    const entrance = service({ direction: 'in', repeatWindowSeconds: 300 }, { elsewhere: () => there });
    await welcomed(entrance);
    clock.pass(MINUTE);
    expect(await welcomed(entrance)).toMatchObject({ direction: 'in', repeated: true });
    // Out through the exit for a moment, and in again.
    there = { direction: 'out', at: clock.time + SECOND };
    clock.pass(MINUTE);
    expect(await welcomed(entrance)).toMatchObject({ direction: 'in', repeated: false });
    expect(await entrance.admit(ada, { method: 'manual', direction: 'in' })).toMatchObject({ repeated: true });
    there = { direction: 'out', at: clock.time + SECOND };
    clock.pass(MINUTE);
    expect(await entrance.admit(ada, { method: 'manual', direction: 'in' })).toMatchObject({ repeated: false });
    expect(rows().map((row) => row.direction)).toEqual(['in', 'in', 'in']);
  });

  test('claims the site’s direction, and is marked as automatic if it was derived', async () => {
    for (const direction of ['in', 'out', 'auto'] as const) {
      await welcomed(service({ direction, repeatWindowSeconds: 0 }));
      clock.pass(SECOND);
    }
    await service({ repeatWindowSeconds: 0 }).admit(ada, { method: 'manual', direction: 'in' });
    const claims = store.outbox
      .pending(50)
      .filter((event) => event.header.type === 'checkin')
      .map((event) => event.header.open as { direction: string; automatic?: boolean });
    expect(claims.map(({ direction, automatic = false }) => [direction, automatic])).toEqual([
      ['in', false],
      ['out', false],
      ['in', true],
      ['in', false],
    ]);
  });

  test('contains the encrypted place for that person', async () => {
    const asked: string[] = [];
    const place = async ({ id }: { id: string }) => {
      asked.push(id);
      return 'AAAA';
    };
    await welcomed(service({}, { place }));
    expect(asked).toEqual([ada.id]);
    const [event] = store.outbox.pending(50).filter((one) => one.header.type === 'checkin');
    expect(event!.personal.gps?.value).toBe('AAAA');
  });

  test('by face and PIN at the same moment is one', async () => {
    const checkin = service();
    const { visit } = await checkin.visitBegin({});
    await show(checkin, visit, still(1));
    const [face, pin] = await Promise.all([
      checkin.probe({ visit, frame: still(1)[0]! }),
      checkin.checkinByPin({ number: '7', pin: '4711' }),
    ]);
    expect(rows()).toHaveLength(1);
    expect([face.kind, pin.receipt.repeated].sort()).toEqual([true, 'welcome'].sort());
  });

  test.each([
    ['', null],
    ['fil', 'fil'],
    ['zh-Hans', 'zh-Hans'],
  ])('of a person with the language “%s” has a receipt that the screen accepts', async (language, shown) => {
    await enrol('Lin', '9', [], '4711', language);
    const { receipt } = await service().checkinByPin({ number: '9', pin: '4711' });
    expect(Receipt.parse(receipt).language).toBe(shown);
  });

  test('can be voided by the person there for some seconds of monotonic time, however the clocks are set', async () => {
    const checkin = service({ undoSeconds: 8 });
    const { receipt } = await checkin.checkinByPin({ number: '7', pin: '4711' });
    const undo = { checkin: receipt.checkin, undo: receipt.undo, reason: 'not-me' as const };
    clock.time += 86_400_000;
    clock.mono += 8_001;
    expect(await codeOf(checkin.voidCheckin(undo))).toBe('undo-expired');
    clock.time -= 2 * 86_400_000;
    clock.mono -= 1;
    expect(await codeOf(checkin.voidCheckin({ ...undo, undo: 'A'.repeat(undo.undo.length) }))).toBe('undo-expired');
    await checkin.voidCheckin(undo);
    expect(await codeOf(checkin.voidCheckin(undo))).toBe('undo-expired');
    expect(rows()).toMatchObject([{ voided: true }]);
  });

  test('can’t be voided any more once another visit has begun or someone else has checked in', async () => {
    const checkin = service({ undoSeconds: 8 });
    const byFace = await welcomed(checkin);
    const notMe = ({ checkin: id, undo }: Receipt) => ({ checkin: id, undo, reason: 'not-me' as const });
    await checkin.visitBegin({});
    expect(await codeOf(checkin.voidCheckin(notMe(byFace)))).toBe('undo-expired');

    await enrol('Cem', '9', [], '4711');
    await enrol('Dee', '10', [], '4711');
    const { receipt: cem } = await checkin.checkinByPin({ number: '9', pin: '4711' });
    const { receipt: dee } = await checkin.checkinByPin({ number: '10', pin: '4711' });
    expect(await codeOf(checkin.voidCheckin(notMe(cem)))).toBe('undo-expired');
    expect(voided).toBe(0);
    await checkin.voidCheckin(notMe(dee));
    expect(rows().map((row) => row.voided)).toEqual([false, false, true]);
  });
});

describe('number and PIN', () => {
  test('that are wrong lock the number, whether anybody has it or not, with the same error', async () => {
    const checkin = service();
    for (const number of ['7', '9']) {
      const codes: string[] = [];
      for (let i = 0; i < 6; i++) codes.push(await codeOf(checkin.checkinByPin({ number, pin: '0000' })));
      expect(codes).toEqual(['pin-wrong', 'pin-wrong', 'pin-wrong', 'pin-wrong', 'pin-locked', 'pin-locked']);
    }
    expect(await codeOf(checkin.checkinByPin({ number: '7', pin: '4711' }))).toBe('pin-locked');
  });

  test('with one PIN and many numbers pause this method for everyone; faces still work', async () => {
    const checkin = service();
    let code = '';
    for (let i = 0; i < 60 && code !== 'pin-locked'; i++)
      code = await codeOf(checkin.checkinByPin({ number: `9${i}`, pin: '0000' }));
    expect(await codeOf(checkin.checkinByPin({ number: '7', pin: '4711' }))).toBe('pin-locked');
    expect((await welcomed(checkin)).name).toBe('Ada');
  });
});
