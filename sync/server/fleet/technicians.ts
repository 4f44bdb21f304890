import { sql } from 'kysely';
import type { TechnicianRecord } from '../../protocol/api/fleet.ts';
import { EventHeader, OpenBody, type Personal } from '../../protocol/wire/event.ts';
import { instantOf } from '../attendance/instant.ts';
import type { Db } from '../database/schema.ts';
import { openHalf } from '../ingest/personal.ts';
import type { Keys } from '../keys/envelope.ts';
import { personBox } from '../keys/persons.ts';

/** How many are shown; the log of events has them all. */
const SHOWN = 50;

/** What technicians did at one kiosk, newest first, by the events that it sent: exactly once, and in its chain. */
export async function techniciansAt(db: Db, keys: Keys, device: string, now: Date): Promise<TechnicianRecord[]> {
  const { rows } = await sql<{ id: string; header: unknown; personal: Uint8Array | null; gps: Uint8Array | null }>`
    select id, header, personal, gps from event
    where device = ${device}::uuid and type = 'technician'
    order by at desc, id desc limit ${SHOWN}`.execute(db);
  const nobody = await personBox(db, keys, []);
  return rows.map(({ id, header, personal, gps }) => {
    const read = EventHeader.parse(header);
    const { what, outcome, code = null } = OpenBody.technician.parse(read.open);
    const half = openHalf(keys, nobody, { id, person: null, personal, gps });
    const name = (half.name?.value ?? null) as Personal<'technician'>['name'] | null;
    return { id, at: instantOf(read, now).toISOString(), what, outcome, code, name: name ?? null };
  });
}
