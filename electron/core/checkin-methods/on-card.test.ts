import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { FR_FEATURE } from '../../../models/rules/decision.ts';
import {
  openCardTemplates,
  readTemplateCard,
  sealCardTemplates,
  TEMPLATE_CARD,
  writeTemplateCard,
} from '../../../sync/protocol/seal/card-template.ts';
import { decryptedPages } from '../../../test/policy/erasure-search.ts';
import { aPerson, codeOf, embedding, heldClock, MODEL, newFolder, openKiosk } from '../../../test/store/kiosk.ts';
import type { Receipt } from '../../contract/methods.ts';
import { faceOff, type Recogniser } from '../checkin/recogniser.ts';
import { createCheckinService } from '../checkin/service.ts';
import { enrolOnCard } from '../enrolment/on-card.ts';
import { openKeys } from '../keys/index.ts';
import { createPinGuard } from '../pin/guard.ts';
import { numberSubjects } from '../pin/subjects.ts';
import { defaultSite } from '../provision.ts';
import type { SqlStore } from '../store/store.ts';
import { createClaims } from './claims.ts';
import { createCredentialCheckin } from './service.ts';

const START = Date.UTC(2026, 2, 2, 8);
let now: number;
let home: string;
let store: SqlStore;
/** The face in front of the camera. */
let face: Float32Array;

const recogniser = {
  model: MODEL,
  length: 512,
  calibration: FR_FEATURE,
  off: null,
  gallery: { people: 0, templates: 0 },
  inspect: async () => ({ shape: {}, reason: null }),
  embed: async () => face.slice(),
  compare: (probe: Float32Array, templates: readonly Float32Array[]) => {
    const score = Math.max(...templates.map((t) => t.reduce((sum, v, i) => sum + v * probe[i]!, 0)));
    return { score, decision: { kind: score > 0.45 ? 'accept' : 'unknown', threshold: 0.45 } };
  },
} as unknown as Recogniser;

beforeEach(async () => {
  now = START;
  home = newFolder();
  store = await openKiosk(home, {}, { clock: heldClock(START) });
});

const details = {
  name: 'Ada',
  number: '1815',
  language: 'en',
  pinHash: null,
  consent: { textVersion: '1', language: 'en' },
};
const captured = (seed: number) => [embedding(seed), embedding(seed + 0.001)].map((one) => ({ embedding: one }));
const enrol = (seed: number, person: string | null = null) =>
  enrolOnCard({ store, recogniser, changed: () => undefined }, { details, templates: captured(seed), person });

/** The check-in methods and check-ins of one kiosk. */
function kiosk(change: { faceOff?: boolean; liveness?: boolean } = {}) {
  const claims = createClaims(() => now);
  const guard = createPinGuard({ store, now: () => now });
  const checkin = createCheckinService({
    store,
    recogniser,
    pins: { hash: async () => '', verify: async () => false, renewed: async () => null },
    guard,
    subjects: numberSubjects(randomBytes(32)),
    claims,
    site: { ...defaultSite(true), liveness: change.liveness ? 'standard' : 'off', photos: false },
    now: () => now,
    demo: false,
    elsewhere: () => null,
    startLiveness: () =>
      ({ current: () => ({ state: 'going', step: 'turn-left', index: 0, of: 1, progress: 0, hold: false }) }) as never,
    monotonic: () => now,
    wall: () => now,
    recorded: () => undefined,
    voided: () => undefined,
    log: () => undefined,
  });
  const credentials = createCredentialCheckin({
    store,
    guard,
    staff: { require: () => ({ member: null, actor: null }) },
    claims,
    admit: async () => ({}) as Receipt,
    offered: () => ['badge'],
    withFace: () => false,
    model: () => ({ model: MODEL, length: 512 }),
    faceOff: () => (change.faceOff ? faceOff({ code: 'x' } as never).off : null),
    issuers: () => [],
    now: () => now,
    blind: randomBytes(32),
  });
  return { claims, checkin, credentials };
}

const frame = {
  picture: { width: 8, height: 8, data: new Uint8Array(192) },
  box: [0, 0, 8, 8],
  others: 0,
  takenAt: 0,
} as never;

async function walkUp(text: string) {
  const { credentials, checkin } = kiosk();
  const read = await credentials.read(text);
  if (read.kind !== 'face') throw new Error(read.kind);
  const { visit } = await checkin.visitBegin({ claim: read.claim });
  for (let i = 0; i < 20; i++) {
    const result = await checkin.probe({ visit, frame });
    if (result.kind !== 'more') return result;
  }
  throw new Error('no answer');
}

test('the card with its owner’s face admits; with another’s face it does not, nor does the card without a face', async () => {
  const { card } = await enrol(1);
  face = embedding(1);
  expect(await walkUp(card.text)).toMatchObject({ kind: 'welcome', receipt: { name: 'Ada', method: 'badge+face' } });
  face = embedding(1).map((v) => -v);
  expect(await walkUp(card.text)).toMatchObject({ kind: 'other-method' });
  expect(await codeOf(() => kiosk({ faceOff: true }).credentials.read(card.text))).toBe('face-needed');
});

test('the kiosk has nothing to compare a face with: neither in its store, decrypted, nor under its own keys', async () => {
  const { person, card } = await enrol(1);
  expect([person.templates, store.templates.of(person.id, MODEL)]).toEqual([0, []]);
  store.scrubLog();
  const keys = await openKeys({ home, deviceSecret: null, allowSecretFile: true });
  const pages = decryptedPages(join(home, 'store.db'), keys.current.subkey('pages'));
  const vector = Buffer.from(embedding(1).buffer);
  const key = readTemplateCard(card.text)!.key;
  for (const secret of [vector.subarray(100, 116), key, Buffer.from(card.text.slice(5))])
    for (const bytes of [pages, readFileSync(join(home, 'store.db'))]) expect(bytes.includes(secret)).toBe(false);
  const held = store.templates.onCard(person.id)!;
  const other = { person: person.id, card: held.id, key: randomBytes(32) };
  expect(openCardTemplates(other, held.model, held.sealed, 512)).toBeNull();
  expect((await store.check()).problems).toEqual([]);
});

test('after a new enrolment the previous card and any copy of it open nothing, and its ciphertext is deleted from all events', async () => {
  const first = await enrol(1);
  const again = await enrol(1, first.person.id);
  expect(again.person.id).toBe(first.person.id);
  expect(await codeOf(() => kiosk().credentials.read(first.card.text))).toBe('code-unknown');
  face = embedding(1);
  expect((await walkUp(again.card.text)).kind).toBe('welcome');
  const sent = store.outbox.pending(100).filter((e) => e.header.type === 'template');
  expect(sent.map((e) => Object.keys(e.personal).sort())).toEqual([['person'], ['card', 'person']]);
  expect((await store.check()).problems).toEqual([]);
});

test('what the card opened is zeroed when the visit ends, is answered, or nobody shows a face', async () => {
  const { card, person } = await enrol(1);
  const ends: ((k: ReturnType<typeof kiosk>, claim: string) => Promise<unknown>)[] = [
    async ({ checkin }, claim) => checkin.visitEnd(await checkin.visitBegin({ claim })),
    async ({ checkin }, claim) => {
      await checkin.visitBegin({ claim });
      return checkin.visitBegin({});
    },
    async ({ checkin }, claim) => {
      face = embedding(1);
      const { visit } = await checkin.visitBegin({ claim });
      for (let i = 0; i < 5; i++) await checkin.probe({ visit, frame });
    },
    async ({ credentials }) => credentials.read(card.text), // the next card replaces the previous one
    // Someone is admitted by another method meanwhile.
    async ({ checkin }, claim) => {
      await checkin.visitBegin({ claim });
      await checkin.admit(store.people.get(person.id)!, { method: 'badge' });
    },
    // The screen disappears: no more samples, and the visit is never ended.
    async ({ checkin }, claim) => {
      await checkin.visitBegin({ claim });
      await vi.advanceTimersByTimeAsync(120_000);
    },
    // Nobody took the claim.
    async () => vi.advanceTimersByTimeAsync(60_000),
    // Every attempt at the challenge fails.
    async ({ checkin }, claim) => {
      face = embedding(1);
      const { visit } = await checkin.visitBegin({ claim });
      const two = { ...(frame as object), others: 1 } as never;
      let last: object = {};
      for (let i = 0; i < 30 && !('reason' in last && last.reason === 'liveness'); i++)
        last = await checkin.probe({ visit, frame: 'step' in last ? two : frame });
      expect(last).toEqual({ kind: 'other-method', reason: 'liveness', code: 'interrupted' });
    },
    // Deleted while standing here. Must be the last case: nobody has the card afterwards.
    async ({ checkin }, claim) => {
      face = embedding(1);
      const { visit } = await checkin.visitBegin({ claim });
      await store.people.delete(person.id);
      for (let i = 0; i < 5; i++) await checkin.probe({ visit, frame });
    },
  ];
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  for (const [i, end] of ends.entries()) {
    const here = kiosk({ liveness: i === ends.length - 2 });
    const opened: Float32Array[] = [];
    const issue = here.claims.issue.bind(here.claims);
    Object.assign(here.claims, {
      issue: (claim: Parameters<typeof issue>[0]) => {
        if (opened.length === 0) opened.push(...(claim.templates ?? []));
        return issue(claim);
      },
    });
    const read = await here.credentials.read(card.text);
    expect(opened).toHaveLength(2);
    expect(opened.every((v) => v.some((x) => x !== 0))).toBe(true);
    await end(here, (read as { claim: string }).claim);
    expect(opened.every((v) => v.every((x) => x === 0))).toBe(true);
  }
});

test('a card of someone else, of another server, or with a letter changed opens nothing', async () => {
  const { card, person } = await enrol(1);
  const bob = await store.people.add(aPerson({ name: 'Bob' }));
  const key = readTemplateCard(card.text)!;
  const foreign = [
    { ...key, person: bob.id },
    { ...key, person: randomUUID() },
    { ...key, card: randomUUID() },
    { ...key, key: randomBytes(32) },
  ].map(writeTemplateCard);
  for (const text of foreign) expect(await codeOf(() => kiosk().credentials.read(text))).toBe('code-unknown');
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 5, max: card.text.length - 1 }),
      fc.constantFrom(...'059AHKZ'),
      async (at, letter) => {
        fc.pre(card.text[at] !== letter);
        expect(
          await codeOf(() => kiosk().credentials.read(card.text.slice(0, at) + letter + card.text.slice(at + 1))),
        ).toBe('code-unknown');
      },
    ),
    { numRuns: 40 },
  );
  await store.people.delete(person.id);
  expect(await codeOf(() => kiosk().credentials.read(card.text))).toBe('code-unknown');
});

test('a card opens what was encrypted, only for its model; altered bytes open nothing', () => {
  const key = { person: randomUUID(), card: randomUUID(), key: randomBytes(32) };
  const vectors = [embedding(3), embedding(4)];
  const sealed = sealCardTemplates(key, MODEL, vectors, randomBytes(12));
  const text = writeTemplateCard(key);
  expect(text.startsWith(TEMPLATE_CARD)).toBe(true);
  expect(text).toMatch(/^[0-9A-Z:]+$/); // the alphanumerical mode of a QR code
  expect(openCardTemplates(readTemplateCard(text)!, MODEL, sealed, 512)).toEqual(vectors);
  expect(openCardTemplates(key, 'another@model', sealed, 512)).toBeNull();
  fc.assert(
    fc.property(
      fc.nat({ max: Buffer.from(sealed, 'base64url').length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      (at, flip) => {
        const bytes = Buffer.from(sealed, 'base64url');
        bytes[at]! ^= flip;
        expect(openCardTemplates(key, MODEL, bytes.toString('base64url'), 512)).toBeNull();
      },
    ),
    { numRuns: 60 },
  );
});
