import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { openPipeline } from '../../models/node/pipeline.ts';
import { directionOf, meanOf } from '../../models/rules/cosine.ts';
import { createChallenge, inOrder } from '../../models/rules/liveness/challenge.ts';
import type { Change } from '../../sync/protocol/wire/changes.ts';
import { type Faces, inARow, like, openFaces } from '../../test/checkin/faces.ts';
import { takesOf } from '../../test/footage/index.ts';
import { withKiosk as withKioskAt } from '../../test/kit/opened-kiosk.ts';
import { turning } from '../../test/liveness/heads.ts';
import { codeOf } from '../../test/store/kiosk.ts';
import type { FaceFrame } from '../contract/frames.ts';
import type { ProbeResult } from '../contract/methods.ts';
import { startCore } from './core.ts';
import type { Core } from './interface.ts';
import type { OpenKiosk } from './open-kiosk.ts';
import { ensureKioskFolder } from './provision.ts';
import { readSiteConfig, type SiteConfig, writeSiteConfig } from './site/config.ts';
import { addMember } from './staff/manage.ts';
import { createStaffRecords } from './staff/records.ts';

vi.mock('../../models/node/pipeline.ts', { spy: true });
vi.mock('../../models/rules/liveness/challenge.ts', { spy: true });

/*
 * What the running core passes to each rule: role, thresholds, pairs, policy, other doors. Each of these rules has its own tests;
 * here a complete core is used, with the real models and a real store. The pipeline also accepts synthetic heads.
 */

const MINUTE = 60_000;
let faces: Faces;
beforeAll(async () => {
  faces = await openFaces();
  vi.mocked(openPipeline).mockImplementation(async () => ({ ...faces.pipeline, close: async () => undefined }));
});
afterAll(async () => {
  await faces.close();
  vi.restoreAllMocks();
});

let folder: string;
let home: string;
let core: Core | null = null;
let ada: string;
let ben: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sp-wiring-'));
  home = join(folder, 'kiosk');
  ensureKioskFolder(home, false);
  configure({ privacy: { controller: 'Werk Nord', contact: 'a@b.example', dpo: 'Frau Amt' }, liveness: 'off' });
  await withKiosk(async ({ store, pins }) => {
    const add = async (name: string, number: string, templates: readonly Float32Array[]) => {
      const { id } = await store.people.add({
        id: randomUUID(),
        name,
        number,
        language: 'en',
        consent: { textVersion: 'test', language: 'en' },
        templates: templates.map((embedding) => ({ pose: 'front', model: faces.pipeline.model, embedding })),
        photo: null,
        pinHash: await (await pins()).hash('5830'),
      });
      return id;
    };
    ada = await add('Ada', '7', faces.templates.A);
    ben = await add('Ben', '8', faces.templates.B);
  });
});
afterEach(async () => {
  await core?.close();
  core = null;
  rmSync(folder, { recursive: true, force: true });
});

const configure = (site: Partial<SiteConfig>) => writeSiteConfig(home, { ...readSiteConfig(home), ...site });

const withKiosk = <T>(work: (kiosk: OpenKiosk) => Promise<T> | T): Promise<T> => withKioskAt(home, work);

/** What the server sent before the core starts. */
const sent = (changes: Change[], presence: { person: string; direction: 'in' | 'out'; at: string }[] = []) =>
  withKiosk(({ store }) => store.roster.apply({ whole: false, more: false, cursor: 'c', changes, presence }));

async function start(): Promise<Core['methods']> {
  core = await startCore({ home, deviceSecret: null, demo: false, log: () => undefined });
  return core.methods;
}

/** A synthetic head straight ahead. */
const still = (embedding: Float32Array): FaceFrame[] =>
  [0, 125].map((at) => faces.head({ yaw: 0, at }, embedding.slice()));

/** Shows the frames one after the other until an answer ends the visit; returns the last answer. */
async function show(methods: Core['methods'], visit: string, frames: readonly FaceFrame[]): Promise<ProbeResult> {
  let answer: ProbeResult = { kind: 'done' };
  for (const frame of frames) {
    answer = await methods.probe({ visit, frame });
    if (answer.kind === 'welcome' || answer.kind === 'other-method') break;
  }
  return answer;
}

/** Makes a visit with these frames after `begin`; returns the last answer. */
const walkUp = async (
  methods: Core['methods'],
  frames: readonly FaceFrame[],
  begin: { number?: string; claim?: string } = {},
) => show(methods, (await methods.visitBegin(begin)).visit, frames);

test('desk staff see a duplicate but can’t overrule it; a supervisor can, and both are a pair afterwards', async () => {
  await withKiosk(({ store }) => {
    const records = createStaffRecords({ store, changed: () => undefined, log: () => undefined });
    for (const role of ['desk', 'supervisor'] as const)
      addMember({ store, records }, { name: `Some ${role}`, role, badge: `badge of ${role}`, pin: null });
  });
  const methods = await start();
  const enrol = async (role: 'desk' | 'supervisor') => {
    const { token } = await methods.staffUnlock({ badge: `badge of ${role}` });
    const { version, language } = await methods.consentText({ language: 'en' });
    const details = { name: 'Eve', number: null, pin: null, language: 'en', consent: { version, language } };
    const { enrolment } = await methods.enrolBegin({ token, ...details });
    for (const yaw of [0, 20, -20, 0]) {
      const frame = faces.head({ yaw, at: 0 }, faces.templates.A[0]!.slice());
      expect(await methods.enrolCapture({ token, enrolment, frame })).toMatchObject({ accepted: true });
    }
    const shown = await methods.enrolDuplicate({ token, enrolment });
    expect(shown).toMatchObject({ other: { id: ada }, mayOverrule: role === 'supervisor' });
    return (typed: string) => methods.enrolFinish({ token, enrolment, overrule: { other: ada, typed } });
  };
  const desk = await enrol('desk');
  expect(await codeOf(() => desk('7'))).toBe('staff-not-allowed');
  const supervisor = await enrol('supervisor');
  const { person } = await supervisor('7');
  await core!.close();
  await withKiosk(({ store }) => expect(store.lookalikes.partners(ada)).toEqual([person.id]));
});

test('one person’s half-done challenge is not finished by another’s head, by the thresholds of the embedder in use', async () => {
  configure({ liveness: 'light' });
  vi.mocked(createChallenge).mockImplementation((random) => inOrder(['turn-left'], random));
  await withKiosk(({ store }) => store.people.delete(ben));
  const methods = await start();
  const { direction: own } = directionOf(meanOf(faces.templates.A))!;
  const [bens] = faces.templates.B;
  const turn = (before: Float32Array, after: Float32Array) =>
    inARow(
      still(own),
      turning(24, {}, 1_000).map((motion) => faces.head(motion, (motion.yaw < 1 ? before : after).slice())),
    );
  // The turning head may be less similar to Ada than the one straight ahead, but neither may be just anyone's.
  expect(await walkUp(methods, turn(own, bens!))).not.toMatchObject({ kind: 'welcome' });
  expect(await walkUp(methods, turn(own, like(own, 0.38)))).not.toMatchObject({ kind: 'welcome' });
  expect(await walkUp(methods, turn(like(own, 0.43), own))).not.toMatchObject({ kind: 'welcome' });
  // Another person from the footage steps in for the turn.
  const recorded = await faces.take({ ...takesOf('A', 'turn-left')[1]!, start: 177, seconds: 3 });
  const other = await faces.take(takesOf('B', 'turn-left')[0]!);
  await core!.close();
  const again = await start(); // failed challenges count until then
  expect(await walkUp(again, inARow(recorded.slice(0, 10), other))).not.toMatchObject({ kind: 'welcome' });
  const passed = { kind: 'welcome', receipt: { name: 'Ada', liveness: 'passed' } };
  expect(await walkUp(again, recorded)).toMatchObject(passed);
  expect(await walkUp(again, turn(own, like(own, 0.42)))).toMatchObject(passed);
});

test('neither of a marked pair is recognised by face alone, but after their number they are', async () => {
  await withKiosk(({ store }) => store.lookalikes.mark(ada, ben, { reason: 'enrolment', by: null }));
  const methods = await start();
  for (const [name, number, templates] of [
    ['Ada', '7', faces.templates.A],
    ['Ben', '8', faces.templates.B],
  ] as const) {
    const frames = still(templates[0]!);
    expect(await walkUp(methods, frames)).toEqual({ kind: 'other-method', reason: 'claim-first' });
    const receipt = { name, method: 'number+face' };
    expect(await walkUp(methods, frames, { number })).toMatchObject({ kind: 'welcome', receipt });
  }
});

test('if the site also requires a face, a badge or a card opens nothing until the face has been shown', async () => {
  await sent([
    { kind: 'policy', policy: { leaseDays: 30, withFace: ['badge', 'qr'] } },
    { kind: 'credentials', person: ada, cards: [], badges: ['B-77'] },
  ] as Change[]);
  const methods = await start();
  const { claim: first } = (await methods.badgeRead({ badge: 'B-77' })) as { claim: string };
  expect(await walkUp(methods, still(faces.templates.B[0]!), { claim: first })).not.toMatchObject({ kind: 'welcome' });
  const { claim, ...answer } = (await methods.badgeRead({ badge: 'B-77' })) as { kind: string; claim: string };
  expect(answer).toEqual({ kind: 'face' });
  expect(await walkUp(methods, still(faces.templates.A[0]!), { claim })).toMatchObject({
    kind: 'welcome',
    receipt: { name: 'Ada', method: 'badge+face', repeated: false },
  });
});

test('the direction follows the last record at another door of the site', async () => {
  const now = new Date();
  // It is noon at this site: no day ends while the test runs.
  const west = now.getUTCHours() - 12;
  configure({ timeZone: `Etc/GMT${west < 0 ? west : `+${west}`}` });
  await sent([], [{ person: ada, direction: 'in', at: new Date(now.getTime() - 5 * MINUTE).toISOString() }]);
  const methods = await start();
  const direction = async (number: string) => (await methods.checkinByPin({ number, pin: '5830' })).receipt.direction;
  expect([await direction('7'), await direction('8')]).toEqual(['out', 'in']);
});
