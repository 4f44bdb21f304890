import { randomBytes, randomUUID } from 'node:crypto';
import type { WireEvent } from '../../sync/protocol/wire/event.ts';
import { inTransaction } from '../../sync/server/database/retry.ts';
import type { Db } from '../../sync/server/database/schema.ts';
import { Keys, type MasterPair } from '../../sync/server/keys/envelope.ts';
import { openKeyring } from '../../sync/server/keys/keyring.ts';
import { Secret } from '../../sync/server/keys/secret.ts';
import { writePerson } from '../../sync/server/people/records.ts';
import { deliverTo, knownKiosk } from '../sync/ingest-kit.ts';
import type { MemoryOutbox } from '../sync/kit.ts';

/** What the tests of rotation fill a database with, and look at it by. */

export const NOW = new Date('2026-03-02T08:00:00Z');
export const newPair = (): MasterPair => ({
  encryptionKey: new Secret(randomBytes(32)),
  secretKey: new Secret(randomBytes(32)),
});
export const keysOfPair = (pair: MasterPair, previous: MasterPair | null = null): Keys =>
  new Keys(pair.encryptionKey, pair.secretKey, previous);

export const openRing = (db: Db, keys: Keys) =>
  openKeyring(db, keys, { hostnames: ['localhost'], now: () => NOW.getTime() });

export const kioskOf = (db: Db) => knownKiosk(db, { at: NOW });

export const deliver = (db: Db, keys: Keys, box: MemoryOutbox, events: readonly unknown[], first: number) =>
  deliverTo(db, keys, box, events, { first, now: NOW });

/** Enrols somebody with consent, a template and a check-in, a quarantined event, and what the server itself adds. */
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
  await deliver(db, keys, box, events, from + 1);
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
  return person;
}
