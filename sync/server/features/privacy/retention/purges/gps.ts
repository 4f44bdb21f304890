import { sql } from 'kysely';
import { Problem } from '../../../../../errors/problem.ts';
import { held } from '../../../../core/people/holds.ts';
import { update } from '../../../../platform/database/rows.ts';
import type { Keys } from '../../../../platform/keys/envelope.ts';
import { openRefused, sealRefused } from '../../../../platform/keys/personal.ts';
import { type PersonBox, peopleOf, personBox } from '../../../../platform/keys/persons.ts';
import { deviceCutoffs } from '../periods.ts';
import { type Purge, type PurgeContext, purgeBatch } from '../purge.ts';

const BATCH = 5000;

/** Positions of check-ins (POLICY P8). */
export const gps: Purge = {
  kind: 'gps',
  /** Rows with a position, and until when those of their device go. */
  async rows({ db, settings, now }) {
    const { devices, sites, before } = await deviceCutoffs(db, settings, 'gpsDays', now);
    const at = sql`e.at`;
    return {
      from: sql`event e join unnest(${devices}::uuid[], ${sites}::uuid[], ${before}::timestamptz[]) as k (device, site, before)
                on k.device = e.device where e.gps is not null`,
      at,
      due: sql`${at} < k.before`,
      isHeld: held({ person: sql`e.person`, site: sql`k.site`, at }),
    };
  },
  async remove(tx, due) {
    const { rows } = await sql<{ person: string | null }>`
      update event set gps = null where id in (select e.id from ${due} limit ${BATCH}) returning person`.execute(tx);
    return { removed: rows.length, people: rows.map((r) => r.person) };
  },
  more: async (context, removed) => (removed > 0 ? 0 : thinQuarantine(context)),
};

/** Entries of the quarantine in one transaction: each is opened. */
const ENTRIES = 100;

/** An event that could not be taken may hold a position too: it goes when its time is over, the rest of the content stays. */
async function thinQuarantine(context: PurgeContext): Promise<number> {
  const { db, keys, settings, now } = context;
  const { devices, sites, before } = await deviceCutoffs(db, settings, 'gpsDays', now);
  const isHeld = held({ person: sql`q.person`, site: sql`k.site`, latest: sql`q.received_at` });
  let after: number | null = 0;
  while (after !== null) {
    const from: number = after;
    const removed = await purgeBatch(context, 'gps', async (tx) => {
      const { rows } = await sql<{ id: number; digest: string; person: string | null; content: Uint8Array }>`
        select q.id, q.digest, q.person, q.content
        from quarantine q join unnest(${devices}::uuid[], ${sites}::uuid[], ${before}::timestamptz[]) as k (device, site, before)
          on k.device = q.device
        where q.id > ${from} and q.content is not null and q.thinned_at is null and q.received_at < k.before
          and not ${isHeld}
        order by q.id limit ${ENTRIES} for update of q`.execute(tx);
      after = rows.length === ENTRIES ? Number(rows.at(-1)!.id) : null;
      const box = await personBox(tx, keys, peopleOf(rows));
      const people: (string | null)[] = [];
      for (const row of rows) {
        const thinned = withoutPosition(keys, box, row);
        if (!thinned) continue;
        await update(tx, 'quarantine', { id: row.id }, { content: thinned.content, thinned_at: now });
        if (thinned.had) people.push(row.person);
      }
      return { removed: people.length, people };
    });
    if (removed > 0) return removed;
  }
  return 0;
}

/** @returns null where the content does not open (a rotation's older key is not at hand): then nobody reads a position there */
function withoutPosition(
  keys: Keys,
  box: PersonBox,
  row: { readonly digest: string; readonly person: string | null; readonly content: Uint8Array },
): { readonly content: Uint8Array; readonly had: boolean } | null {
  let raw: { personal?: { gps?: unknown } | null } | null;
  try {
    raw = openRefused(keys, box, row) as typeof raw;
  } catch (cause) {
    if (cause instanceof Problem) return null;
    throw cause;
  }
  if (raw?.personal?.gps === undefined) return { content: row.content, had: false };
  delete raw.personal.gps;
  return { content: sealRefused(keys, box, { ...row, content: JSON.stringify(raw) }), had: true };
}
