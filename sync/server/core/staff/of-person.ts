import { sql } from 'kysely';
import type { PersonStaff } from '../../../protocol/api/people.ts';
import { EventHeader } from '../../../protocol/wire/event.ts';
import type { Db } from '../../platform/database/schema.ts';
import { instantOf } from '../../platform/instant.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { sameAs } from '../people/group.ts';
import { actorOf, staffNames } from './store.ts';

/** How many are shown; the log of events has them all. */
const SHOWN = 50;

type What = PersonStaff['items'][number]['what'];

/** What staff of kiosks did about a person, newest first; their records of attendance have it themselves (features/attendance/search.ts). */
export async function staffOfPerson(db: Db, keys: Keys, person: string, now: Date): Promise<PersonStaff['items']> {
  const { rows } = await sql<{ id: string; device: string; header: unknown }>`
    select id, device, header from event
    where person = any(${await sameAs(db, [person])}::uuid[]) and header->'open' ? 'by'
      and type in ('person', 'consent', 'template', 'credential', 'pin', 'lookalike')
    order by at desc, id desc limit ${SHOWN}`.execute(db);
  const read = rows.map(({ id, device, header }) => {
    const parsed = EventHeader.parse(header);
    return { id, device, header: parsed, open: parsed.open as { by: string; change?: string; action?: string } };
  });
  const names = await staffNames(
    db,
    keys,
    read.map((r) => r.open.by),
  );
  return read.map(({ id, device, header, open }) => ({
    id,
    device,
    at: instantOf(header, now).toISOString(),
    what: header.type as What,
    change: open.change ?? open.action ?? '',
    by: actorOf(open.by, names)!,
  }));
}
