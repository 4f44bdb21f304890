import type { Change } from '../../../../protocol/wire/changes.ts';
import type { Open } from '../../../../protocol/wire/event.ts';
import { DEFAULT_SCOPE } from '../../../core/sites/sites.ts';
import type { NewChange } from '../../../platform/changes/log.ts';
import { atLeast, exists, find, findAll, findLocked, update } from '../../../platform/database/rows.ts';
import type { Db, Tx } from '../../../platform/database/schema.ts';
import { endEvacuation, evacuationOf, insertEvacuation, LONGEST_EVACUATION_MS, putMark } from './evacuation.ts';
import type { SiteId } from './inside.ts';

/** The roll call as kiosks speak of it: what they say, and what the kiosks of a site receive. */

type Ongoing = Extract<Change, { kind: 'accounted' }>['evacuation'];
type Seen = Extract<Change, { kind: 'accounted' }>['seen'];

/** The site whose kiosks read a scope. */
async function siteOfScope(db: Db, scope: string): Promise<SiteId> {
  if (scope !== DEFAULT_SCOPE) return { id: scope, isDefault: false };
  const row = await find(db, 'site', { is_default: true }, ['id']);
  return { id: row?.id ?? null, isDefault: true };
}

/** The one that goes on at a scope; null: none does. */
export async function ongoingAt(db: Db, scope: string): Promise<Ongoing | null> {
  const { id: site } = await siteOfScope(db, scope);
  const row = await find(db, 'evacuation', { site, ended_at: null });
  return row ? { id: row.id, startedAt: row.started_at.toISOString() } : null;
}

/** Who of these people was seen outside in it. */
export async function seenIn(db: Db, evacuation: string, people: readonly string[]): Promise<Map<string, Seen>> {
  if (people.length === 0) return new Map();
  const rows = await findAll(db, 'evacuation_mark', { evacuation, missing: false, person: people }, [
    'person',
    'at',
    'device',
  ]);
  return new Map(rows.map((r) => [r.person, { at: r.at.toISOString(), device: r.device }]));
}

/**
 * Takes a kiosk's word. Kiosks may have begun without hearing of each other: at the server it is one roll call of the site, and
 * a caller that names another learns which.
 *
 * @param at when it was said, never later than now
 * @returns who to notify
 */
export async function takeRollCall(
  tx: Tx,
  mark: Open<'evacuation'> & { readonly device: string; readonly scope: string; readonly person: string | null },
  at: Date,
  now: Date,
): Promise<NewChange[]> {
  const { device, scope, change, evacuation, person } = mark;
  const site = await siteOfScope(tx, scope);
  const current = await findLocked(tx, 'evacuation', { site: site.id, ended_at: null });
  const own: NewChange = { kind: 'evacuation', device };
  switch (change) {
    case 'started':
      if (current) {
        // People seen at the earlier door were seen in this one.
        if (at < current.started_at) await update(tx, 'evacuation', { id: current.id }, { started_at: at });
        return [own];
      }
      if (await isOver(tx, site, at, now)) return [own];
      await insertEvacuation(tx, { id: evacuation, site: site.id, started_at: at, started_by: null });
      return [evacuationOf(site)];
    case 'ended':
      if (current?.id !== evacuation) return [own];
      await endEvacuation(tx, evacuation, async () => site, now);
      return [];
    case 'accounted':
    case 'missing': {
      if (!current || (current.id !== evacuation && at < current.started_at)) return [own];
      if (!person) return [];
      const mark = { evacuation: current.id, person, by: null, device, missing: change === 'missing' };
      const news = await putMark(tx, mark, at);
      return [news ? { kind: 'accounted', person, site: scope } : { kind: 'accounted', person, device }];
    }
  }
}

/** A kiosk that comes late begins nothing that ended since, or that would have ended by itself. */
async function isOver(db: Db, site: SiteId, at: Date, now: Date): Promise<boolean> {
  if (now.getTime() - at.getTime() >= LONGEST_EVACUATION_MS) return true;
  return exists(db, 'evacuation', { site: site.id, ended_at: atLeast(at) });
}
