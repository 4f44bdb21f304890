import { sql } from 'kysely';
import type { StaffRecord } from '../../../protocol/api/fleet.ts';
import { EventHeader, type Open } from '../../../protocol/wire/event.ts';
import { actorOf, staffNames } from '../../core/staff/store.ts';
import type { Db } from '../../platform/database/schema.ts';
import { instantOf } from '../../platform/instant.ts';
import type { Keys } from '../../platform/keys/envelope.ts';

/** How many are shown; the log of events has them all. */
const SHOWN = 50;

/** What staff did at one kiosk, newest first, by the events that it sent: exactly once, and in its chain. Nobody it was done to is named. */
export async function staffLogOf(db: Db, keys: Keys, device: string, now: Date): Promise<StaffRecord[]> {
  const { rows } = await sql<{ id: string; header: unknown }>`
    select id, header from event
    where device = ${device}::uuid and (type = 'staff' or header->'open' ? 'by')
    order by at desc, id desc limit ${SHOWN}`.execute(db);
  const read = rows.map(({ id, header }) => ({ id, header: EventHeader.parse(header) }));
  const names = await staffNames(
    db,
    keys,
    read.flatMap(({ header: { open } }) => [open.by, open.member].filter((one) => typeof one === 'string')),
  );
  return read.map(({ id, header }) => {
    const open = header.open as Partial<Open<'staff'>>;
    const other = open.member !== undefined && open.member !== open.by ? open.member : null;
    return {
      id,
      at: instantOf(header, now).toISOString(),
      what: open.what ?? (header.type === 'health' ? open.code! : header.type),
      outcome: open.outcome ?? 'done',
      code: header.type === 'health' ? null : (open.code ?? null),
      by: actorOf(open.by, names),
      member: other && (names.get(other) ?? null),
    };
  });
}
