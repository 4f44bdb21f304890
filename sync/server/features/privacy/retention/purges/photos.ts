import { sql } from 'kysely';
import { held } from '../../../../core/people/holds.ts';
import { sweepPhotoObjects } from '../../../../core/photos/objects.ts';
import { deviceCutoffs } from '../periods.ts';
import type { Purge } from '../purge.ts';

const BATCH = 500;

/** Photos of check-ins (POLICY P6), with all their pieces. Those of an enrolment stay until their person is erased. */
export const photos: Purge = {
  kind: 'photos',
  async rows({ db, settings, now }) {
    const { devices, sites, before } = await deviceCutoffs(db, settings, 'photoDays', now);
    const at = sql`least(e.at, p.expected_at)`;
    return {
      from: sql`photo p join unnest(${devices}::uuid[], ${sites}::uuid[], ${before}::timestamptz[]) as k (device, site, before)
                on k.device = p.device left join event e on e.id = p.event where p.kind = 'checkin'`,
      at,
      due: sql`${at} < k.before`,
      isHeld: held({ person: sql`p.person`, site: sql`k.site`, at }),
    };
  },
  async remove(tx, due) {
    const { rows } = await sql<{ person: string }>`
      with due as (select p.device, p.address from ${due} limit ${BATCH})
      delete from photo using due where photo.device = due.device and photo.address = due.address
      returning photo.person`.execute(tx);
    return { removed: rows.length, people: rows.map((r) => r.person) };
  },
  async more(context, removed) {
    // Every version of their objects, once the last batch has gone.
    if (removed === 0 && context.objects) await sweepPhotoObjects(context.db, context.objects);
    return 0;
  },
};
