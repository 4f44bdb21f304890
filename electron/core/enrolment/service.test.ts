import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ExactGallery } from '../../../models/node/gallery/gallery.ts';
import type { FaceQuality } from '../../../models/rules/quality.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { PersonalBody } from '../../../sync/protocol/wire/event.ts';
import { type Faces, like, openFaces } from '../../../test/checkin/faces.ts';
import { takesOf } from '../../../test/footage/index.ts';
import { decryptedPages } from '../../../test/policy/erasure-search.ts';
import { aPerson, aPhoto, codeOf, heldClock, newFolder, openKiosk } from '../../../test/store/kiosk.ts';
import type { FaceFrame } from '../../contract/frames.ts';
import { createRecogniser, type Recogniser } from '../checkin/recogniser.ts';
import { openKeys } from '../keys/index.ts';
import { NO_LOCKOUT } from '../pin/lockout.ts';
import { numberSubjects } from '../pin/subjects.ts';
import type { SqlStore } from '../store/store.ts';
import { createEnrolmentService, type EnrolmentDeps } from './service.ts';

/* Enrolment with the real models, quality verdict, gallery and store; heads are synthetic where no footage is needed. */

const START = Date.UTC(2026, 10, 24, 12);
const TOKEN = 'T'.repeat(43);
const MINOR = { bornOn: '2012-07-03', guardian: 'Kim Quellwasser', relation: 'mother' };
let home: string;
let store: SqlStore;
let faces: Faces;
let recogniser: Recogniser;
/** The face in front of the camera. */
let face: Float32Array;
/** Whether a member of staff is signed in. */
let signedIn: boolean;
let locked: (() => void)[];
/** Runs while the next sample is being embedded. */
let meanwhile: (() => Promise<unknown>) | null;

beforeAll(async () => {
  faces = await openFaces();
});
afterAll(() => faces?.close());

beforeEach(async () => {
  home = newFolder();
  store = await openKiosk(home, {}, { clock: heldClock(START) });
  const pipeline: Faces['pipeline'] = {
    ...faces.pipeline,
    async embed(...shown) {
      const embedding = await faces.pipeline.embed(...shown);
      const work = meanwhile;
      meanwhile = null;
      await work?.();
      return embedding;
    },
  };
  recogniser = createRecogniser(pipeline, new ExactGallery(pipeline.length), {
    targetFpir: 0.001,
    calibratedPeople: 1000,
  });
  face = faces.templates.A[0]!;
  signedIn = true;
  locked = [];
  meanwhile = null;
});

const SUBJECTS = numberSubjects(new Uint8Array(32));
const SITE = { privacy: { controller: 'C', contact: 'c', dpo: 'd' }, photos: false, photoDays: 90 };

function service(change: Partial<EnrolmentDeps> = {}) {
  return createEnrolmentService({
    store,
    recogniser,
    pins: { hash: async () => 'hash', verify: async () => false },
    subjects: SUBJECTS,
    staff: {
      require() {
        if (!signedIn) throw new Problem('staff-locked');
        return { member: null, actor: null };
      },
      onLock: (drop: () => void) => locked.push(drop),
    } as never,
    site: SITE as never,
    consentTexts: () => [],
    forbidden: () => null,
    onCards: () => false,
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

const show = (enrolment: Service, id: string, frame: FaceFrame) =>
  enrolment.enrolCapture({ token: TOKEN, enrolment: id, frame });
const capture = (enrolment: Service, id: string, yaw = 0, quality: Partial<FaceQuality> = {}) =>
  show(enrolment, id, faces.head({ yaw, at: 0 }, face.slice(), quality));

async function enrol(enrolment: Service, change: Begin = {}) {
  const id = await begin(enrolment, change);
  for (const held of [0, 20, -20, 0]) expect(await capture(enrolment, id, held)).toMatchObject({ accepted: true });
  return enrolment.enrolFinish({ token: TOKEN, enrolment: id });
}

const consents = () =>
  store.outbox
    .pending(100)
    .filter((event) => event.header.type === 'consent')
    .map(({ header, personal }) => ({
      ...header.open,
      ...Object.fromEntries(Object.entries(personal).map(([name, salted]) => [name, salted.value])),
    }));

test.each([
  ['on a card', true],
  ['in the store', false],
])('a guardian’s consent, and how long it is valid, is sent to the server with the consent (%s)', async (_, onCard) => {
  const enrolment = service({ onCards: () => onCard });
  const known = await store.people.add(aPerson({ templates: [], consent: null, photo: null }));
  // A person known here: a new one's picture would have to be encoded.
  const { person } = await enrol(enrolment, { minor: MINOR, person: known.id });
  expect(person.id).toBe(known.id);
  expect(consents()).toEqual([expect.objectContaining({ action: 'given', person: known.id, ...MINOR })]);
});

test('the same for a new person’s guardian; after deleting the person nothing of them is left in the file', async () => {
  const enrolment = service({ onCards: () => true });
  const { person } = await enrol(enrolment, { minor: MINOR });
  expect(consents()).toEqual([expect.objectContaining({ person: person.id, ...MINOR })]);
  const pages = async () => {
    const keys = await openKeys({ home, deviceSecret: null, allowSecretFile: true });
    return decryptedPages(join(home, 'store.db'), keys.current.subkey('pages'));
  };
  // Encrypted under the person's key from the first moment: a guardian's name is in no page.
  expect((await pages()).includes('Quellwasser')).toBe(false);
  await enrolment.personDelete({ token: TOKEN, person: person.id });
  const left = store.outbox
    .pending(100)
    .flatMap((event) => Object.values(event.personal).map((salted) => salted.value));
  expect(left).not.toContain(MINOR.guardian);
  expect(left).not.toContain(MINOR.bornOn);
});

test('a person old enough consents themselves, by the age in the site’s policy', async () => {
  const refused = (bornOn: string, age: number) =>
    codeOf(() => begin(service({ consentAge: () => age }), { minor: { ...MINOR, bornOn } }));
  expect(await refused('2012-07-03', 14)).toBe('not-a-minor');
  expect(await refused('2008-11-24', 18)).toBe('not-a-minor');
  expect(await refused('2026-11-25', 18)).toBe('birth-in-future');
  await expect(begin(service(), { minor: { ...MINOR, bornOn: '2008-11-25' } })).resolves.toBeDefined();
});

test('no date of birth is recorded for an adult', async () => {
  await enrol(service());
  const [said] = consents();
  expect(Object.keys(said!).sort()).toEqual(['action', 'language', 'person', 'textVersion']);
});

test('a person known here is re-enrolled only with their own face', async () => {
  const enrolment = service();
  const known = await store.people.add(
    aPerson({ templates: [{ pose: 'front', model: recogniser.model, embedding: face }], photo: aPhoto() }),
  );
  const files = () => readdirSync(join(home, 'storage/faces'));
  const [old] = files();
  const before = consents().length;
  const id = await begin(enrolment, { person: known.id });
  const own = face;
  face = faces.templates.B[0]!;
  expect(await capture(enrolment, id)).toMatchObject({ accepted: false, reason: 'another-person' });
  face = like(own, 0.5);
  for (const held of [0, 20, -20, 0]) expect(await capture(enrolment, id, held)).toMatchObject({ accepted: true });
  const { person } = await enrolment.enrolFinish({ token: TOKEN, enrolment: id });
  expect(person).toMatchObject({ id: known.id, name: known.name, templates: 5 });
  expect(store.people.count()).toBe(1);
  expect(consents()).toHaveLength(before + 1);
  // The picture of this enrolment is kept, encrypted, replacing the previous one, and the server is notified.
  const [added, again] = store.outbox.pending(50).filter((e) => e.header.type === 'person');
  expect([added!.header.open, Object.keys(added!.personal)]).toEqual([
    { change: 'added' },
    expect.not.arrayContaining(['photo', 'photoKey']),
  ]);
  expect([again!.header.open, Object.keys(again!.personal).sort()]).toEqual([
    { change: 'updated' },
    ['person', 'photo', 'photoKey'],
  ]);
  const address = String(again!.personal.photo!.value);
  const [kept, ...more] = files();
  expect([kept === old, more]).toEqual([false, []]);
  expect(kept).toBe(`${Buffer.from(address, 'base64url').toString('hex')}.photo`);
  const jpeg = Buffer.from(await store.photos.open(address));
  expect(jpeg.subarray(0, 2).toString('hex')).toBe('ffd8');
  expect(readFileSync(join(home, 'storage/faces', kept!)).includes(jpeg.subarray(0, 32))).toBe(false);
  expect(await store.check()).toMatchObject({ problems: [] });
  await store.people.delete(known.id);
  expect(files()).toEqual([]);
});

test('a person in the footage is enrolled from four poses, and recognised by them', async () => {
  const enrolment = service();
  const id = await begin(enrolment, { name: 'Ben', number: '8' });
  const [straight] = takesOf('B', 'straight');
  const [left] = takesOf('B', 'turn-left');
  const [right] = takesOf('B', 'turn-right');
  const poses: string[] = [];
  for (const take of [{ ...straight!, seconds: 1 }, left!, right!, { ...straight!, seconds: 1 }]) {
    for (const frame of await faces.take(take)) {
      const { accepted, pose } = await show(enrolment, id, frame);
      if (accepted && !poses.includes(pose)) poses.push(pose);
    }
  }
  expect(poses).toEqual(['front', 'left', 'right', 'front-again']);
  const { person } = await enrolment.enrolFinish({ token: TOKEN, enrolment: id });
  expect(person).toMatchObject({ name: 'Ben', number: '8', templates: 4 });
  expect(recogniser.search(faces.templates.B[0]!)).toMatchObject({
    decision: { kind: 'accept' },
    match: { best: { person: person.id }, people: 1, templates: 1 },
  });
  // The quality of its picture is sent to the server with each template.
  const sent = store.outbox.pending(50).find((e) => e.header.type === 'template')!;
  const { quality } = PersonalBody.template.shape;
  const scores = quality.parse(sent.personal.quality?.value)!;
  expect(scores).toHaveLength(4);
  expect(Math.min(...scores)).toBeGreaterThanOrEqual(50);
});

describe('a sample', () => {
  const NOTHING = { accepted: false, pose: 'front', remaining: ['front', 'left', 'right', 'front-again'], progress: 0 };

  test('of two people does not count, however good the face', async () => {
    const enrolment = service();
    const id = await begin(enrolment);
    const frame = faces.head({ yaw: 0, at: 0 }, face);
    expect(await show(enrolment, id, { ...frame, others: 1 })).toEqual({ ...NOTHING, reason: 'several-faces' });
    expect(await show(enrolment, id, frame)).toMatchObject({ accepted: true, progress: 0.25 });
  });

  test.each<[string, Partial<FaceQuality>]>([
    ['too-far', { size: 95 }],
    ['too-dark', { brightness: 54 }],
    ['too-bright', { brightness: 216 }],
    ['low-contrast', { contrast: 13 }],
    ['tilted', { pitch: 31 }],
    ['tilted', { roll: -21 }],
    ['blurred', { sharpness: 24 }],
    ['occluded', { visible: 0.59 }],
  ])('that a check-in would take and a template is not made of: %s, %o', async (reason, quality) => {
    const enrolment = service();
    const id = await begin(enrolment);
    expect(await capture(enrolment, id, 0, quality)).toEqual({ ...NOTHING, reason });
  });

  test('of recorded footage is judged by its measured quality', async () => {
    const enrolment = service();
    const id = await begin(enrolment);
    const [frame] = await faces.take({ ...takesOf('B', 'straight')[0]!, seconds: 1 });
    const dark = { ...frame!.picture, data: frame!.picture.data.map((v) => v / 8) };
    expect(await show(enrolment, id, { ...frame!, picture: dark })).toEqual({ ...NOTHING, reason: 'too-dark' });
    expect(await show(enrolment, id, frame!)).toMatchObject({ accepted: true });
  });

  test('that does not hold the pose waits, and after a while the pose is skipped', async () => {
    const enrolment = service();
    const id = await begin(enrolment);
    expect(await capture(enrolment, id, 45)).toEqual({ ...NOTHING, reason: 'hold-pose' });
    expect(await capture(enrolment, id)).toMatchObject({ accepted: true });
    for (let i = 0; i < 24; i++) expect(await capture(enrolment, id)).toMatchObject({ accepted: false, pose: 'left' });
    expect(await capture(enrolment, id, -20)).toMatchObject({
      accepted: true,
      pose: 'right',
      remaining: ['front-again'],
    });
    expect(await codeOf(() => enrolment.enrolFinish({ token: TOKEN, enrolment: id }))).toBe('capture-incomplete');
    expect(await capture(enrolment, id)).toMatchObject({ accepted: true, remaining: [], progress: 1 });
    expect(await capture(enrolment, id)).toMatchObject({ accepted: true, reason: null, remaining: [] });
    expect((await enrolment.enrolFinish({ token: TOKEN, enrolment: id })).person.templates).toBe(3);
  });

  test('of another person than the first one is recognised as theirs, and not accepted', async () => {
    const enrolment = service();
    const id = await begin(enrolment);
    await capture(enrolment, id);
    face = faces.templates.B[0]!;
    expect(await capture(enrolment, id, 20)).toMatchObject({ accepted: false, reason: 'another-person', pose: 'left' });
    face = like(faces.templates.A[0]!, 0.44);
    expect(await capture(enrolment, id, 20)).toMatchObject({ accepted: false, reason: 'another-person' });
    face = like(faces.templates.A[0]!, 0.46);
    expect(await capture(enrolment, id, 20)).toMatchObject({ accepted: true });
  });

  test('whose enrolment was cancelled meanwhile belongs to nobody', async () => {
    const enrolment = service();
    const id = await begin(enrolment);
    const embedding = face.slice();
    meanwhile = () => enrolment.enrolCancel({ token: TOKEN, enrolment: id });
    expect(await show(enrolment, id, faces.head({ yaw: 0, at: 0 }, embedding))).toMatchObject({ accepted: false });
    expect(await codeOf(() => capture(enrolment, id))).toBe('enrolment-unknown');
  });
});

describe('the consent text', () => {
  const own = (version: string, language = 'en') => ({ version, language, title: 'May we?', paragraphs: ['A face.'] });

  test.each([
    ['version', { version: '2025-01.no-photo', language: 'en' }],
    ['language', { version: '2026-11.no-photo', language: 'de' }],
    ['time that photos are kept', { version: '2026-11.photo-90-days', language: 'en' }],
    ['place of the templates', { version: '2026-11.on-card.no-photo', language: 'en' }],
  ])('of another %s than currently shown starts no enrolment', async (_, consent) => {
    const shown = { version: '2026-11.no-photo', language: consent.language };
    const texts = { consentTexts: () => [] };
    await expect(begin(service(texts), { consent: shown })).resolves.toBeDefined();
    if (consent.language === 'de') consent = { ...consent, language: 'it' }; // shown in English
    expect(await codeOf(() => begin(service(texts), { consent }))).toBe('consent-outdated');
    expect(store.people.count()).toBe(0);
  });

  test.each<[string, boolean]>([
    ['in the store', false],
    ['on a card', true],
  ])('that changed while the face was captured enrols nobody (%s)', async (_, onCard) => {
    let texts = [own('v1')];
    const enrolment = service({ consentTexts: () => texts, onCards: () => onCard });
    for (const known of [null, (await store.people.add(aPerson({ templates: [], consent: null }))).id]) {
      texts = [own('v1')];
      const people = store.people.count();
      const said = consents().length;
      const id = await begin(enrolment, known === null ? {} : { person: known });
      for (const held of [0, 20, -20, 0]) await capture(enrolment, id, held);
      texts = [own('v2')];
      expect(await codeOf(() => enrolment.enrolFinish({ token: TOKEN, enrolment: id }))).toBe('consent-outdated');
      texts = [own('v2', 'de')];
      expect(await codeOf(() => enrolment.enrolFinish({ token: TOKEN, enrolment: id }))).toBe('consent-text-missing');
      expect([store.people.count(), consents().length]).toEqual([people, said]);
      expect(recogniser.gallery.templates).toBe(0);
      texts = [own('v1')]; // restored: the text that was consented to is in force
      await enrolment.enrolFinish({ token: TOKEN, enrolment: id });
      expect(consents().at(-1)).toMatchObject({ textVersion: 'v1.no-photo' });
      recogniser.know(store.people.all().find((one) => one.name === 'Lina')?.id ?? '', []);
    }
  });

  test('that changed its place for templates meanwhile enrols nobody there', async () => {
    let onCard = true;
    const enrolment = service({ onCards: () => onCard });
    const id = await begin(enrolment);
    for (const held of [0, 20, -20, 0]) await capture(enrolment, id, held);
    onCard = false;
    expect(await codeOf(() => enrolment.enrolFinish({ token: TOKEN, enrolment: id }))).toBe('consent-outdated');
    expect(store.people.count()).toBe(0);
  });

  test('is in force, but faces are forbidden: nobody is enrolled, at the beginning or at the end', async () => {
    let forbidden: Problem | null = null;
    const enrolment = service({ forbidden: () => forbidden });
    const id = await begin(enrolment);
    for (const held of [0, 20, -20, 0]) await capture(enrolment, id, held);
    forbidden = new Problem('faces-off');
    expect(await codeOf(() => enrolment.enrolFinish({ token: TOKEN, enrolment: id }))).toBe('faces-off');
    expect(await codeOf(() => begin(enrolment))).toBe('faces-off');
    expect(store.people.count()).toBe(0);
  });
});

describe('an enrolment', () => {
  test('requires what can’t be corrected later: a free number, a number with a PIN, and no PIN that is easy to guess', async () => {
    const enrolment = service();
    await store.people.add(aPerson({ number: 'AB-12', templates: [], consent: null }));
    const refused = (change: Begin) => codeOf(() => begin(enrolment, change));
    expect(await refused({ number: 'AB-12' })).toBe('number-taken');
    expect(await refused({ pin: '5830' })).toBe('pin-without-number');
    expect(await refused({ number: '9', pin: '1111' })).toBe('pin-weak');
    expect(await refused({ person: '01890a5d-ac96-774b-bcce-b302099a8057' })).toBe('person-unknown');
    expect(
      await codeOf(() =>
        enrolment.enrolByNumber({ token: TOKEN, name: 'L', number: 'AB-12', pin: '5830', language: 'en' }),
      ),
    ).toBe('number-taken');
    expect(
      await codeOf(() =>
        enrolment.enrolByNumber({ token: TOKEN, name: 'L', number: '9', pin: '1234', language: 'en' }),
      ),
    ).toBe('pin-weak');
    const { person } = await enrolment.enrolByNumber({
      token: TOKEN,
      name: 'L',
      number: '9',
      pin: '5830',
      language: 'en',
    });
    expect(person).toMatchObject({ number: '9', templates: 0 });
  });

  test('ends after a quarter of an hour, with a new one, and with the staff session', async () => {
    let now = 0;
    const enrolment = service({ monotonic: () => now });
    const first = await begin(enrolment);
    now = 15 * 60_000;
    expect(await capture(enrolment, first)).toMatchObject({ accepted: true });
    now++;
    expect(await codeOf(() => capture(enrolment, first))).toBe('enrolment-unknown');
    const second = await begin(enrolment);
    const third = await begin(enrolment);
    expect(await codeOf(() => capture(enrolment, second))).toBe('enrolment-unknown');
    await enrolment.enrolCancel({ token: TOKEN, enrolment: second });
    expect(await capture(enrolment, third)).toMatchObject({ accepted: true });
    for (const drop of locked) drop();
    expect(await codeOf(() => capture(enrolment, third))).toBe('enrolment-unknown');
  });

  test('is stored whole if the staff session ends while it is being stored', async () => {
    const enrolment = service();
    const id = await begin(enrolment);
    for (const held of [0, 20, -20, 0]) await capture(enrolment, id, held);
    const { vault } = store.parts;
    const keep = vault.keep.bind(vault);
    vi.spyOn(vault, 'keep').mockImplementation((photo, then) => {
      for (const drop of locked) drop();
      return keep(photo, then);
    });
    const { person } = await enrolment.enrolFinish({ token: TOKEN, enrolment: id });
    const templates = store.templates.of(person.id, recogniser.model);
    expect(templates.length).toBeGreaterThan(0);
    for (const { embedding } of templates) expect(Math.hypot(...embedding)).toBeCloseTo(1, 3);
  });

  test('does not start if the session ended while the PIN was hashed', async () => {
    const pins = {
      hash: async () => {
        signedIn = false;
        return 'hash';
      },
      verify: async () => false,
    };
    const enrolment = service({ pins });
    const person = { token: TOKEN, name: 'L', number: '9', pin: '5830', language: 'en' };
    expect(await codeOf(() => begin(enrolment, { number: '9', pin: '5830' }))).toBe('staff-locked');
    signedIn = true;
    expect(await codeOf(() => enrolment.enrolByNumber(person))).toBe('staff-locked');
    expect(store.people.count()).toBe(0);
  });

  test('and everything else about people is only for staff', async () => {
    const enrolment = service();
    const id = await begin(enrolment);
    const known = await store.people.add(aPerson({ number: '7', templates: [], consent: null }));
    signedIn = false;
    const person = known.id;
    const token = TOKEN;
    for (const attempt of [
      () => begin(enrolment),
      () => capture(enrolment, id),
      () => enrolment.enrolFinish({ token, enrolment: id }),
      () => enrolment.enrolCancel({ token, enrolment: id }),
      () => enrolment.enrolByNumber({ token, name: 'L', number: '9', pin: '5830', language: 'en' }),
      () => enrolment.reenrolments({ token }),
      () => enrolment.peopleFind({ token, query: 'Ada' }),
      () => enrolment.personSetPin({ token, person, pin: '5830' }),
      () => enrolment.personDelete({ token, person }),
    ])
      expect(await codeOf(attempt)).toBe('staff-locked');
    expect(store.people.get(person)).not.toBeNull();
  });

  test('starts a new PIN, or a freed number, without earlier failures', async () => {
    const enrolment = service();
    const { person } = await enrol(enrolment, { number: '7' });
    const failed = { failures: 5, until: START + 60_000, at: START };
    const rows = [SUBJECTS.pin('7'), SUBJECTS.face('7')];
    const fail = () => store.lockouts.set(Object.fromEntries(rows.map((row) => [row, failed])));
    const kept = () => rows.map((row) => store.lockouts.get(row));
    fail();
    await enrolment.personSetPin({ token: TOKEN, person: person.id, pin: '5830' });
    expect(kept()).toEqual([NO_LOCKOUT, NO_LOCKOUT]);
    expect(await codeOf(() => enrolment.personSetPin({ token: TOKEN, person: person.id, pin: '4444' }))).toBe(
      'pin-weak',
    );
    fail();
    expect(recogniser.gallery.people).toBe(1);
    await enrolment.personDelete({ token: TOKEN, person: person.id });
    expect(recogniser.gallery.people).toBe(0);
    expect(kept()).toEqual([NO_LOCKOUT, NO_LOCKOUT]);
    expect((await enrolment.peopleFind({ token: TOKEN, query: 'Lina' })).people).toEqual([]);
  });

  test('finds people by what is typed, and nobody by an empty query', async () => {
    const enrolment = service();
    await store.people.add(aPerson({ templates: [], consent: null }));
    const found = async (query: string) =>
      (await enrolment.peopleFind({ token: TOKEN, query })).people.map((p) => p.name);
    expect(await found(' Ada ')).toEqual(['Ada Lovelace']);
    expect(await found('  ')).toEqual([]);
  });
});
