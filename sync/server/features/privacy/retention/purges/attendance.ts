import { sql } from 'kysely';
import { NIL } from 'uuid';
import { held } from '../../../../core/people/holds.ts';
import { olderThan, type Purge } from '../purge.ts';

const BATCH = 2000;

/**
 * Records of check-ins: from then on they are of nobody, with everything personal of the event that they came by. The rows
 * stay, so counts by day and site are what they were.
 */
export const attendance: Purge = {
  kind: 'attendance',
  rows: ({ settings, now }) => ({
    from: sql`checkin c where c.person is not null`,
    at: sql`c.at`,
    due: olderThan(sql`c.at`, settings.attendanceDays, now),
    isHeld: held({ person: sql`c.person`, site: sql`c.site`, at: sql`c.at` }),
  }),
  async remove(tx, due) {
    const { rows } = await sql<{ id: string; person: string }>`
      select c.id, c.person from ${due} order by c.at limit ${BATCH} for update`.execute(tx);
    const ids = rows.map((r) => r.id);
    await sql`update event set person = null, personal = null, gps = null where id = any(${ids}::uuid[])`.execute(tx);
    await sql`update event set person = null, personal = null where id in (
      select v.event from checkin_void v where v.target = any(${ids}::uuid[]))`.execute(tx);
    await sql`update correction set reason = ''::bytea, person = ${NIL}::uuid
      where id = any(${ids}::uuid[]) or target = any(${ids}::uuid[])`.execute(tx);
    // Notes name the person they are about: of the record that someone took back, and of what was said of it.
    await sql`delete from attention_note where (kind = 'void' and ref = any(${ids}::text[]))
      or (kind = 'complaint' and ref in (
        select id::text from complaint where record = any(${ids}::uuid[])))`.execute(tx);
    await sql`delete from complaint where record = any(${ids}::uuid[])`.execute(tx);
    await sql`delete from photo where event = any(${ids}::uuid[])`.execute(tx);
    // What a duplicate is one of would still tie two records of one person together.
    await sql`update checkin set person = null,
        duplicate_of = case when duplicate_of is null then null else ${NIL}::uuid end
      where id = any(${ids}::uuid[])`.execute(tx);
    return { removed: ids.length, people: rows.map((r) => r.person) };
  },
};
