import { randomBytes, randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { pinCodeHash } from '../../../sync/protocol/seal/pin-code.ts';
import type { Change } from '../../../sync/protocol/wire/changes.ts';
import { aPerson, codeOf, heldClock, newFolder, openKiosk } from '../../../test/store/kiosk.ts';
import type { Recogniser } from '../checkin/recogniser.ts';
import { createCheckinService } from '../checkin/service.ts';
import { defaultSite } from '../provision.ts';
import type { SqlStore } from '../store/store.ts';
import { createPinGuard } from './guard.ts';
import { createPersonPins, type PersonPins } from './person-pins.ts';
import { createPinHasher } from './pin-hash.ts';
import { numberSubjects } from './subjects.ts';

/* A PIN that the person chooses with a code from the server: on a real store, with real hashes. */

const START = Date.UTC(2026, 10, 24, 12);
const CODE = '402715938264';
let now: number;
let home: string;
let store: SqlStore;
let pins: PersonPins;
let ada: string;

beforeEach(async () => {
  now = START;
  home = newFolder();
  store = await openKiosk(home, {}, { clock: heldClock(START) });
  pins = createPersonPins(await createPinHasher(randomBytes(32)), () => []);
  ada = (await store.people.add(aPerson({ number: '1815' }))).id;
});

function kiosk() {
  const checkin = createCheckinService({
    store,
    recogniser: { off: null } as unknown as Recogniser,
    pins,
    guard: createPinGuard({ store, now: () => now }),
    subjects: numberSubjects(randomBytes(32)),
    claims: { take: () => ({}) as never },
    site: defaultSite(true),
    now: () => now,
    demo: false,
    elsewhere: () => null,
    startLiveness: () => ({}) as never,
    monotonic: () => now,
    wall: () => now,
    recorded: () => undefined,
    voided: () => undefined,
    log: () => undefined,
  });
  return {
    byPin: (pin: string, number = '1815') => checkin.checkinByPin({ number, pin }),
    choose: (pin: string, code = CODE, number = '1815') => checkin.pinChoose({ number, code, pin }),
  };
}

const HOUR = 3_600_000;
const notified = (code: string | null, id = randomUUID(), expires = START + HOUR): Change => ({
  kind: 'pinCode',
  person: ada,
  code: code === null ? null : { id, hash: pinCodeHash(ada, code), expires: new Date(expires).toISOString() },
});
const person: () => Change = () => ({
  kind: 'person',
  person: ada,
  name: 'Ada Lovelace',
  number: '1815',
  language: 'en',
  gpsOptOut: false,
});
const page = (changes: Change[], whole = false) =>
  store.roster.apply({ whole, ...(whole && { first: true }), more: false, cursor: `c${randomUUID()}`, changes });

test('the code entered as a PIN asks for one; the chosen PIN is valid from then on, and the code no longer', async () => {
  const { byPin, choose } = kiosk();
  await page([notified(CODE)]);
  expect(await codeOf(() => byPin(CODE))).toBe('pin-choose');
  expect((await choose('8642')).receipt).toMatchObject({ name: 'Ada Lovelace', method: 'number+pin' });
  expect((await byPin('8642')).receipt.name).toBe('Ada Lovelace');
  expect(await codeOf(() => byPin(CODE))).toBe('pin-wrong');
  expect(await codeOf(() => choose('9753'))).toBe('pin-wrong');
  // The server learns that a PIN was set. Without a pepper from it, it receives neither the PIN nor a hash.
  const [set] = store.outbox.pending(50).filter((e) => e.header.type === 'pin');
  expect([set!.header.open, Object.keys(set!.personal)]).toEqual([{ change: 'set' }, ['person']]);
});

test('a code is valid only for its person, expires, and can be revoked', async () => {
  const { byPin, choose } = kiosk();
  await store.people.add(aPerson({ number: '7' }));
  await page([notified(CODE)]);
  expect(await codeOf(() => byPin(CODE, '7'))).toBe('pin-wrong');
  expect(await codeOf(() => choose('8642', '402715938265'))).toBe('pin-wrong');
  now = START + HOUR;
  expect(await codeOf(() => byPin(CODE))).toBe('pin-wrong');
  now = START;
  await page([notified(null)]);
  expect(await codeOf(() => byPin(CODE))).toBe('pin-wrong');
});

test('guesses at a code lock the number as guesses at a PIN do', async () => {
  const { byPin } = kiosk();
  await page([notified(CODE)]);
  const codes: string[] = [];
  for (let i = 0; i < 6; i++) codes.push(await codeOf(() => byPin(`00000000000${i}`)));
  expect(codes.slice(-2)).toEqual(['pin-locked', 'pin-locked']);
  expect(await codeOf(() => byPin(CODE))).toBe('pin-locked');
});

test('a weak PIN, or the code itself, is refused, and uses nothing up', async () => {
  const { choose } = kiosk();
  await page([notified(CODE)]);
  expect(await codeOf(() => choose('1111'))).toBe('pin-weak');
  expect(await codeOf(() => choose('4321'))).toBe('pin-weak');
  expect(await codeOf(() => choose(CODE))).toBe('pin-weak');
  await expect(choose('8642')).resolves.toBeDefined();
});

test('a used code stays used: neither a page that sends it again, nor a snapshot, nor a restart restores it; another code works', async () => {
  const id = randomUUID();
  await page([notified(CODE, id)]);
  await kiosk().choose('8642');
  store.outbox.acknowledge(store.epoch, { committed: store.outbox.count(), safe: 0 });
  await page([notified(CODE, id)]);
  await page([person(), notified(CODE, id)], true);
  await page([notified(null)]);
  await page([notified(CODE, id)]);
  store.close();
  store = await openKiosk(home, {}, { clock: heldClock(START) });
  expect(await codeOf(() => kiosk().byPin(CODE))).toBe('pin-wrong');
  await page([notified('555544443333')]);
  expect(await codeOf(() => kiosk().byPin('555544443333'))).toBe('pin-choose');
});

test('a snapshot without a code removes it; so does deleting its person, with every trace', async () => {
  await page([notified(CODE)]);
  await page([person()], true);
  expect(store.pins.code(ada, now)).toBeNull();
  const rows = () => store.session.db.prepare('SELECT count(*) FROM pin_code').pluck().get();
  await page([notified(CODE)]);
  await page([{ kind: 'removed', person: ada }]);
  expect(rows()).toBe(0);
  await page([person(), notified(CODE)]);
  expect(rows()).toBe(1);
  await page([{ kind: 'erase', request: randomUUID(), person: ada }]);
  expect(rows()).toBe(0);
});
