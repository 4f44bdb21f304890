import { sql } from 'kysely';
import { type RulesBySite, rulesBySite } from '../../core/sites/sites.ts';
import { nextChange } from '../../platform/database/feed.ts';
import { onceAcrossReplicas } from '../../platform/database/once.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { type Claimed, closed, daysAround, type Resolved, resolve, type Span } from './rules/resolve.ts';

/** Queue entries per transaction. */
const BATCH = 1000;

/** A person at a site, and the time of a record that changed. */
export interface Due {
  readonly person: string;
  readonly site: string | null;
  readonly at: Date;
}

export interface ResolvedDue {
  /** Number of queue entries processed. */
  readonly taken: number;
  /** Number of records whose direction or duplicate status changed. */
  readonly changed: number;
}

/** Queues days to be resolved. Call it in the transaction that changes them. */
export async function queueDue(tx: Tx, due: readonly Due[]): Promise<void> {
  if (due.length === 0) return;
  // Grouped by minute, not by hour: an hour of UTC may contain the end of one day and the start of the next.
  const minutes = new Map(due.map((d) => [`${d.person} ${d.site} ${Math.floor(d.at.getTime() / 60_000)}`, d] as const));
  const rows = [...minutes.values()];
  await sql`insert into attendance_due (person, site, at)
            select * from unnest(${rows.map((d) => d.person)}::uuid[], ${rows.map((d) => d.site)}::uuid[],
                                 ${rows.map((d) => d.at.toISOString())}::timestamptz[])`.execute(tx);
}

/**
 * Resolves queued days, oldest first, on one replica at a time. Each transaction sees what the one before it committed, so
 * of two batches that arrive at once, the process that takes the later entry sees both.
 *
 * @returns null if another replica is doing it
 */
export function resolveDue(db: Db): Promise<ResolvedDue | null> {
  return onceAcrossReplicas(db, 'attendance', async (tx) => {
    const { rows: due } = await sql<Due>`
      delete from attendance_due where id in (select id from attendance_due order by id limit ${BATCH})
      returning person, site, at`.execute(tx);
    if (due.length === 0) return { taken: 0, changed: 0 };
    return { taken: due.length, changed: await resolveDays(tx, due, await rulesBySite(tx)) };
  });
}

interface Unit {
  readonly person: string;
  readonly site: string | null;
  span: Span;
}

interface Row extends Claimed {
  readonly unit: number;
  readonly resolved: 'in' | 'out';
  readonly duplicateOf: string | null;
}

/** Resolves the days of these instants, and days joined to them by a presence over midnight. @returns number of rows changed */
async function resolveDays(tx: Tx, due: readonly Due[], rules: RulesBySite): Promise<number> {
  let open = unitsOf(due, rules);
  let changed = 0;
  while (open.length > 0) {
    const rows = Map.groupBy(await load(tx, open, rules), (r) => r.unit);
    const wider: Unit[] = [];
    const updates: (Row & { to: Resolved })[] = [];
    for (const [i, unit] of open.entries()) {
      const around = rows.get(i) ?? [];
      const rule = rules.of(unit.site);
      // Includes records that no longer count: a duplicate of one across the day's edge may count from now on.
      const next = closed(unit.span, around, rule);
      if (next) {
        wider.push({ ...unit, span: next });
        continue;
      }
      const inside = around.filter((r) => r.at >= unit.span.from && r.at < unit.span.to);
      const to = resolve(inside, rule);
      for (const r of inside) {
        const wanted = to.get(r.id)!;
        if (r.resolved !== wanted.direction || r.duplicateOf !== wanted.duplicateOf) updates.push({ ...r, to: wanted });
      }
    }
    await write(tx, updates);
    changed += updates.length;
    open = wider;
  }
  return changed;
}

function unitsOf(due: readonly Due[], rules: RulesBySite): Unit[] {
  const units = new Map<string, Unit>();
  for (const { person, site, at } of due) {
    const place = site ?? rules.defaultSite;
    const span = daysAround([at.getTime()], rules.of(place).dayOf);
    units.set(`${person} ${place} ${span.from}`, { person, site: place, span });
  }
  return [...units.values()];
}

async function load(tx: Tx, units: readonly Unit[], rules: RulesBySite): Promise<Row[]> {
  const spans = units.map((u) => {
    const { repeatMs } = rules.of(u.site);
    return { from: u.span.from - repeatMs, to: u.span.to + repeatMs + 1 };
  });
  const text = (ms: number) => new Date(ms).toISOString();
  const { rows } = await sql<{
    unit: number;
    id: string;
    at: Date;
    direction: 'in' | 'out';
    automatic: boolean;
    voided: boolean;
    resolved: 'in' | 'out';
    duplicate_of: string | null;
  }>`
    select (u.n - 1)::int as unit, c.id, c.at, c.direction, c.automatic, c.resolved, c.duplicate_of,
           (c.superseded_by is not null
             or exists (select from checkin_void v where v.target = c.id and v.device = c.device)) as voided
    from unnest(${units.map((u) => u.person)}::uuid[], ${units.map((u) => u.site)}::uuid[],
                ${spans.map((s) => text(s.from))}::timestamptz[], ${spans.map((s) => text(s.to))}::timestamptz[])
         with ordinality as u (person, site, earliest, latest, n),
         lateral (select * from checkin c where c.person = u.person and c.at >= u.earliest and c.at < u.latest
                    and coalesce(c.site, ${rules.defaultSite}::uuid) is not distinct from u.site) as c`.execute(tx);
  return rows.map((r) => ({
    unit: r.unit,
    id: r.id,
    at: r.at.getTime(),
    direction: r.direction,
    automatic: r.automatic,
    voided: r.voided,
    resolved: r.resolved,
    duplicateOf: r.duplicate_of,
  }));
}

async function write(tx: Tx, rows: readonly (Row & { to: Resolved })[]): Promise<void> {
  if (rows.length === 0) return;
  await sql`
    update checkin c set resolved = u.resolved, duplicate_of = u.duplicate_of, change = ${nextChange}
    from unnest(${rows.map((r) => r.id)}::uuid[], ${rows.map((r) => new Date(r.at).toISOString())}::timestamptz[],
                ${rows.map((r) => r.to.direction)}::text[], ${rows.map((r) => r.to.duplicateOf)}::uuid[])
         as u (id, at, resolved, duplicate_of)
    where c.id = u.id and c.at = u.at`.execute(tx);
}
