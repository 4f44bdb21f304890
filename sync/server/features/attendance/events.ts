import { sql } from 'kysely';
import { nextChange, thisChange } from '../../platform/database/feed.ts';
import type { Batch, EventOf } from '../../platform/events.ts';
import { instantOf } from '../../platform/instant.ts';
import { queueDue } from './resolve-due.ts';

export async function takeCheckins(
  { tx, device, site, people, now }: Batch,
  events: readonly EventOf<'checkin'>[],
): Promise<void> {
  const rows = events.map((event) => {
    const named = event.personal.person?.value;
    const standing = named === undefined ? undefined : people.get(named);
    const { direction, automatic, method, liveness } = event.header.open;
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
  await queueDue(
    tx,
    rows.flatMap(({ person, at }) => (person ? [{ person, site, at: new Date(at) }] : [])),
  );
}

/** A void counts for a check-in of the same device alone; it may arrive before it. */
export async function takeVoids({ tx, device, now }: Batch, events: readonly EventOf<'void'>[]): Promise<void> {
  const seen = new Set<string>();
  const rows = events.flatMap((event) => {
    const { target, reason } = event.header.open;
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
  await queueDue(
    tx,
    touched.flatMap(({ person, site, at }) => (person ? [{ person, site, at }] : [])),
  );
}
