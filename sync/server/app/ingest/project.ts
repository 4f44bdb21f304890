import { sql, type Transaction } from 'kysely';
import type { EventType, Open, Personal, WireEvent } from '../../../protocol/wire/event.ts';
import type { Origin } from '../../core/devices/scope.ts';
import { applyPeople, type Standing } from '../../core/people/people.ts';
import { expectPhotos } from '../../core/photos/expect.ts';
import { type Due, queueDue } from '../../features/attendance/resolve.ts';
import { takeAnswers } from '../../features/fleet/commands.ts';
import { keepVerdicts } from '../../features/fleet/rollout/verdicts.ts';
import { keepKioskStatistics } from '../../features/reports/stats/kiosk-statistics.ts';
import { nextChange, thisChange } from '../../platform/database/feed.ts';
import type { Tables } from '../../platform/database/schema.ts';
import { instantOf } from '../../platform/instant.ts';
import type { Keys } from '../../platform/keys/envelope.ts';

/**
 * Carries new events of one device into the tables that screens read, a statement a table. Runs inside the ingest's
 * transaction.
 *
 * @param people standing of everybody these events name (`lockPeople`)
 */
export async function project(
  tx: Transaction<Tables>,
  keys: Keys,
  events: readonly WireEvent[],
  origin: Origin,
  people: ReadonlyMap<string, Standing>,
  now: Date,
): Promise<void> {
  const of = <T extends EventType>(type: T) => events.filter((e) => e.header.type === type);
  const due = [
    ...(await checkins(tx, of('checkin'), origin, people, now)),
    ...(await voids(tx, of('void'), origin.device, now)),
  ];
  await queueDue(tx, due);
  await keepKioskStatistics(tx, of('health'), origin, now);
  await takeAnswers(tx, of('command'), origin.device, now);
  await keepVerdicts(tx, of('health'), origin.device, now);
  await expectPhotos(tx, events, origin.device, people, now);
  await applyPeople(
    tx,
    keys,
    of('person').map((e) => ({
      ...openOf(e, 'person'),
      personal: personalOf(e, 'person'),
      at: instantOf(e.header, now),
    })),
    now,
  );
}

async function checkins(
  tx: Transaction<Tables>,
  events: readonly WireEvent[],
  { device, site }: Origin,
  people: ReadonlyMap<string, Standing>,
  now: Date,
): Promise<Due[]> {
  if (events.length === 0) return [];
  const rows = events.map((event) => {
    const named = personalOf(event, 'checkin').person;
    const standing = named === undefined ? undefined : people.get(named);
    const { direction, automatic, method, liveness } = openOf(event, 'checkin');
    return {
      id: event.header.id,
      at: instantOf(event.header, now).toISOString(),
      direction,
      automatic: automatic ?? false,
      method,
      liveness,
      person: standing && !standing.erased ? standing.now : null,
    };
  });
  const column = <K extends keyof (typeof rows)[number]>(key: K) => rows.map((r) => r[key]);
  await sql`
    insert into checkin (id, at, received_at, device, site, direction, automatic, method, liveness, person, resolved, change)
    select u.id, u.at, ${now.toISOString()}::timestamptz, ${device}::uuid, ${site}::uuid, u.direction, u.automatic,
           u.method, u.liveness, u.person, u.direction, ${thisChange}
    from unnest(${column('id')}::uuid[], ${column('at')}::timestamptz[], ${column('direction')}::text[],
                ${column('automatic')}::boolean[], ${column('method')}::text[], ${column('liveness')}::text[],
                ${column('person')}::uuid[]) as u (id, at, direction, automatic, method, liveness, person)`.execute(tx);
  return rows.flatMap(({ person, at }) => (person ? [{ person, site, at: new Date(at) }] : []));
}

/** A void counts for a check-in of the same device alone; it may arrive before it. */
async function voids(tx: Transaction<Tables>, events: readonly WireEvent[], device: string, now: Date): Promise<Due[]> {
  if (events.length === 0) return [];
  const seen = new Set<string>();
  const rows = events.flatMap((event) => {
    const { target, reason } = openOf(event, 'void');
    if (seen.has(target)) return [];
    seen.add(target);
    return [{ target, device, event: event.header.id, reason, at: instantOf(event.header, now) }];
  });
  await tx
    .insertInto('checkin_void')
    .values(rows)
    .onConflict((c) => c.columns(['target', 'device']).doNothing())
    .execute();
  const { rows: touched } = await sql<{ person: string | null; site: string | null; at: Date }>`
    update checkin set change = ${nextChange}
    where id = any(${[...seen]}::uuid[]) and device = ${device} returning person, site, at`.execute(tx);
  return touched.flatMap(({ person, site, at }) => (person ? [{ person, site, at }] : []));
}

// The schemas were checked on the way in (checkEvent); these only name the type.
function openOf<T extends EventType>(event: WireEvent, _type: T): Open<T> {
  return event.header.open as Open<T>;
}

function personalOf<T extends EventType>(event: WireEvent, _type: T): Personal<T> {
  return Object.fromEntries(Object.entries(event.personal).map(([field, { value }]) => [field, value])) as Personal<T>;
}
