import { sql } from 'kysely';
import { MAX_SITE_KIOSKS, type SiteKiosk } from '../../../protocol/wire/changes.ts';
import { DEFAULT_SCOPE } from '../../core/sites/sites.ts';
import type { Db } from '../../platform/database/schema.ts';

/** Every kiosk that may speak for a site, by name, with when it was last heard. Names nobody. */
export async function readKiosks(db: Db, scope: string): Promise<SiteKiosk[]> {
  const here =
    scope === DEFAULT_SCOPE
      ? sql`(d.site is null or d.site in (select id from site where is_default))`
      : sql`d.site = ${scope}`;
  const { rows } = await sql<{ id: string; name: string; last_heard_at: Date | null }>`
    select d.id, left(d.name, 100) as name, d.last_heard_at from device d
    where d.status = 'approved' and ${here} order by d.name, d.id limit ${sql.lit(MAX_SITE_KIOSKS)}`.execute(db);
  return rows.map(({ id, name, last_heard_at }) => ({
    device: id,
    name,
    heardAt: last_heard_at === null ? null : new Date(last_heard_at).toISOString(),
  }));
}
