import { sql } from 'kysely';
import type { z } from 'zod';
import type { KioskPurge } from '../../../../protocol/api/retention.ts';
import type { Db } from '../../../platform/database/schema.ts';
import { deviceCutoffs } from './periods.ts';
import type { RetentionSettings } from './settings.ts';

/** A kiosk purges once a day; so much later it is worth a look, ms. */
const GRACE_MS = 2 * 86_400_000;

type Purge = z.output<typeof KioskPurge>;

/**
 * The purges that kiosks do by themselves, network or not, and have reported in `purge` events (POLICY P6: also when
 * one was offline for months).
 */
export async function kioskPurges(db: Db, settings: RetentionSettings, now: Date): Promise<Purge[]> {
  const due = new Map<string, string>();
  for (const [what, days] of [
    ['photos', 'photoDays'],
    ['gps', 'gpsDays'],
  ] as const)
    for (const { device, before } of await deviceCutoffs(db, settings, days, now)) due.set(`${what} ${device}`, before);
  const { rows } = await sql<{
    device: string;
    name: string;
    status: Purge['status'];
    registered_at: Date;
    last_heard_at: Date | null;
    what: Purge['what'];
    before: Date | null;
    at: Date | null;
    removed: number;
  }>`
    select d.id as device, d.name, d.status, d.registered_at, d.last_heard_at, w.what, p.before, p.at,
           coalesce(p.removed, 0)::int as removed
    from device d cross join (values ('photos'), ('gps')) w (what)
    left join (
      select device, header->'open'->>'what' as what, max((header->'open'->>'before')::timestamptz) as before,
             max(received_at) as at, sum((header->'open'->>'removed')::int) as removed
      from event where type = 'purge' group by 1, 2) p on p.device = d.id and p.what = w.what
    order by d.name, d.id, w.what`.execute(db);
  return rows.map((r) => {
    // A kiosk that is new has nothing that old.
    const since = Math.max(r.before?.getTime() ?? 0, r.registered_at.getTime());
    const limit = Date.parse(due.get(`${r.what} ${r.device}`)!) - GRACE_MS;
    return {
      device: r.device,
      name: r.name,
      status: r.status,
      lastHeardAt: r.last_heard_at?.toISOString() ?? null,
      what: r.what,
      purgedBefore: r.before?.toISOString() ?? null,
      confirmedAt: r.at?.toISOString() ?? null,
      removed: r.removed,
      overdue: r.status === 'approved' && since < limit,
    };
  });
}
