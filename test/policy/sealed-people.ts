import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { pinPepperId } from '../../sync/protocol/seal/pin-pepper.ts';
import type { WireEvent } from '../../sync/protocol/wire/event.ts';
import { sealedTables } from '../../sync/server/app/key-rotation/sealed.ts';
import { pageOf } from '../../sync/server/app/key-rotation/walk.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { keepPin, peppersChange } from '../../sync/server/core/credentials/pins.ts';
import { addBadge } from '../../sync/server/core/credentials/store.ts';
import { BY_THEMSELVES, writePerson } from '../../sync/server/core/people/records.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import type { Db } from '../../sync/server/platform/database/schema.ts';
import type { Keys, MasterPair } from '../../sync/server/platform/keys/envelope.ts';
import { labelOf } from '../../sync/server/platform/keys/gcm.ts';
import { openKeyring } from '../../sync/server/platform/keys/keyring.ts';
import { keysOf } from '../../sync/server/platform/keys/settings.ts';
import { deliverTo } from '../kit/known-kiosk.ts';
import type { MemoryOutbox } from '../kit/outbox.ts';

const { environment: SEALED } = sealedTables(MODULES);

/** People with a value in every sealed column, and code that opens it. */

export const NOW = new Date('2026-03-02T08:00:00Z');
export const openRing = (db: Db, keys: Keys) =>
  openKeyring(db, keys, { hostnames: ['localhost'], now: () => NOW.getTime() });

/** The hash of a PIN as a kiosk would send it: of no real PIN, and different for each person. */
export const pinHashOf = (person: string): string =>
  `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${Buffer.alloc(33, person).toString('base64').slice(0, 43)}`;

/** Enrols a person with consent, template, check-in, a quarantined event, and what the server itself adds. */
export async function enrol(db: Db, keys: Keys, box: MemoryOutbox, name: string): Promise<string> {
  const from = box.events.length;
  const person = box.person(name);
  box.append('consent', { action: 'given', textVersion: '1', language: 'en' }, { person }, NOW);
  const vector = Buffer.alloc(2048, person).toString('base64url');
  box.append(
    'template',
    { change: 'added', model: 'm', count: 1 },
    { person, templates: [{ id: randomUUID(), pose: 'front', vector }] },
    NOW,
  );
  const card = { id: randomUUID(), sealed: Buffer.alloc(2076, `card ${person}`).toString('base64url') };
  box.append('template', { change: 'added', model: 'm', count: 1 }, { person, card }, NOW);
  const gps = randomBytes(40).toString('base64url');
  box.append(
    'checkin',
    {
      direction: 'in',
      method: 'face',
      liveness: 'off (demo)',
      model: 'm',
      threshold: 0.5,
      gallery: { people: 1, templates: 1 },
    },
    { person, score: 0.8, second: null, gps },
    NOW,
  );
  const events: unknown[] = box.events.slice(from);
  const strange = box.checkin(person) as WireEvent;
  events.push({ ...strange, header: { ...strange.header, v: 99 } });
  await deliverTo(db, keys, box, events, { first: from + 1, now: NOW });
  await inTransaction(db, (tx) =>
    writePerson(
      tx,
      keys,
      {
        id: person,
        patch: { email: `${person}@example.org`, phone: '+44 20', badge: `b-${person}`, number: `n-${person}` },
      },
      NOW,
    ),
  );
  await inTransaction(db, (tx) => addBadge(tx, keys, { person, number: `badge of ${person}` }, BY_THEMSELVES, NOW));
  await inTransaction(db, async (tx) => {
    const pepper = (await peppersChange(tx, keys)).peppers[0]!;
    const pin = { id: person, pepper: pinPepperId(Buffer.from(pepper, 'base64url')), hash: pinHashOf(person) };
    await keepPin(tx, keys, { person, device: box.device, change: 'set', pin }, NOW);
  });
  return person;
}

/**
 * Tries this pair on everything under the environment's keys, whatever version its label names: envelopes of every registered
 * column, and the pgcrypto layer of the records.
 * @returns how many there were to try, and which columns opened
 */
export async function openedByPair(db: Db, pair: MasterPair): Promise<{ tried: number; opened: string[] }> {
  const opened = new Set<string>();
  let tried = 0;
  const known = new Map<number, Keys>();
  /** The pair, presented as that version. */
  const as = (version: number): Keys => {
    const keys = known.get(version) ?? keysOf(pair);
    if (!known.has(version)) keys.settle([{ version, check: keys.check() }], version);
    known.set(version, keys);
    return keys;
  };
  for (const table of SEALED)
    for (const { cells, sealed } of (await pageOf(db, table, null, 100_000)).rows)
      for (const [column, { purpose, place }] of Object.entries(table.columns)) {
        const envelope = sealed[column];
        if (!envelope) continue;
        tried += 1;
        try {
          as(labelOf(envelope)!.version).open(purpose, place(cells), envelope);
          opened.add(`${table.table}.${column}`);
        } catch (cause) {
          if ((cause as { code?: string }).code !== 'envelope-broken') throw cause;
        }
      }
  const people = await db
    .selectFrom('person')
    .select(['id', 'profile'])
    .where('deleted_at', 'is', null)
    .limit(50)
    .execute();
  for (const { id, profile } of people) {
    if (!profile) continue;
    tried += 1;
    try {
      await sql`select pgp_sym_decrypt_bytea(profile, ${as(1).pgcrypto()}) from person where id = ${id}::uuid`.execute(
        db,
      );
      opened.add('person.profile');
    } catch (cause) {
      // pgcrypto: wrong key or corrupt data.
      if ((cause as { code?: string }).code !== '39000') throw cause;
    }
  }
  return { tried, opened: [...opened].sort() };
}
