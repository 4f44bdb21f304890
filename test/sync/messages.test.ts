import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { deviceRequest } from '../../sync/edge/identity.ts';
import { Problem } from '../../sync/errors/problem.ts';
import { openAck } from '../../sync/protocol/seal/ack.ts';
import { sealAsk } from '../../sync/protocol/seal/ask.ts';
import { sealBatch } from '../../sync/protocol/seal/batch.ts';
import { keyId } from '../../sync/protocol/seal/keys.ts';
import { openPage } from '../../sync/protocol/seal/page.ts';
import { messageDigest, openRejection } from '../../sync/protocol/seal/rejection.ts';
import { type Ask, MAX_PRESENCE, type Page } from '../../sync/protocol/wire/changes.ts';
import { Inventory } from '../../sync/protocol/wire/fleet.ts';
import type { ServerKeys } from '../../sync/protocol/wire/keys.ts';
import { type MessageContext, refuseMessage, takeMessage } from '../../sync/server/app/devices/messages.ts';
import { kiosksToNudge } from '../../sync/server/app/downstream/nudges.ts';
import { readPresence } from '../../sync/server/app/downstream/read.ts';
import { revokeDevice } from '../../sync/server/core/devices/registry.ts';
import { DEFAULT_SCOPE } from '../../sync/server/core/sites/sites.ts';
import { appendChanges, keysChanged } from '../../sync/server/platform/changes/log.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import type { Keys } from '../../sync/server/platform/keys/envelope.ts';
import type { Keyring } from '../../sync/server/platform/keys/keyring.ts';
import { succeedKey } from '../../sync/server/platform/keys/succession.ts';
import { codeOf } from '../kit/client.ts';
import { DATABASES } from '../kit/databases.ts';
import { withDatabase } from '../kit/suite.ts';
import { Target, type Kiosk as TargetKiosk } from '../security/target.ts';

let keys: Keys;
let database: OpenDatabase;
let keyring: Keyring;
let context: MessageContext;
let notified: string[] = [];
let target: Target;
withDatabase(DATABASES[0]!, async (opened) => {
  database = opened;
  target = await Target.open(database);
  ({ keys, keyring } = target);
  context = {
    ...target.context,
    onChange: () => notified.push('board'),
    onKioskChange: () => notified.push('kiosks'),
  };
});

/** A registered kiosk with its keys and the server keys that it pins. */
interface Kiosk extends TargetKiosk {
  pinned: ServerKeys;
}
let kiosk: Kiosk;
beforeEach(async () => {
  kiosk = await newKiosk();
  notified = [];
});

const newKiosk = async (): Promise<Kiosk> => ({ ...(await target.kiosk()), pinned: keyring.publicKeys });

const trusts = (k: Kiosk) => Promise.all(k.pinned.signing.map((key) => keyId(key)));
const batch = async (k = kiosk, withTrusts = true) =>
  sealBatch(
    k.box.pending(100),
    {
      signing: k.secret.signing,
      server: k.pinned.sealing,
      serverId: keyring.serverId,
      ...(withTrusts && { trusts: await trusts(k) }),
    },
    new Date().toISOString(),
  );
const changes = async (k: Kiosk, cursor = ''): Promise<Ask> => ({
  what: 'changes',
  epoch: k.box.epoch,
  cursor,
  limit: 200,
  trusts: await trusts(k),
  presenceAfter: null,
});
const sealed = (k: Kiosk, ask: Ask, jti: string) =>
  sealAsk(
    ask,
    { device: k.box.device, signing: k.secret.signing, server: k.pinned.sealing, serverId: keyring.serverId },
    jti,
  );
const take = (k: Kiosk, kind: 'batch' | 'ask', message: string, more = {}) =>
  takeMessage(context, { kind, sealed: message, device: k.box.device, ...more });
const open = (k: Kiosk, answer: string, jti: string) =>
  openPage(answer, { sealing: k.secret.sealing, trusted: k.pinned.signing }, { device: k.box.device, jti });
async function ask(k: Kiosk, what?: Ask): Promise<Extract<Page, { what: 'changes' }>> {
  const jti = randomUUID();
  const page = await open(k, await take(k, 'ask', await sealed(k, what ?? (await changes(k)), jti)), jti);
  if (page.what !== 'changes') throw new Error('not changes');
  return page;
}
const ackOf = (k: Kiosk, signed: string) =>
  openAck(signed, k.pinned.signing, { device: k.box.device, epoch: k.box.epoch });

describe('a batch', () => {
  test('is answered by a signed ack after its commit, and a replay by the same marks', async () => {
    const person = kiosk.box.person('Ada Lovelace');
    kiosk.box.checkin(person);
    const message = await batch();
    for (let i = 0; i < 2; i++)
      expect(await ackOf(kiosk, await take(kiosk, 'batch', message))).toMatchObject({
        committed: 2,
        safe: 0,
        logEpoch: database.logEpoch,
      });
    expect(notified).toEqual(['board', 'kiosks', 'board']);
  });

  test('of only check-ins nudges no kiosk', async () => {
    const person = kiosk.box.person('Ada Lovelace');
    await take(kiosk, 'batch', await batch());
    kiosk.box.acknowledge(kiosk.box.epoch, { committed: 1, safe: 0 });
    notified = [];
    kiosk.box.checkin(person);
    await take(kiosk, 'batch', await batch());
    expect(notified).toEqual(['board']);
  });

  test('can’t be sent as an ask, nor an ask as a batch', async () => {
    kiosk.box.person('Ada Lovelace');
    expect(await codeOf(take(kiosk, 'ask', await batch()))).toMatch(/^ask-/);
    expect(await codeOf(take(kiosk, 'batch', await sealed(kiosk, await changes(kiosk), randomUUID())))).toBe(
      'batch-malformed',
    );
  });

  test('of a device under another’s name is refused', async () => {
    const other = await newKiosk();
    other.box.person('Mallory');
    expect(await codeOf(take(kiosk, 'batch', await batch(other)))).toBe('wrong-issuer');
  });
});

describe('revocation', () => {
  test.each(['batch', 'ask'] as const)('takes effect at the next message: %s', async (kind) => {
    kiosk.box.person('Ada Lovelace');
    const message = kind === 'batch' ? await batch() : await sealed(kiosk, await changes(kiosk), randomUUID());
    await take(kiosk, kind, message);
    await revokeDevice(database.db, kiosk.box.device, new Date());
    expect(await codeOf(take(kiosk, kind, message))).toBe('device-revoked');
    expect(await codeOf(takeMessage(context, { kind, sealed: message, device: randomUUID() }))).toBe('unknown-device');
  });
});

describe('an ask', () => {
  test('is answered by a page that only that device can open, with its epoch’s ack', async () => {
    kiosk.box.person('Ada Lovelace');
    await take(kiosk, 'batch', await batch());
    const page = await ask(kiosk);
    expect(page).toMatchObject({ whole: true, more: false });
    expect(page.changes.some((c) => c.kind === 'person' && c.name === 'Ada Lovelace')).toBe(true);
    expect(await ackOf(kiosk, page.ack)).toMatchObject({ committed: 1 });
    const jti = randomUUID();
    const other = await newKiosk();
    const answer = await take(kiosk, 'ask', await sealed(kiosk, await changes(kiosk), jti));
    expect(await codeOf(open({ ...other, box: kiosk.box }, answer, jti))).toBe('unknown-sealing-key');
    const late = await database.db
      .selectFrom('device')
      .select('last_heard_at')
      .where('id', '=', kiosk.box.device)
      .executeTakeFirstOrThrow();
    expect(Date.now() - late.last_heard_at!.getTime()).toBeLessThan(60_000);
  });

  test('reports the kiosk’s state, of which the server keeps the newest', async () => {
    const messages = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/messages.json'), 'utf8'));
    const report = Inventory.parse(messages.askWithReport.body.report);
    for (const camera of ['ok', 'covered'])
      await ask(kiosk, { ...(await changes(kiosk)), report: { ...report, camera } } as Ask);
    await ask(kiosk);
    const kept = await database.db
      .selectFrom('device_report')
      .select('report')
      .where('device', '=', kiosk.box.device)
      .execute();
    expect(kept).toEqual([{ report: { ...report, camera: 'covered' } }]);
  });

  test('for a certificate is answered with one, and is all an expired certificate is good for', async () => {
    const { csr } = await deviceRequest(kiosk.secret, 'Door');
    const jti = randomUUID();
    const renew: Ask = { what: 'renew', csr, trusts: await trusts(kiosk) };
    const answer = await take(kiosk, 'ask', await sealed(kiosk, renew, jti), { renewalOnly: 'certificate-expired' });
    expect(await open(kiosk, answer, jti)).toMatchObject({ what: 'renewed', keys: keyring.publicKeys });
    const other = await sealed(kiosk, await changes(kiosk), randomUUID());
    expect(await codeOf(take(kiosk, 'ask', other, { renewalOnly: 'certificate-expired' }))).toBe('certificate-expired');
    kiosk.box.person('Ada Lovelace');
    expect(await codeOf(take(kiosk, 'batch', await batch(), { renewalOnly: 'certificate-expired' }))).toBe(
      'certificate-expired',
    );
  });
});

describe('a certificate that expired during the connection', () => {
  const endsAt = (at: Date) =>
    database.db.updateTable('device').set({ cert_not_after: at }).where('id', '=', kiosk.box.device).execute();

  test('admits only a renewal, whatever the transport says', async () => {
    kiosk.box.person('Ada Lovelace');
    await endsAt(new Date(Date.now() + 60_000));
    await take(kiosk, 'batch', await batch());
    await endsAt(new Date(Date.now() - 1000));
    expect(await codeOf(take(kiosk, 'batch', await batch()))).toBe('certificate-expired');
    const other = await sealed(kiosk, await changes(kiosk), randomUUID());
    expect(await codeOf(take(kiosk, 'ask', other))).toBe('certificate-expired');
    const { csr } = await deviceRequest(kiosk.secret, 'Door');
    const jti = randomUUID();
    const renew: Ask = { what: 'renew', csr, trusts: await trusts(kiosk) };
    expect(await open(kiosk, await take(kiosk, 'ask', await sealed(kiosk, renew, jti)), jti)).toMatchObject({
      what: 'renewed',
    });
    await take(kiosk, 'batch', await batch());
  });
});

describe('when the server’s keys are replaced', () => {
  test('an older kiosk is still understood and answered with a key it trusts, and learns the new ones', async () => {
    const old = kiosk.pinned;
    await succeedKey(database.db, keys, 'signing', Date.now(), (tx) => keysChanged(tx, new Date()));
    await succeedKey(database.db, keys, 'sealing', Date.now(), (tx) => keysChanged(tx, new Date()));
    await keyring.refresh();
    expect(keyring.publicKeys.serial).toBeGreaterThan(old.serial);
    kiosk.box.person('Ada Lovelace');
    expect(await ackOf(kiosk, await take(kiosk, 'batch', await batch()))).toMatchObject({ committed: 1 });
    // A batch that doesn't list its pinned keys is answered by the list it sent before.
    expect(await ackOf(kiosk, await take(kiosk, 'batch', await batch(kiosk, false)))).toMatchObject({ committed: 1 });
    const page = await ask(kiosk);
    const keysChange = page.changes.find((c) => c.kind === 'keys')!;
    expect(keysChange.keys).toEqual(keyring.publicKeys);
    const again = await ask(kiosk, await changes(kiosk, page.cursor));
    expect(again.changes).toEqual([keysChange]);
    kiosk.pinned = keysChange.keys;
    expect((await ask(kiosk, await changes(kiosk, page.cursor))).changes).toEqual([]);
    // From now on it may pin only the new key.
    kiosk.pinned = { ...kiosk.pinned, signing: [kiosk.pinned.signing[0]!] };
    kiosk.box.person('Grace Hopper');
    expect(await ackOf(kiosk, await take(kiosk, 'batch', await batch()))).toMatchObject({ committed: 2 });
  });
});

describe('signals', () => {
  test('a rejection names the message and the code, and only those', async () => {
    const message = { kind: 'batch' as const, sealed: 'x.y.z', device: kiosk.box.device };
    const problem = await take(kiosk, 'batch', message.sealed).then(
      () => null,
      (e: unknown) => e as Problem,
    );
    const signed = await refuseMessage(context, message, problem!);
    const expected = { device: kiosk.box.device, digest: messageDigest(message.sealed) };
    expect(await openRejection(signed, kiosk.pinned.signing, expected)).toMatchObject({ code: 'batch-malformed' });
    const inside = await refuseMessage(
      context,
      message,
      Problem.from({ code: 'Odd code!', message: 'secret detail', nextStep: '' }),
    );
    expect(await openRejection(inside, kiosk.pinned.signing, expected)).toMatchObject({ code: 'internal-error' });
  });

  test('a kiosk with something to fetch is nudged once', async () => {
    const before = await kiosksToNudge(database.db, null);
    expect(before.devices).toEqual([]);
    const site = randomUUID();
    await database.db.insertInto('site').values({ id: site, name: 'Other', time_zone: 'Europe/Berlin' }).execute();
    const elsewhere = await newKiosk();
    await database.db.updateTable('device').set({ site }).where('id', '=', elsewhere.box.device).execute();
    kiosk.box.person('Ada Lovelace');
    await take(kiosk, 'batch', await batch());
    const after = await kiosksToNudge(database.db, before.position);
    expect(after.devices).toContain(kiosk.box.device);
    expect(after.devices).not.toContain(elsewhere.box.device);
    expect(await kiosksToNudge(database.db, after.position)).toEqual({ devices: [], position: after.position });
  });
});

describe('presence', () => {
  const record = async (o: {
    device: string;
    person: string | null;
    received: Date;
    at?: Date;
    resolved?: 'in' | 'out';
    site?: string;
    duplicateOf?: string;
  }) => {
    const id = randomUUID();
    await database.db
      .insertInto('checkin')
      .values({
        id,
        device: o.device,
        site: o.site ?? null,
        at: o.at ?? o.received,
        received_at: o.received,
        direction: 'in',
        automatic: false,
        method: 'face',
        liveness: 'passed',
        person: o.person,
        resolved: o.resolved ?? 'in',
        duplicate_of: o.duplicateOf ?? null,
        change: 0,
      })
      .execute();
    return id;
  };
  const now = new Date();
  const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000);
  const read = (after: string | null, scope: string = DEFAULT_SCOPE) =>
    readPresence(database.db, scope, kiosk.box.device, after, now);
  beforeEach(() => database.db.deleteFrom('checkin').execute());

  test('is the last resolved record of each person at the site, newest first', async () => {
    const other = randomUUID();
    const [ada, grace] = [randomUUID(), randomUUID()];
    await record({ device: other, person: ada, received: ago(500) });
    await record({ device: other, person: ada, received: ago(100), resolved: 'out' });
    await record({ device: other, person: ada, received: ago(90), duplicateOf: randomUUID() });
    await record({ device: other, person: grace, received: ago(50) });
    await record({ device: other, person: null, received: ago(40) });
    await record({ device: other, person: randomUUID(), received: ago(40), site: randomUUID() });
    await record({ device: other, person: randomUUID(), received: ago(40 * 3600) });
    expect(await read(null)).toEqual([
      { person: grace, direction: 'in', at: ago(50).toISOString() },
      { person: ada, direction: 'out', at: ago(100).toISOString() },
    ]);
  });

  test('continues by arrival from slightly before the last known record, so that a late one is not missed', async () => {
    const other = randomUUID();
    const [late, before, own] = [randomUUID(), randomUUID(), randomUUID()];
    await record({ device: other, person: before, received: ago(600) });
    await record({ device: other, person: late, received: ago(60), at: ago(7200) });
    await record({ device: kiosk.box.device, person: own, received: ago(10) });
    expect((await read(ago(120).toISOString())).map((p) => p.person)).toEqual([late]);
    // Committed by a slower replica after a later change had been read.
    expect((await read(ago(0).toISOString())).map((p) => p.person)).toEqual([late]);
    expect((await read(null)).map((p) => p.person).sort()).toEqual([late, before, own].sort());
  });

  test('is sent again when a counted record is voided, with the record that counts instead, however old, and also if it is the reader’s own', async () => {
    const [other, third] = [randomUUID(), (await newKiosk()).box.device];
    const [voided, late, corrected, own] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    const out = { received: ago(300), resolved: 'out' } as const;
    const mistaken = await record({ device: third, person: voided, ...out });
    await record({ device: other, person: voided, received: ago(9000) });
    const mistake = await record({ device: third, person: own, ...out });
    await record({ device: kiosk.box.device, person: own, received: ago(8000) });
    // An earlier record that arrives late from a kiosk that was offline.
    await record({ device: other, person: late, received: ago(300), resolved: 'out' });
    await record({ device: third, person: late, received: ago(10), at: ago(7000) });
    const wrong = await record({ device: other, person: corrected, ...out });
    await record({ device: other, person: corrected, received: ago(6000) });
    const annul = { device: third, event: randomUUID(), reason: 'not-me', at: ago(299), received_at: ago(5) };
    for (const target of [mistaken, mistake])
      await database.db
        .insertInto('checkin_void')
        .values({ target, ...annul })
        .execute();
    const correction = { id: randomUUID(), kind: 'void' as const, target: wrong, person: corrected, made_at: ago(4) };
    await database.db
      .insertInto('correction')
      .values({ ...correction, reason: Buffer.from('') })
      .execute();
    await database.db.updateTable('checkin').set({ superseded_by: correction.id }).where('id', '=', wrong).execute();
    expect((await read(ago(100).toISOString())).map(({ at: _, ...one }) => one)).toEqual([
      { person: late, direction: 'out' },
      { person: corrected, direction: 'in' },
      { person: own, direction: 'in' },
      { person: voided, direction: 'in' },
    ]);
  });

  test('from a kiosk with a fast clock is not in the future', async () => {
    await record({ device: randomUUID(), person: randomUUID(), received: ago(10), at: ago(-3600) });
    expect((await read(null))[0]!.at).toBe(ago(10).toISOString());
    // A reader whose position is in the future still gets the latest records.
    expect(await read(ago(-3600).toISOString())).toHaveLength(1);
  });

  test('is limited to the newest', async () => {
    const other = randomUUID();
    const people = Array.from({ length: MAX_PRESENCE + 5 }, () => randomUUID());
    await database.db
      .insertInto('checkin')
      .values(
        people.map((person, i) => ({
          id: randomUUID(),
          device: other,
          site: null,
          at: ago(i + 1),
          received_at: ago(i + 1),
          direction: 'in' as const,
          automatic: false,
          method: 'face',
          liveness: 'passed',
          person,
          resolved: 'in' as const,
          duplicate_of: null,
          change: 0,
        })),
      )
      .execute();
    const found = await read(null);
    expect(found.map((p) => p.person)).toEqual(people.slice(0, MAX_PRESENCE));
  });

  test('arrives with the page', async () => {
    const person = kiosk.box.person('Ada Lovelace');
    kiosk.box.checkin(person);
    await take(kiosk, 'batch', await batch());
    const reader = await newKiosk();
    expect((await ask(reader)).presence.map((p) => p.person)).toEqual([person]);
  });

  test('is complete with a snapshot and for people a page adds, as when a kiosk moved or someone returned', async () => {
    const person = kiosk.box.person('Ada Lovelace');
    kiosk.box.checkin(person);
    await take(kiosk, 'batch', await batch());
    const hourAgo = new Date(Date.now() - 3_600_000);
    await database.db.updateTable('checkin').set({ at: hourAgo, received_at: hourAgo }).execute();
    const reader = await newKiosk();
    const presenceAfter = new Date().toISOString();
    const of = async (cursor: string) => {
      const page = await ask(reader, { ...(await changes(reader, cursor)), presenceAfter } as Ask);
      return { cursor: page.cursor, people: page.presence.map((p) => p.person) };
    };
    const moved = await of('');
    expect(moved.people).toEqual([person]);
    expect((await of(moved.cursor)).people).toEqual([]);
    await inTransaction(database.db, (tx) =>
      appendChanges(tx, [{ kind: 'person', person, site: DEFAULT_SCOPE }], new Date()),
    );
    expect((await of(moved.cursor)).people).toEqual([person]);
  });
});

describe('the site’s kiosks', () => {
  test('arrive with the page and their last contact, without those of other sites or pending ones', async () => {
    const other = await newKiosk();
    const waiting = await newKiosk();
    await database.db.updateTable('device').set({ status: 'pending' }).where('id', '=', waiting.box.device).execute();
    const elsewhere = await newKiosk();
    const site = randomUUID();
    await database.db.insertInto('site').values({ id: site, name: site, time_zone: 'UTC' }).execute();
    await database.db.updateTable('device').set({ site }).where('id', '=', elsewhere.box.device).execute();
    const { kiosks } = await ask(kiosk);
    const named = new Map(kiosks!.map((one) => [one.device, one]));
    expect(Math.abs(Date.parse(named.get(kiosk.box.device)!.heardAt!) - Date.now())).toBeLessThan(60_000);
    expect(named.get(other.box.device)).toMatchObject({ heardAt: null });
    expect(named.has(waiting.box.device)).toBe(false);
    expect(named.has(elsewhere.box.device)).toBe(false);
    expect((await ask(elsewhere)).kiosks!.map(({ device }) => device)).toEqual([elsewhere.box.device]);
  });
});
