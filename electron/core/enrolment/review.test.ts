import sharp from 'sharp';
import { beforeEach, describe, expect, test } from 'vitest';
import { FR_FEATURE } from '../../../models/rules/decision.ts';
import type { StaffRole } from '../../../sync/protocol/wire/event.ts';
import {
  aPending,
  aPerson,
  codeOf,
  embedding,
  heldClock,
  MODEL,
  newFolder,
  openKiosk,
} from '../../../test/store/kiosk.ts';
import type { Recogniser } from '../checkin/recogniser.ts';
import { facesForbidden } from '../site/policy.ts';
import type { Member } from '../staff/members.ts';
import type { SqlStore } from '../store/store.ts';
import { createReview, type ReviewDeps } from './review.ts';

/* Decisions by staff about pictures of an import, on a real store; the test sets what the recogniser sees in a picture. */

const START = Date.UTC(2026, 10, 24, 12);
const TOKEN = 'T'.repeat(43);
let store: SqlStore;
/** The face in the picture; `owner` is the person it already belongs to. */
let face: Float32Array;
let owner: string | null;
/** Another person whose face is similar too. */
let next: string | null;
let gallery: string[];
let locked: boolean;
let role: StaffRole | null;
let lock: () => void;
let picture: Uint8Array;

beforeEach(async () => {
  store = await openKiosk(newFolder(), {}, { clock: heldClock(START) });
  face = embedding(1);
  owner = null;
  next = null;
  gallery = [];
  locked = false;
  role = 'supervisor';
  picture = await sharp({ create: { width: 200, height: 160, channels: 3, background: '#777' } })
    .jpeg()
    .toBuffer();
});

const recogniser = {
  model: MODEL,
  calibration: FR_FEATURE,
  off: null,
  know: (person: string) => void gallery.push(person),
  inspect: async () => ({
    shape: {
      quality: { size: 160, brightness: 128, contrast: 50, sharpness: 200, yaw: 0, pitch: 0, roll: 0, visible: 1 },
    },
    reason: 'blurred',
  }),
  embed: async () => face.slice(),
  search: () => ({
    match: { best: owner && { person: owner, score: 1 }, second: next && { person: next, score: 1 } },
    decision: { threshold: 0.5 },
  }),
} as unknown as Recogniser;

function review(change: Partial<ReviewDeps> = {}) {
  return createReview({
    store,
    recogniser,
    staff: {
      require: () => {
        if (locked) throw Object.assign(new Error('locked'), { code: 'staff-locked' });
        return { member: role && ({ role } as Member), actor: null };
      },
      onLock: (listener) => {
        lock = listener;
      },
    },
    forbidden: () => null,
    onCards: () => false,
    changed: () => undefined,
    log: () => undefined,
    ...change,
  });
}

async function keep(change: Parameters<typeof aPending>[0] = {}): Promise<string> {
  await store.imports.keep(aPending({ label: 'Grace Hopper', picture, ...change }));
  return store.imports.list().at(-1)!.id;
}

const notified = () =>
  store.outbox
    .pending(100)
    .filter(({ header }) => header.type === 'health')
    .map(({ header }) => header.open);
const types = () => store.outbox.pending(100).map(({ header }) => header.type);

describe('accepting', () => {
  test('enrols someone new, however poor the picture, with the consent that was vouched for, and deletes the picture', async () => {
    const photo = await keep({ reason: 'blurred', consent: 'form-7', language: 'de' });
    const { person } = await review().reviewAccept({ token: TOKEN, photo, person: null });
    expect(person).toMatchObject({ name: 'Grace Hopper', templates: 1 });
    expect([...store.templates.of(person.id, MODEL)[0]!.embedding]).toEqual([...face]);
    expect(gallery).toEqual([person.id]);
    const consent = store.outbox.pending(100).find(({ header }) => header.type === 'consent')!;
    expect(consent.header.open).toEqual({ action: 'given', textVersion: 'form-7', language: 'de' });
    expect(store.imports.count()).toBe(0);
    expect(notified()).toEqual([{ code: 'review-photo-accepted', detail: { reason: 'blurred' } }]);
    // Its picture now belongs to an enrolment.
    expect(store.parts.vault.list()).toHaveLength(1);
    expect((await store.check()).problems).toEqual([]);
  });

  test('adds to a person whose face is known here, and reports it as an enrolment does', async () => {
    const { id } = await store.people.add(aPerson({ name: 'Grace Hopper', templates: [] }));
    store.templates.add(id, [{ pose: 'front', model: MODEL, embedding: embedding(1) }]);
    // Similar, but not a copy.
    face = embedding(1).map((v, i) => v + (i % 2 === 0 ? 0.02 : -0.02));
    const norm = Math.hypot(...face);
    face = face.map((v) => v / norm);
    const photo = await keep();
    const before = types().length;
    const { person } = await review().reviewAccept({ token: TOKEN, photo, person: id });
    expect(person.templates).toBe(2);
    expect(types().slice(before)).toEqual(['consent', 'template', 'health']);
  });

  test('after a kill between the enrolment and the deletion of the picture duplicates nothing', async () => {
    const photo = await keep();
    const settle = store.imports.settle.bind(store.imports);
    store.imports.settle = async () => {
      throw new Error('killed');
    };
    await expect(review().reviewAccept({ token: TOKEN, photo, person: null })).rejects.toThrow('killed');
    store.imports.settle = settle;
    const [item] = (await review().reviewList({ token: TOKEN })).photos;
    expect(item!.people.map(({ name }) => name)).toEqual(['Grace Hopper']);
    const { person } = await review().reviewAccept({ token: TOKEN, photo, person: item!.people[0]!.id });
    expect([store.people.count(), person.templates, store.imports.count()]).toEqual([1, 1, 0]);
  });

  test.each<[string, string, () => Promise<[Partial<ReviewDeps>, string | null, string?]>]>([
    ['nobody vouches for a consent', 'consent-missing', async () => [{}, null, await keep({ consent: null })]],
    [
      'the person it is meant for is here without a face',
      'consent-missing',
      async () => [{}, (await store.people.add(aPerson({ name: 'Grace Hopper', templates: [] }))).id],
    ],
    [
      'it is meant for someone new, and a person of that name is here without a face',
      'consent-missing',
      async () => {
        await store.people.add(aPerson({ name: 'grace hopper', templates: [] }));
        return [{}, null];
      },
    ],
    [
      'the face is someone else’s',
      'duplicate-face',
      async () => {
        owner = (await store.people.add(aPerson())).id;
        return [{}, null];
      },
    ],
    [
      'it is unlike the person’s known face',
      'another-person',
      async () => {
        face = embedding(1).map((v) => -v);
        return [{}, (await store.people.add(aPerson({ name: 'Grace Hopper' }))).id];
      },
    ],
    [
      'neither name nor face matches them',
      'person-unknown',
      async () => [{}, (await store.people.add(aPerson({ name: 'Someone Else' }))).id],
    ],
    [
      'the site switched faces off',
      'faces-not-allowed',
      async () => [{ forbidden: () => facesForbidden({ faces: 'off' } as never) }, null],
    ],
    ['templates are on cards', 'templates-on-card', async () => [{ onCards: () => true }, null]],
    [
      'the picture no longer exists',
      'review-photo-unknown',
      async () => [{}, null, '01890a5d-ac96-774b-bcce-b302099a8057'],
    ],
  ])('is refused where %s, and everything stays', async (_what, code, prepare) => {
    const waiting = await keep({ original: new Uint8Array([7]) });
    const [deps, person, photo = waiting] = await prepare();
    const before = [store.people.count(), store.imports.count(), store.outbox.count()];
    expect(await codeOf(() => review(deps).reviewAccept({ token: TOKEN, photo, person }))).toBe(code);
    expect([store.people.count(), store.imports.count(), store.outbox.count()]).toEqual(before);
  });
});

describe('changes while the models are working', () => {
  const interrupted = (meanwhile: () => Promise<unknown>) => ({
    recogniser: {
      ...recogniser,
      embed: async () => {
        await meanwhile();
        return face.slice();
      },
    } as Recogniser,
  });

  test('the erasure of a person of that name: nobody is enrolled from their picture', async () => {
    const { id } = await store.people.add(aPerson({ name: 'Grace Hopper' }));
    const photo = await keep();
    const accept = review(interrupted(() => store.people.delete(id))).reviewAccept({
      token: TOKEN,
      photo,
      person: null,
    });
    await expect(accept).rejects.toMatchObject({ code: 'review-photo-unknown' });
    expect(store.people.count()).toBe(0);
  });

  test('the deletion of their templates: no consent is written after it', async () => {
    const { id } = await store.people.add(aPerson({ name: 'Grace Hopper' }));
    const photo = await keep();
    const before = types().filter((type) => type === 'consent').length;
    const accept = review(interrupted(() => store.roster.dropTemplates())).reviewAccept({
      token: TOKEN,
      photo,
      person: id,
    });
    await expect(accept).rejects.toMatchObject({ code: 'consent-missing' });
    expect([types().filter((type) => type === 'consent').length, store.people.get(id)!.templates]).toEqual([before, 0]);
  });
});

test('nothing is reported, shown or done without a staff session', async () => {
  const photo = await keep();
  locked = true;
  const { reviewCount, reviewList, reviewShow, reviewAccept, reviewRefuse } = review();
  for (const call of [
    () => reviewCount({ token: TOKEN }),
    () => reviewList({ token: TOKEN }),
    () => reviewShow({ token: TOKEN, photo }),
    () => reviewAccept({ token: TOKEN, photo, person: null }),
    () => reviewRefuse({ token: TOKEN, photo, enrolled: null }),
  ])
    await expect(call()).rejects.toMatchObject({ code: 'staff-locked' });
  expect([store.imports.count(), store.people.count()]).toEqual([1, 0]);
});

test('a session records once that it viewed the list and each picture; the next session does so again', async () => {
  const photo = await keep({ reason: 'turned' });
  const methods = review();
  for (let session = 0; session < 2; session++) {
    for (let again = 0; again < 2; again++) {
      await methods.reviewList({ token: TOKEN });
      const shown = await methods.reviewShow({ token: TOKEN, photo });
      expect([shown.picture, shown.face]).toEqual([new Uint8Array(picture), [0.25, 0.25, 0.5, 0.5]]);
    }
    lock();
  }
  const once = [
    { code: 'review-opened', detail: { waiting: 1 } },
    { code: 'review-photo-shown', detail: { reason: 'turned' } },
  ];
  expect(notified()).toEqual([...once, ...once]);
});

test('a face that is someone else’s is accepted only if a supervisor confirms it by typing; both are shown, and are a pair afterwards', async () => {
  const two = await store.people.add(aPerson({ name: 'Ada', number: '17', photo: new Uint8Array(picture) }));
  owner = two.id;
  const photo = await keep({ consent: 'form-7' });
  const service = review();
  role = 'desk';
  const shown = await service.reviewDuplicate({ token: TOKEN, photo, person: null });
  expect(shown).toMatchObject({ other: { id: two.id }, mayOverrule: false });
  expect([shown.ours!.length > 0, shown.theirs!.length > 0]).toEqual([true, true]);
  const overrule = { other: two.id, typed: '17' };
  expect(await codeOf(() => service.reviewAccept({ token: TOKEN, photo, person: null, overrule }))).toBe(
    'staff-not-allowed',
  );
  role = 'supervisor';
  const wrong = { other: two.id, typed: 'Grace Hopper' };
  const accept = (o: typeof overrule) => review().reviewAccept({ token: TOKEN, photo, person: null, overrule: o });
  expect(await codeOf(() => accept(wrong))).toBe('confirmation-wrong');
  expect(store.people.count()).toBe(1);
  const { person } = await accept(overrule);
  expect([store.lookalikes.has(person.id), store.lookalikes.has(two.id), store.imports.count()]).toEqual([
    true,
    true,
    0,
  ]);
});

test('a picture similar to two people’s faces is accepted once both are declared different, and makes no other pairs', async () => {
  const [one, two, bob] = [
    await store.people.add(aPerson({ name: 'Ada', number: '17' })),
    await store.people.add(aPerson({ name: 'Eve', number: '18' })),
    await store.people.add(aPerson({ name: 'Bob', number: '19' })),
  ];
  [owner, next] = [one.id, two.id];
  const photo = await keep({ consent: 'form-7' });
  const service = review();
  const accept = (other: string, typed: string) =>
    service.reviewAccept({ token: TOKEN, photo, person: null, overrule: { other, typed } });
  expect(await codeOf(() => accept(bob.id, '19'))).toBe('duplicate-other');
  await expect(accept(one.id, '17')).rejects.toMatchObject({ code: 'duplicate-face', params: { name: 'Eve' } });
  expect(await service.reviewDuplicate({ token: TOKEN, photo, person: null })).toMatchObject({ other: { id: two.id } });
  // Another session starts from scratch.
  lock();
  expect(await codeOf(() => accept(two.id, '18'))).toBe('duplicate-other');
  expect(await codeOf(() => accept(one.id, '17'))).toBe('duplicate-face');
  const { person } = await accept(two.id, '18');
  expect(store.lookalikes.partners(person.id).sort()).toEqual([one.id, two.id].sort());
});

test('an item shows, only to staff, the people its name may mean and whose face it is', async () => {
  const one = await store.people.add(aPerson({ name: 'grace hopper' }));
  const two = await store.people.add(aPerson({ name: 'Grace Hopper', number: '17' }));
  await keep({ reason: 'duplicate-face', duplicate: two.id });
  const { photos, count } = await review().reviewList({ token: TOKEN });
  expect(count).toBe(1);
  expect(photos[0]).toMatchObject({
    label: 'Grace Hopper',
    reason: 'duplicate-face',
    addedAt: '2026-11-24T12:00:00.000Z',
    until: '2026-12-08T12:00:00.000Z',
    duplicate: { id: two.id, number: '17' },
    consent: true,
    asNew: true,
  });
  expect(photos[0]!.people.map(({ id }) => id).sort()).toEqual([one.id, two.id].sort());
});
