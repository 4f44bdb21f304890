import { randomBytes, randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import type { FaceFrame } from '../../contract/frames.ts';
import { Receipt } from '../../contract/methods.ts';
import { createPinGuard } from '../pin/guard.ts';
import { NO_LOCKOUT } from '../pin/lockout.ts';
import { numberSubjects } from '../pin/subjects.ts';
import { defaultSite } from '../provision.ts';
import type { Checkin, Lockout, NewCheckin, Store } from '../store/interface.ts';
import { createClaims } from '../ways/claims.ts';
import type { Recogniser, Sight } from './recogniser.ts';
import { type CheckinDeps, createCheckinService } from './service.ts';

/* The rules of the service, with the store's and the pipeline's answers held by the test; the real ones run in test/e2e. */

const ADA = {
  id: randomUUID(),
  name: 'Ada',
  number: '7',
  language: 'en',
  templates: 1,
  hasPin: true,
  gpsOptOut: false,
  enrolledAt: '',
};
const MONDAY = Date.parse('2026-11-23T08:00:00.000Z');
const frame = (others = 0, side = 32): FaceFrame => ({
  picture: { width: side, height: side, data: new Uint8Array(side * side * 3) },
  box: [4, 4, 20, 20],
  others,
  takenAt: 0,
});

let rows: Checkin[];
let wall: number;
let trusted: number;
let monotonic: number;
let failWrites: number;
let challenges: number;
let lockouts: Map<string, Lockout>;

beforeEach(() => {
  rows = [];
  wall = trusted = MONDAY;
  monotonic = 0;
  failWrites = 0;
  challenges = 0;
  lockouts = new Map();
});

function theStore() {
  return {
    person: (id: string) => (id === ADA.id ? ADA : null),
    personByNumber: (number: string) => (number === '7' ? ADA : null),
    pinHash: () => 'hash-of-4711',
    pinCode: () => null,
    lockout: (subject: string) => lockouts.get(subject) ?? NO_LOCKOUT,
    setLockouts(rows: Record<string, Lockout>) {
      for (const [subject, lockout] of Object.entries(rows)) lockouts.set(subject, lockout);
    },
    lastCheckin: () => rows.at(-1) ?? null,
    voidCheckin: () => undefined,
    async recordCheckin(checkin: NewCheckin) {
      if (failWrites-- > 0) throw new Error('disk trouble');
      const row = {
        id: randomUUID(),
        at: new Date(wall).toISOString(),
        voided: false,
        ...checkin.open,
        photo: checkin.photo ? 'kept' : null,
      };
      rows.push(row as unknown as Checkin);
      return rows.at(-1)!;
    },
  };
}

function service(overrides: Partial<CheckinDeps> = {}) {
  const store = theStore();
  const sight = {
    decision: { kind: 'accept', threshold: 0.5, margin: null },
    match: { best: { person: ADA.id, template: 't', score: 0.9 }, second: null, people: 1, templates: 1 },
  } as unknown as Sight;
  const recogniser = {
    model: 'm',
    inspect: async () => ({ shape: {}, reason: null }),
    recognise: async () => sight,
  } as unknown as Recogniser;
  return createCheckinService({
    store: store as unknown as Store,
    recogniser,
    pins: {
      hash: async () => '',
      verify: async (stored, pin) => stored !== null && pin === '4711',
      renewed: async () => null,
    },
    guard: createPinGuard({ store, now: () => trusted }),
    claims: createClaims(() => monotonic),
    subjects: numberSubjects(randomBytes(32)),
    site: { ...defaultSite(true), timeZone: 'UTC', photos: true },
    now: () => trusted,
    demo: true,
    liveness: {
      begin: () => {
        challenges++;
        return { steps: ['turn-left'] };
      },
      start: () => ({
        observe: () => ({ state: 'going', step: 'turn-left', index: 0, of: 1, progress: 0, embed: null }),
        fail: () => undefined,
        current: () => ({ state: 'going', step: 'turn-left', index: 0, of: 1, progress: 0 }),
      }),
    },
    monotonic: () => monotonic,
    wall: () => wall,
    recorded: () => undefined,
    voided: () => undefined,
    log: () => undefined,
    ...overrides,
  });
}

/** Looks until there is an answer other than `more`. */
async function walkUp(checkin: ReturnType<typeof service>, look = frame()) {
  const { visit } = await checkin.visitBegin({});
  for (let i = 0; i < 20; i++) {
    const result = await checkin.probe({ visit, frame: look });
    if (result.kind !== 'more') return { visit, result };
  }
  throw new Error('no answer');
}

test('a record is made although trusted time stands still: window and day go by the clock that records claim', async () => {
  const checkin = service();
  for (const at of ['2026-11-23T08:00:00.000Z', '2026-11-23T17:00:00.000Z', '2026-11-24T08:00:00.000Z']) {
    wall = Date.parse(at);
    expect((await walkUp(checkin)).result).toMatchObject({ kind: 'welcome', receipt: { repeated: false } });
  }
  expect(rows.map((row) => row.direction)).toEqual(['in', 'out', 'in']);
});

test.each([
  ['', null],
  ['fil', 'fil'],
  ['zh-Hans', 'zh-Hans'],
])('whoever has the language “%s” at the server gets a receipt that the screen takes', async (language, shown) => {
  const person = { ...ADA, language };
  const { result } = await walkUp(service({ store: { ...theStore(), person: () => person } as unknown as Store }));
  if (result.kind !== 'welcome') throw new Error(result.kind);
  expect(Receipt.parse(result.receipt).language).toBe(shown);
});

test('a photo that can’t be encoded never keeps anybody out', async () => {
  const broken = frame();
  const { result } = await walkUp(service(), { ...broken, picture: { ...broken.picture, data: new Uint8Array(1) } });
  expect(result.kind).toBe('welcome');
  expect(rows[0]).toMatchObject({ photo: null });
});

test('after a write that failed, the same visit can still be answered', async () => {
  failWrites = 1;
  const checkin = service();
  const { visit } = await checkin.visitBegin({});
  await checkin.probe({ visit, frame: frame() });
  await expect(checkin.probe({ visit, frame: frame() })).rejects.toThrow('disk trouble');
  expect((await checkin.probe({ visit, frame: frame() })).kind).toBe('welcome');
});

test('two people in a frame are never one check-in, and a second face held up buys no new challenges', async () => {
  const checkin = service({ site: { ...defaultSite(false), liveness: 'on' }, demo: false });
  const { visit } = await checkin.visitBegin({});
  expect(await checkin.probe({ visit, frame: frame(1) })).toEqual({ kind: 'guide', reason: 'several-faces' });
  let last = '';
  for (let i = 0; i < 60 && last !== 'other-way'; i++) {
    last = (await checkin.probe({ visit, frame: frame(i % 3 === 2 ? 1 : 0) })).kind;
  }
  expect(last).toBe('other-way');
  expect(challenges).toBeLessThanOrEqual(3);
  // Nor does stepping away and back.
  expect((await walkUp(checkin)).result).toEqual({ kind: 'other-way', reason: 'liveness' });
  expect(rows).toEqual([]);
});

test('face and PIN at the same moment make one record', async () => {
  const checkin = service();
  const { visit } = await checkin.visitBegin({});
  await checkin.probe({ visit, frame: frame() });
  const [face, pin] = await Promise.all([
    checkin.probe({ visit, frame: frame() }),
    checkin.checkinByPin({ number: '7', pin: '4711' }),
  ]);
  expect(rows).toHaveLength(1);
  expect([face.kind, pin.receipt.repeated]).toEqual(['welcome', true]);
});

test('wrong PINs lock the number, whether anybody has it or not, in the same words', async () => {
  const checkin = service();
  for (const number of ['7', '8']) {
    const codes: string[] = [];
    for (let i = 0; i < 6; i++) {
      codes.push(
        await checkin.checkinByPin({ number, pin: '0000' }).then(
          () => 'in',
          (error: { code: string }) => error.code,
        ),
      );
    }
    expect(codes).toEqual(['pin-wrong', 'pin-wrong', 'pin-wrong', 'pin-wrong', 'pin-locked', 'pin-locked']);
  }
  await expect(checkin.checkinByPin({ number: '7', pin: '4711' })).rejects.toMatchObject({ code: 'pin-locked' });
});

test('one PIN tried on many numbers pauses number and PIN for all; the face goes on', async () => {
  const checkin = service();
  let code = '';
  for (let i = 0; i < 60 && code !== 'pin-locked'; i++) {
    code = await checkin.checkinByPin({ number: `9${i}`, pin: '0000' }).then(
      () => 'in',
      (error: { code: string }) => error.code,
    );
  }
  await expect(checkin.checkinByPin({ number: '7', pin: '4711' })).rejects.toMatchObject({ code: 'pin-locked' });
  expect((await walkUp(checkin)).result.kind).toBe('welcome');
});

test('“not me” is open for its seconds of time that passes, whatever is done to the clocks', async () => {
  const checkin = service({ site: { ...defaultSite(true), timeZone: 'UTC', undoSeconds: 8 } });
  const { receipt } = await checkin.checkinByPin({ number: '7', pin: '4711' });
  const undo = { checkin: receipt.checkin, undo: receipt.undo, reason: 'not-me' as const };
  trusted += 86_400_000;
  wall -= 86_400_000;
  monotonic = 8_001;
  await expect(checkin.voidCheckin(undo)).rejects.toMatchObject({ code: 'undo-expired' });
  monotonic = 8_000;
  await checkin.voidCheckin(undo);
});
