import { beforeEach, expect, test, vi } from 'vitest';
import { FR_FEATURE } from '../../../models/rules/decision.ts';
import { namesPerson } from '../../../sync/protocol/wire/confirmation.ts';
import type { StaffRole } from '../../../sync/protocol/wire/event.ts';
import {
  aPerson,
  aPhoto,
  codeOf,
  embedding,
  heldClock,
  MODEL,
  newFolder,
  openKiosk,
} from '../../../test/store/kiosk.ts';
import type { Recogniser } from '../checkin/recogniser.ts';
import type { SqlStore } from '../store/store.ts';
import { createEnrolmentService, type EnrolmentDeps } from './service.ts';

/* A face that is already someone else's, on a real store: who may declare that they are two people, and the outcome. */

const START = Date.UTC(2026, 10, 24, 12);
const TOKEN = 'T'.repeat(43);
let store: SqlStore;
/** The face in front of the camera. */
let face: Float32Array;
let yaw: number;

beforeEach(async () => {
  store = await openKiosk(newFolder(), {}, { clock: heldClock(START) });
  face = embedding(1);
});

const recogniser = {
  model: MODEL,
  calibration: FR_FEATURE,
  know: () => 0,
  inspect: async () => ({
    shape: {
      quality: {
        ...{ size: 160, brightness: 128, contrast: 50, sharpness: 200, yaw: 0, pitch: 0, roll: 0, visible: 1 },
        yaw,
      },
    },
    reason: null,
  }),
  embed: async () => face,
  search: () => ({ match: { best: null }, decision: { threshold: 1 } }),
} as unknown as Recogniser;

const signedIn = (role: StaffRole) =>
  ({ require: () => ({ member: { role }, actor: null }), onLock: () => undefined }) as never;

function service(change: Partial<EnrolmentDeps> = {}) {
  return createEnrolmentService({
    store,
    recogniser,
    pins: { hash: async () => 'hash', verify: async () => false },
    subjects: { cleared: () => ({}) } as never,
    staff: signedIn('supervisor'),
    site: { privacy: { controller: 'C', contact: 'c', dpo: 'd' }, photos: false, photoDays: 90 } as never,
    consentTexts: () => [],
    forbidden: () => null,
    onCards: () => true, // otherwise a picture is encoded, which needs a real one
    consentAge: () => 18,
    now: () => START,
    monotonic: () => 0,
    changed: () => undefined,
    ...change,
  });
}

type Service = ReturnType<typeof service>;
type Begin = Partial<Parameters<Service['enrolBegin']>[0]>;

async function begin(enrolment: Service, change: Begin = {}): Promise<string> {
  const { version, language } = await enrolment.consentText({ language: 'en' });
  const details = { token: TOKEN, name: 'Lina', number: null, pin: null, language: 'en' };
  return (await enrolment.enrolBegin({ ...details, consent: { version, language }, ...change })).enrolment;
}

const frame = {
  picture: { width: 8, height: 8, data: new Uint8Array(192) },
  box: [0, 0, 8, 8],
  others: 0,
  takenAt: 0,
} as never;

async function capture(enrolment: Service, id: string, heldYaw = 0) {
  yaw = heldYaw;
  return enrolment.enrolCapture({ token: TOKEN, enrolment: id, frame });
}

/** A recogniser for which one or two people look like every face in front of the camera, except where staff overruled. */
const likeOf = (person: string, next?: string) =>
  ({
    ...recogniser,
    search: () => ({
      match: { best: { person, score: 0.9 }, second: next === undefined ? null : { person: next, score: 0.8 } },
      decision: { threshold: 0.5 },
    }),
  }) as unknown as Recogniser;

test('a face that is someone else’s is enrolled only if a supervisor confirms it by typing, and both are a pair from then on', async () => {
  const ada = await store.people.add(aPerson({ name: 'Ada Lovelace', number: '17', photo: aPhoto() }));
  const added: string[] = [];
  const like = likeOf(ada.id);
  const deps = {
    recogniser: { ...like, know: (person: string) => void added.push(person) } as never,
    onCards: () => false,
  };
  const strict = service({ ...deps, staff: signedIn('desk') });
  const id = await begin(strict, { name: 'Eve' });
  for (const held of [0, 20, -20, 0]) expect(await capture(strict, id, held)).toMatchObject({ accepted: true });
  const finish = (overrule?: { other: string; typed: string }) =>
    codeOf(() => strict.enrolFinish({ token: TOKEN, enrolment: id, ...(overrule && { overrule }) }));
  expect(await finish()).toBe('duplicate-face');
  expect(await finish({ other: ada.id, typed: '17' })).toBe('staff-not-allowed');
  // Staff see both pictures, and who it may be.
  const shown = await strict.enrolDuplicate({ token: TOKEN, enrolment: id });
  expect(shown).toMatchObject({ other: { id: ada.id, name: 'Ada Lovelace', number: '17' }, mayOverrule: false });
  expect([shown.theirs!.length > 0, shown.ours!.length > 0]).toEqual([true, true]);
  expect(store.outbox.pending(100).map((e) => e.header.open)).toContainEqual({
    code: 'duplicate-shown',
    detail: { picture: true },
  });

  const above = service(deps);
  const again = await begin(above, { name: 'Eve' });
  for (const held of [0, 20, -20, 0]) await capture(above, again, held);
  const overrule = (typed: string, other = ada.id) =>
    above.enrolFinish({ token: TOKEN, enrolment: again, overrule: { other, typed } });
  expect(await codeOf(() => overrule('18'))).toBe('confirmation-wrong');
  expect(await codeOf(() => overrule('Eve'))).toBe('confirmation-wrong');
  expect([store.people.count(), store.lookalikes.list()]).toEqual([1, []]);
  const { person } = await overrule('ada lovelace ');
  expect([store.lookalikes.has(person.id), store.lookalikes.has(ada.id)]).toEqual([true, true]);
  expect(store.lookalikes.list()).toMatchObject([{ reason: 'enrolment' }]);
  expect(added).toHaveLength(1);
});

/** Runs an enrolment of someone new, except its end. */
async function captured(enrolment: Service, change: Begin = {}): Promise<string> {
  const id = await begin(enrolment, change);
  for (const held of [0, 20, -20, 0]) expect(await capture(enrolment, id, held)).toMatchObject({ accepted: true });
  return id;
}

test('nobody is made a pair with a person whose face is not similar, by any role', async () => {
  const ada = await store.people.add(aPerson({ name: 'Ada', number: '17' }));
  const bob = await store.people.add(aPerson({ name: 'Bob', number: '18' }));
  for (const [like, code] of [
    [likeOf(ada.id), 'duplicate-other'],
    [recogniser, 'duplicate-other'], // like nobody's
  ] as const) {
    const enrolment = service({ recogniser: like, onCards: () => false });
    const id = await captured(enrolment);
    const overrule = { other: bob.id, typed: '18' };
    expect(await codeOf(() => enrolment.enrolFinish({ token: TOKEN, enrolment: id, overrule }))).toBe(code);
  }
  expect([store.people.count(), store.lookalikes.list()]).toEqual([2, []]);
});

test('a face similar to two people’s is enrolled once both are declared different, one after the other', async () => {
  const ada = await store.people.add(aPerson({ name: 'Ada', number: '17' }));
  const eve = await store.people.add(aPerson({ name: 'Eve', number: '18' }));
  const enrolment = service({ recogniser: likeOf(ada.id, eve.id), onCards: () => false });
  const id = await captured(enrolment);
  const finish = (other: string, typed: string) =>
    enrolment.enrolFinish({ token: TOKEN, enrolment: id, overrule: { other, typed } });
  const shown = async () => (await enrolment.enrolDuplicate({ token: TOKEN, enrolment: id })).other.name;
  expect(await shown()).toBe('Ada');
  expect(await codeOf(() => finish(eve.id, '18'))).toBe('duplicate-other');
  await expect(finish(ada.id, '17')).rejects.toMatchObject({ code: 'duplicate-face', params: { name: 'Eve' } });
  expect([await shown(), store.lookalikes.list()]).toEqual(['Eve', []]);
  // After a disk error it can be declared again.
  vi.spyOn(store.people, 'add').mockRejectedValueOnce(new Error('disk trouble'));
  await expect(finish(eve.id, '18')).rejects.toThrow('disk trouble');
  const { person } = await finish(eve.id, '18');
  expect(store.lookalikes.partners(person.id).sort()).toEqual([ada.id, eve.id].sort());
});

test('one of a pair is re-enrolled without confirmation, but a third person’s similar face requires it again', async () => {
  const photo = aPhoto();
  const templates = [{ pose: 'front', model: MODEL, embedding: embedding(1) }];
  const ada = await store.people.add(aPerson({ number: '17', templates, photo }));
  const eve = await store.people.add(aPerson({ number: '18', templates: [], consent: null, photo: null }));
  const deps = { recogniser: likeOf(eve.id), onCards: () => false, staff: signedIn('desk') };
  const run = async () => {
    const enrolment = service(deps);
    const id = await begin(enrolment, { person: ada.id });
    for (const held of [0, 20, -20, 0]) await capture(enrolment, id, held);
    return enrolment.enrolFinish({ token: TOKEN, enrolment: id });
  };
  expect(await codeOf(run)).toBe('duplicate-face');
  store.lookalikes.mark(ada.id, eve.id, { reason: 'enrolment', by: null });
  await expect(run()).resolves.toMatchObject({ person: { id: ada.id } });
});

test('the typed text names the other person by number or name, ignoring case, accents and spaces', () => {
  const jose = { name: 'José O’Brien', number: '0042' };
  for (const typed of ['0042', ' 00-42 ', 'jose obrien', "JOSÉ O'BRIEN"]) expect(namesPerson(typed, jose)).toBe(true);
  for (const typed of ['', ' - ', '42', 'jose', 'yes']) expect(namesPerson(typed, jose)).toBe(false);
  expect(namesPerson('-', { name: '-', number: null })).toBe(false);
  expect(namesPerson('王 芳', { name: '王芳', number: null })).toBe(true);
});
