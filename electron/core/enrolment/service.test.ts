import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { FR_FEATURE } from '../../../models/rules/decision.ts';
import { decryptedPages } from '../../../test/policy/erasure-search.ts';
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
import { openKeys } from '../keys/index.ts';
import type { SqlStore } from '../store/store.ts';
import { createEnrolmentService, type EnrolmentDeps } from './service.ts';

/* Enrolment on a real store, with a recogniser that sees what the test puts before the camera. */

const START = Date.UTC(2026, 10, 24, 12);
const TOKEN = 'T'.repeat(43);
const MINOR = { bornOn: '2012-07-03', guardian: 'Kim Quellwasser', relation: 'mother' };
let home: string;
let store: SqlStore;
/** What stands before the camera. */
let face: Float32Array;
let yaw: number;

beforeEach(async () => {
  home = newFolder();
  store = await openKiosk(home, {}, { clock: heldClock(START) });
  face = embedding(1);
});

const recogniser = {
  model: MODEL,
  calibration: FR_FEATURE,
  gallery: { add: () => undefined, removePerson: () => undefined },
  inspect: async () => ({ shape: { quality: { yaw } }, reason: null }),
  embed: async () => face,
  search: () => ({ match: { best: null }, decision: { threshold: 1 } }),
} as unknown as Recogniser;

function service(change: Partial<EnrolmentDeps> = {}) {
  return createEnrolmentService({
    store,
    recogniser,
    pins: { hash: async () => 'hash', verify: async () => false },
    subjects: { cleared: () => ({}) } as never,
    staff: { require: () => undefined, onLock: () => undefined } as never,
    site: { privacy: { controller: 'C', contact: 'c', dpo: 'd' }, photos: false, photoDays: 90 } as never,
    consentTexts: () => [],
    forbidden: () => null,
    onCards: () => true, // or a picture is encoded, which needs one
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

async function look(enrolment: Service, id: string, heldYaw = 0) {
  yaw = heldYaw;
  return enrolment.enrolCapture({ token: TOKEN, enrolment: id, frame });
}

async function enrol(enrolment: Service, change: Begin = {}) {
  const id = await begin(enrolment, change);
  for (const held of [0, 20, -20, 0]) expect(await look(enrolment, id, held)).toMatchObject({ accepted: true });
  return enrolment.enrolFinish({ token: TOKEN, enrolment: id });
}

const consents = () =>
  store
    .pending(100)
    .filter((event) => event.header.type === 'consent')
    .map(({ header, personal }) => ({
      ...header.open,
      ...Object.fromEntries(Object.entries(personal).map(([name, salted]) => [name, salted.value])),
    }));

test.each([
  ['on a card', true],
  ['in the store', false],
])('a guardian’s word, and until when it counts, goes to the server with the consent (%s)', async (_, onCard) => {
  const enrolment = service({ onCards: () => onCard });
  const known = await store.addPerson(aPerson({ templates: [], consent: null, photo: null }));
  // Somebody who is here already: a new one's picture would have to be encoded.
  const { person } = await enrol(enrolment, { minor: MINOR, person: known.id });
  expect(person.id).toBe(known.id);
  expect(consents()).toEqual([expect.objectContaining({ action: 'given', person: known.id, ...MINOR })]);
});

test('a new person’s guardian too; and the person deleted, nothing of them is left in the file', async () => {
  const enrolment = service();
  const { person } = await enrol(enrolment, { minor: MINOR });
  expect(consents()).toEqual([expect.objectContaining({ person: person.id, ...MINOR })]);
  const pages = async () => {
    const keys = await openKeys({ home, deviceSecret: null, allowSecretFile: true });
    return decryptedPages(join(home, 'store.db'), keys.current.subkey('pages'));
  };
  // Sealed under the person's key from the first moment: a guardian's name is in no page.
  expect((await pages()).includes('Quellwasser')).toBe(false);
  await enrolment.personDelete({ token: TOKEN, person: person.id });
  const left = store.pending(100).flatMap((event) => Object.values(event.personal).map((salted) => salted.value));
  expect(left).not.toContain(MINOR.guardian);
  expect(left).not.toContain(MINOR.bornOn);
});

test('whoever is old enough agrees themselves, by the age of the site’s policy', async () => {
  const refused = (bornOn: string, age: number) =>
    codeOf(() => begin(service({ consentAge: () => age }), { minor: { ...MINOR, bornOn } }));
  expect(await refused('2012-07-03', 14)).toBe('not-a-minor');
  expect(await refused('2008-11-24', 18)).toBe('not-a-minor');
  expect(await refused('2026-11-25', 18)).toBe('birth-in-future');
  await expect(begin(service(), { minor: { ...MINOR, bornOn: '2008-11-25' } })).resolves.toBeDefined();
});

test('of an adult no day of birth is put down', async () => {
  await enrol(service());
  const [said] = consents();
  expect(Object.keys(said!).sort()).toEqual(['action', 'language', 'person', 'textVersion']);
});

test('somebody who is here already is enrolled again with their own face alone', async () => {
  const enrolment = service({ onCards: () => false });
  const known = await store.addPerson(
    aPerson({ templates: [{ pose: 'front', model: MODEL, embedding: embedding(1) }], photo: aPhoto() }),
  );
  const files = () => readdirSync(join(home, 'storage/faces'));
  const [old] = files();
  const before = consents().length;
  const id = await begin(enrolment, { person: known.id });
  face = embedding(1).map((v) => -v);
  expect(await look(enrolment, id)).toMatchObject({ accepted: false, reason: 'another-person' });
  face = embedding(1.0001);
  for (const held of [0, 20, -20, 0]) expect(await look(enrolment, id, held)).toMatchObject({ accepted: true });
  const { person } = await enrolment.enrolFinish({ token: TOKEN, enrolment: id });
  expect(person).toMatchObject({ id: known.id, name: known.name, templates: 5 });
  expect(store.countPeople()).toBe(1);
  expect(consents()).toHaveLength(before + 1);
  // The picture of this enrolment is kept, encrypted, in place of the one before, and the server is told of it.
  const [added, again] = store.pending(50).filter((e) => e.header.type === 'person');
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
  const jpeg = Buffer.from(await store.openPhoto(address));
  expect(jpeg.subarray(0, 2).toString('hex')).toBe('ffd8');
  expect(readFileSync(join(home, 'storage/faces', kept!)).includes(jpeg.subarray(0, 32))).toBe(false);
  expect(await store.check()).toMatchObject({ problems: [] });
  await store.deletePerson(known.id);
  expect(files()).toEqual([]);
});
