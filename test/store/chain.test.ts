import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalText,
  commitment,
  counterOf,
  headerOf,
  headerText,
  Instants,
  uuidBytes,
  uuidText,
  uuidV7,
} from '../../electron/core/store/header.ts';
import { canonicalBytes, commit, headerHash } from '../../sync/protocol/seal/chain.ts';
import { EventHeader, GENESIS, Uuid } from '../../sync/protocol/wire/event.ts';
import { aPerson, newFolder, openKiosk, someCheckins } from './kiosk.ts';

const hash43 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((b) => Buffer.from(b).toString('base64url'));
const parts = fc.record({
  id: fc.uuid(),
  device: fc.uuid(),
  epoch: fc.uuid(),
  seq: fc.integer({ min: 1, max: 2 ** 32 }),
  utc: fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((d) => d.toISOString()),
  monotonic: fc.double({ min: 0, max: 1e13, noNaN: true }),
  bootId: fc.string({ maxLength: 40, unit: 'grapheme' }),
  offset: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
  type: fc.constantFrom('checkin', 'void', 'person', 'health'),
  open: fc.dictionary(fc.string({ maxLength: 8, unit: 'grapheme' }), fc.jsonValue({ maxDepth: 2 })),
  personal: fc.dictionary(fc.constantFrom('person', 'score', 'second', 'gps', 'photo', 'name', 'Z', 'a9'), hash43),
  prev: hash43,
});

describe('canonical form', () => {
  it('of a hand-built header follows RFC 8785, like the library’s', () => {
    fc.assert(
      fc.property(parts, ({ open, personal, ...p }) => {
        const fields = Object.keys(personal).sort();
        const whole = { ...p, openText: canonicalText(open), fields, commitments: fields.map((f) => personal[f]!) };
        expect(headerText(whole)).toBe(canonicalBytes(headerOf(whole)).toString('utf8'));
      }),
      { numRuns: 300 },
    );
  });

  it('of any JSON value, and its commitment, match the protocol', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.uint8Array({ minLength: 16, maxLength: 16 }), (value, salt) => {
        const text = canonicalText(value);
        expect(text).toBe(canonicalBytes(value).toString('utf8'));
        expect(commitment(salt, text)).toBe(commit(Buffer.from(salt).toString('base64url'), value));
      }),
      { numRuns: 300 },
    );
  });
});

describe('instants', () => {
  it('print as RFC 3339 with milliseconds, whatever was printed before', () => {
    const instants = new Instants();
    fc.assert(
      fc.property(fc.integer({ min: -62e12, max: 2e14 }), fc.integer({ min: 0, max: 2000 }), (ms, more) => {
        for (const one of [ms, ms + more]) expect(instants.text(one)).toBe(new Date(one).toISOString());
      }),
    );
  });
});

describe('event ids', () => {
  it('are UUIDv7 of their millisecond and contain their counter', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }), (ms, counter) => {
        const id = uuidV7(ms, counter, randomBytes);
        const text = uuidText(id);
        expect(Uuid.parse(text)).toBe(text);
        expect([text[14], Number.parseInt(text.replaceAll('-', '').slice(0, 12), 16), counterOf(id)]).toEqual([
          '7',
          ms,
          counter,
        ]);
        expect(uuidBytes(text)).toEqual(id);
        expect(uuidText(uuidV7(ms, counter, randomBytes))).not.toBe(text);
      }),
    );
  });
});

/** Verifies the chain as a server does: only headers, from the start of an epoch. */
function verify(headers: readonly EventHeader[]): boolean {
  let prev = GENESIS;
  return headers.every((header, i) => {
    const fits = header.prev === prev && header.seq === i + 1;
    prev = headerHash(header);
    return fits;
  });
}

describe('the chain', () => {
  it('verifies from the wire alone, whichever personal values were deleted', async () => {
    const store = await openKiosk(newFolder());
    const gone = await store.people.add(aPerson({ photo: new Uint8Array(99) }));
    const stays = await store.people.add(aPerson());
    await someCheckins(store, gone.id, 3, { photo: new Uint8Array(200), gps: 'sealed' });
    await someCheckins(store, stays.id, 3, { photo: new Uint8Array(200), gps: 'sealed' });
    const headers = () => store.outbox.pending(1000).map((e) => EventHeader.parse(e.header));
    const before = headers();
    await store.people.delete(gone.id);
    await store.removal.purgePhotos(new Date(Date.now() + 86_400_000).toISOString());
    store.removal.purgeGps(new Date(Date.now() + 86_400_000).toISOString());
    const after = store.outbox.pending(1000);
    expect(after.slice(0, before.length).map((e) => e.header)).toEqual(before);
    expect(verify(headers())).toBe(true);
    const left = after.filter((e) => e.header.type === 'checkin').map((e) => Object.keys(e.personal).sort());
    expect(left).toEqual([[], [], [], ...Array(3).fill(['person', 'score', 'second'])]);
    expect((await store.check()).problems).toEqual([]);
  });

  it('breaks if any field of any header is changed', async () => {
    const store = await openKiosk(newFolder());
    const { id } = await store.people.add(aPerson());
    await someCheckins(store, id, 4);
    const headers = store.outbox.pending(1000).map((e) => e.header);
    expect(verify(headers)).toBe(true);
    const text = headers.map((h) => canonicalBytes(h).toString('utf8'));
    fc.assert(
      // Nothing holds the last header yet; the server's ack and the next event will.
      fc.property(
        fc.integer({ min: 0, max: headers.length - 2 }),
        fc.nat(),
        fc.integer({ min: 1, max: 127 }),
        (i, at, flip) => {
          const bytes = Buffer.from(text[i]!);
          bytes[at % bytes.length]! ^= flip;
          let altered: EventHeader;
          try {
            altered = JSON.parse(bytes.toString('utf8')) as EventHeader;
            if (canonicalBytes(altered).equals(Buffer.from(text[i]!))) return; // the same header, written differently
          } catch {
            return; // no longer a header
          }
          expect(verify(headers.with(i, altered))).toBe(false);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('in the store file: the check finds any changed column of any event, and a removed event', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const { id } = await store.people.add(aPerson());
    await someCheckins(store, id, 3);
    const { db } = store.session;
    db.exec('DROP TRIGGER event_never_changes; DROP TRIGGER event_stays_until_safe');
    const codes = async () => [...new Set((await store.check()).problems.map((p) => p.code))];
    expect(await codes()).toEqual([]);
    const columns = {
      utc: 'utc + 1',
      monotonic: 'monotonic + 1',
      offset: '"offset" + 1',
      type: '1',
      shared: "(SELECT ref FROM shared_open WHERE text LIKE '%added%' LIMIT 1)",
      fields: '(fields & ~4) | 32',
      digests: "substr(digests, 1, 127) || x'00'",
      id: "substr(id, 1, 15) || x'00'",
    };
    for (const [column, value] of Object.entries(columns)) {
      db.exec('SAVEPOINT s');
      db.exec(
        `UPDATE event SET "${column}" = CAST(${value} AS ${['digests', 'id'].includes(column) ? 'BLOB' : ['utc', 'offset', 'shared', 'fields', 'type', 'monotonic'].includes(column) ? 'INTEGER' : 'TEXT'}) WHERE n = 5`,
      );
      expect(await codes(), column).toContain('chain-broken');
      db.exec('ROLLBACK TO s; RELEASE s');
    }
    expect(await codes()).toEqual([]);
    db.exec("SAVEPOINT s; UPDATE event SET digests = CAST(x'00' || substr(digests, 2) AS BLOB) WHERE n = 5");
    expect(await codes()).toContain('chain-broken');
    db.exec('ROLLBACK TO s; RELEASE s');
    db.exec(`SAVEPOINT s; UPDATE shared_open SET text = replace(text, '"in"', '"out"')`);
    expect(await codes()).toContain('chain-broken');
    db.exec('ROLLBACK TO s; RELEASE s');
    expect(await codes()).toEqual([]);
    db.exec('PRAGMA foreign_keys = OFF; DELETE FROM event WHERE n = 5');
    expect(await codes()).toEqual(expect.arrayContaining(['events-missing', 'chain-broken']));
  });
});
