import { randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { cardHash, writeCardCode } from '../../../sync/protocol/seal/card-code.ts';
import { newSigningKey, publicHalf } from '../../../sync/protocol/seal/keys.ts';
import { writeOwnCode } from '../../../sync/protocol/seal/own-code.ts';
import type { Change, Policy } from '../../../sync/protocol/wire/changes.ts';
import { aPerson, codeOf, heldClock, MODEL, newFolder, openKiosk } from '../../../test/store/kiosk.ts';
import type { Receipt } from '../../contract/methods.ts';
import { createPinGuard } from '../pin/guard.ts';
import { LONGEST_PAUSE_MS, SHARED_BUDGET } from '../pin/lockout.ts';
import { methodsOf, wantsFace } from '../site/policy.ts';
import type { NewCheckin } from '../store/interface.ts';
import type { SqlStore } from '../store/store.ts';
import { createArrivals } from './arrivals.ts';
import { createClaims } from './claims.ts';
import { offeredMethods } from './offered.ts';
import { type CredentialCheckinDeps, createCredentialCheckin } from './service.ts';

const START = Date.UTC(2026, 2, 2, 8);
const issuer = newSigningKey();
let now: number;
let store: SqlStore;
let ada: string;
let policy: Policy | null;
let admitted: { person: string; method: NewCheckin['open']['method'] }[];

beforeEach(async () => {
  now = START;
  policy = null;
  admitted = [];
  store = await openKiosk(newFolder(), {}, { clock: heldClock(START) });
  ada = (await store.people.add(aPerson())).id;
});

function credentials(change: Partial<CredentialCheckinDeps> = {}) {
  return createCredentialCheckin({
    store,
    guard: createPinGuard({ store, now: () => now }),
    staff: { require: () => ({ member: null, actor: null }) },
    claims: createClaims(() => now),
    admit: async (person, { method }) => {
      admitted.push({ person: person.id, method });
      return { checkin: randomUUID() } as Receipt;
    },
    offered: () => methodsOf(policy),
    withFace: (method) => wantsFace(policy, method),
    model: () => ({ model: MODEL, length: 512 }),
    faceOff: () => null,
    issuers: () => [publicHalf(issuer)],
    now: () => now,
    blind: randomBytes(32),
    ...change,
  });
}

const ownCode = (at = now, person = ada, key = issuer) =>
  writeOwnCode({ person, issuedAt: at, nonce: randomBytes(8) }, key);

/** The server sends cards and badges. */
const notified = (change: Partial<Extract<Change, { kind: 'credentials' }>>) =>
  store.roster.apply({
    whole: false,
    changes: [{ kind: 'credentials', person: ada, cards: [], badges: [], ...change }],
    cursor: 'c',
    more: false,
  });

test('the code on someone’s own page admits them once, typed in upper or lower case', async () => {
  const code = ownCode();
  expect(await credentials().read(code.toLowerCase())).toMatchObject({ kind: 'welcome' });
  expect(admitted).toEqual([{ person: ada, method: 'qr' }]);
  expect(await codeOf(() => credentials().read(code))).toBe('code-used');
  expect(admitted).toHaveLength(1);
});

test('a code is valid from half a minute before it was issued to a minute and a half after, and never again', async () => {
  for (const [at, answer] of [
    [START + 30_001, 'code-early'],
    [START + 30_000, null],
    [START - 90_000, null],
    [START - 90_001, 'code-expired'],
  ] as const) {
    // Whole seconds: truncation makes a code older, never newer.
    const code = ownCode(answer === 'code-early' ? at + 999 : at);
    if (answer) expect(await codeOf(() => credentials().read(code)), String(at)).toBe(answer);
    else expect(await credentials().read(code)).toMatchObject({ kind: 'welcome' });
  }
});

test('a used code stays used after a restart, and when the clock is set back after it was forgotten', async () => {
  const code = ownCode();
  await credentials().read(code);
  now += 200_000;
  await credentials().read(ownCode()); // forgets the first
  now = START;
  expect(await codeOf(() => credentials().read(code))).toBe('code-expired');
});

test('two readers that read one code at the same moment admit only once', async () => {
  const code = ownCode();
  const both = credentials();
  const answers = await Promise.allSettled([both.read(code), both.read(code)]);
  expect(answers.map((a) => a.status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('a code of another server, of an unknown person, or with any bit flipped is unknown', async () => {
  expect(await codeOf(() => credentials().read(ownCode(now, ada, newSigningKey())))).toBe('code-unknown');
  expect(await codeOf(() => credentials().read(ownCode(now, randomUUID())))).toBe('code-unknown');
  expect(await codeOf(() => credentials({ issuers: () => [] }).read(ownCode()))).toBe('code-unknown');
  const code = ownCode();
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 4, max: code.length - 1 }),
      fc.constantFrom(...'0123456789ABCDEFGHJKMNPQRSTVWXYZ'),
      async (at, letter) => {
        fc.pre(code[at] !== letter);
        expect(await codeOf(() => credentials().read(code.slice(0, at) + letter + code.slice(at + 1)))).toBe(
          'code-unknown',
        );
      },
    ),
    { numRuns: 60 },
  );
  expect(admitted).toEqual([]);
});

test('a card is valid until revoked; the holder can’t tell a revoked from an unknown one', async () => {
  const secret = randomBytes(16);
  const card = writeCardCode(secret);
  const unknown = await codeOf(() => credentials().read(card));
  await notified({ cards: [{ id: randomUUID(), hash: cardHash(card)! }] });
  expect(await credentials().read(card)).toMatchObject({ kind: 'welcome' });
  await notified({});
  expect(await codeOf(() => credentials().read(card))).toBe(unknown);
  expect(admitted).toEqual([{ person: ada, method: 'badge' }]);
});

test('a badge is found by its number, in any case and any keyboard’s digits; one that two people have opens nothing', async () => {
  await notified({ badges: ['04a7-bb'] });
  for (const read of ['04A7-BB', '۰۴a۷-bb', '٠٤A٧-BB'])
    expect(await credentials().read(read)).toMatchObject({ kind: 'welcome' });
  const bob = (await store.people.add(aPerson({ name: 'Bob' }))).id;
  await notified({ person: bob, badges: ['04A7-bb'] });
  expect(await codeOf(() => credentials().read('04a7-bb'))).toBe('badge-unknown');
});

test('guessing badges pauses badges for everyone; cards and own codes still work, and one badge held there counts once', async () => {
  const card = writeCardCode(randomBytes(16));
  await notified({ badges: ['1000'], cards: [{ id: randomUUID(), hash: cardHash(card)! }] });
  const at = credentials();
  for (let i = 0; i < 3 * SHARED_BUDGET; i++) expect(await codeOf(() => at.read('2000'))).toBe('badge-unknown');
  let guesses = 0;
  while ((await codeOf(() => at.read(`3${guesses}`))) === 'badge-unknown') guesses++;
  expect(guesses).toBeLessThan(SHARED_BUDGET);
  expect(await codeOf(() => at.read('1000'))).toBe('locked');
  expect(await at.read(card)).toMatchObject({ kind: 'welcome' });
  expect(await at.read(ownCode())).toMatchObject({ kind: 'welcome' });
  now += LONGEST_PAUSE_MS;
  expect(await at.read('1000')).toMatchObject({ kind: 'welcome' });
});

test('if the site also requires a face, a code or card gives a claim, and a person without a template needs another method', async () => {
  policy = { leaseDays: 30, withFace: ['qr', 'badge'] };
  const claims = createClaims(() => now);
  const answer = await credentials({ claims }).read(ownCode());
  if (answer.kind !== 'face') throw new Error(answer.kind);
  expect(claims.take(answer.claim)).toEqual({ person: ada, method: 'qr+face' });
  expect(await codeOf(() => claims.take(answer.claim))).toBe('claim-unknown');
  const late = claims.issue({ person: ada, method: 'badge+face' });
  now += 60_001;
  expect(await codeOf(() => claims.take(late))).toBe('claim-unknown');
  const none = (await store.people.add(aPerson({ templates: [] }))).id;
  expect(await codeOf(() => credentials().read(ownCode(now, none)))).toBe('face-needed');
  expect(admitted).toEqual([]);
});

test('a method that the site does not offer is refused, whatever the screen sends', async () => {
  policy = { leaseDays: 30, checkinMethods: ['pin', 'face'] };
  expect(await codeOf(() => credentials().read(ownCode()))).toBe('method-not-offered');
  expect(await codeOf(() => credentials().read('1000'))).toBe('method-not-offered');
  const able = { face: true, ownCodes: true };
  expect(offeredMethods(policy, able)).toEqual(['pin', 'face']);
  expect(offeredMethods(null, able)).toEqual(['face', 'pin', 'qr', 'badge']);
  expect(offeredMethods({ leaseDays: 1, withFace: ['badge'] }, { face: false, ownCodes: true })).toEqual(['pin', 'qr']);
  expect(offeredMethods(null, { face: false, ownCodes: false })).toEqual(['pin', 'badge']);
});

test('the result of a reader is pushed to the screen, rejections with their code', async () => {
  const pushed: unknown[] = [];
  const arrive = createArrivals(
    credentials(),
    (arrival) => void pushed.push(arrival),
    () => undefined,
  );
  await arrive(ownCode());
  await arrive('nobody');
  expect(pushed).toEqual([
    { kind: 'welcome', receipt: expect.anything() },
    { kind: 'refused', code: 'badge-unknown' },
  ]);
});

test('cards and badges are stored only under their person’s key, and are deleted with the person', async () => {
  const badge = 'B4D6E-7711';
  const card = writeCardCode(randomBytes(16));
  await notified({ badges: [badge], cards: [{ id: randomUUID(), hash: cardHash(card)! }] });
  const rows = store.session.db.prepare('SELECT kind, sealed FROM credential').all() as {
    kind: string;
    sealed: Buffer;
  }[];
  expect(rows.map((r) => r.kind).sort()).toEqual(['badge', 'card']);
  for (const { sealed } of rows) expect(sealed.includes(badge)).toBe(false);
  expect((await store.check()).problems).toEqual([]);
  await store.people.delete(ada);
  expect(store.session.db.prepare('SELECT count(*) FROM credential').pluck().get()).toBe(0);
  expect(await codeOf(() => credentials().read(badge))).toBe('badge-unknown');
});

test('a snapshot without someone’s cards removes them', async () => {
  await notified({ badges: ['1000'] });
  const person: Change = { kind: 'person', person: ada, name: 'Ada', number: null, language: 'en', gpsOptOut: false };
  store.outbox.acknowledge(store.epoch, { committed: store.outbox.count(), safe: 0 });
  await store.roster.apply({ whole: true, first: true, changes: [person], cursor: 'd', more: false });
  expect(await codeOf(() => credentials().read('1000'))).toBe('badge-unknown');
});
