import type { Transaction } from 'kysely';
import type { EventType, Open, Personal, WireEvent } from '../../protocol/wire/event.ts';
import { missingCase } from '../../protocol/wire/problem.ts';
import type { Tables } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import { nextChange, touchCheckin } from './feed.ts';
import { applyPerson, tombstoned } from './people.ts';

/** Carries one new event of the log into the tables that screens read. Runs inside the ingest's transaction. */
export async function project(tx: Transaction<Tables>, keys: Keys, event: WireEvent, now: Date): Promise<void> {
  const { type } = event.header;
  switch (type) {
    case 'checkin':
      return checkin(tx, event, now);
    case 'void':
      return voided(tx, event);
    case 'person':
      return applyPerson(tx, keys, openOf(event, 'person').change, personalOf(event, 'person'), now);
    case 'consent':
    case 'template':
    case 'pin':
    case 'purge':
    case 'erasureDone':
    case 'health':
      // In the log; no screen reads them yet.
      return;
    default:
      return missingCase(type);
  }
}

async function checkin(tx: Transaction<Tables>, event: WireEvent, now: Date): Promise<void> {
  const { header } = event;
  const open = openOf(event, 'checkin');
  const person = personalOf(event, 'checkin').person ?? null;
  const erased = person !== null && (await tombstoned(tx, [person])).size > 0;
  await tx
    .insertInto('checkin')
    .values({
      id: header.id,
      device: header.device,
      at: header.at.utc,
      received_at: now,
      direction: open.direction,
      method: open.method,
      liveness: open.liveness,
      person: erased ? null : person,
      change: nextChange,
    })
    .execute();
}

/** A void counts for a check-in of the same device alone; it may arrive before it. */
async function voided(tx: Transaction<Tables>, event: WireEvent): Promise<void> {
  const { header } = event;
  const { target, reason } = openOf(event, 'void');
  await tx
    .insertInto('checkin_void')
    .values({ target, device: header.device, event: header.id, reason, at: header.at.utc })
    .onConflict((c) => c.columns(['target', 'device']).doNothing())
    .execute();
  await touchCheckin(tx, target);
}

// The schemas were checked on the way in (checkEvent); these only name the type.
function openOf<T extends EventType>(event: WireEvent, _type: T): Open<T> {
  return event.header.open as Open<T>;
}

function personalOf<T extends EventType>(event: WireEvent, _type: T): Personal<T> {
  return Object.fromEntries(Object.entries(event.personal).map(([field, { value }]) => [field, value])) as Personal<T>;
}
