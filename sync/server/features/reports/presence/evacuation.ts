import { randomUUID } from 'node:crypto';
import { Problem } from '../../../../errors/problem.ts';
import type { Evacuation, EvacuationState } from '../../../../protocol/api/presence.ts';
import { requireLiving } from '../../../core/people/living.ts';
import { DEFAULT_SCOPE } from '../../../core/sites/sites.ts';
import { appendChanges, type NewChange } from '../../../platform/changes/log.ts';
import { inTransaction } from '../../../platform/database/retry.ts';
import {
  atMost,
  find,
  findAll,
  findLocked,
  findSorted,
  insertNew,
  not,
  remove,
} from '../../../platform/database/rows.ts';
import type { Db, Row, Tx } from '../../../platform/database/schema.ts';
import type { Job } from '../../../platform/jobs/job.ts';
import { reportSite } from '../day.ts';
import { countInside, type SiteId } from './inside.ts';

/**
 * The roll call of an evacuation, shared by everybody who has the page open, and by the kiosks of the site. Who someone
 * accounted for is kept while it goes on; from its end only the two counts are.
 */

/** One that nobody ended ends by itself after this, ms. */
export const LONGEST_EVACUATION_MS = 24 * 60 * 60 * 1000;

export async function readEvacuation(db: Db, site: SiteId): Promise<EvacuationState> {
  const current = await find(db, 'evacuation', { site: site.id, ended_at: null });
  const ended = { site: site.id, ended_at: not(null) };
  const [last] = await findSorted(db, 'evacuation', ended, ['ended_at'], { descending: true, limit: 1 });
  const marks = current ? await findAll(db, 'evacuation_mark', { evacuation: current.id, missing: false }) : [];
  return {
    current: current ? shown(current) : null,
    accounted: marks.map((m) => ({ person: m.person, at: m.at.toISOString(), by: m.by, device: m.device })),
    last: last ? shown(last) : null,
  };
}

/** Starts one, and notifies the kiosks of the site. Where one goes on already, that one is it. */
export async function beginEvacuation(tx: Tx, site: SiteId, by: string | null, now: Date): Promise<Evacuation> {
  await insertEvacuation(tx, { id: randomUUID(), site: site.id, started_at: now, started_by: by });
  await appendChanges(tx, [evacuationOf(site)], now);
  return (await readEvacuation(tx, site)).current!;
}

/** The row alone; none where one goes on, or had this id. */
export async function insertEvacuation(
  tx: Tx,
  row: Pick<Row<'evacuation'>, 'id' | 'site' | 'started_at' | 'started_by'>,
): Promise<void> {
  await insertNew(tx, 'evacuation', row);
}

/** What has the kiosks of a site hear how it stands there. */
export const evacuationOf = (site: SiteId): NewChange => ({
  kind: 'evacuation',
  site: scopeOfSite(site),
});

const scopeOfSite = ({ id, isDefault }: SiteId): string => (id === null || isDefault ? DEFAULT_SCOPE : id);

/** A person was seen outside, or is `missing` after all: marked by mistake. @throws Problem `evacuation-over`, `person-unknown` */
export async function markPerson(
  tx: Tx,
  mark: Pick<Mark, 'evacuation' | 'person' | 'by' | 'missing'>,
  siteOf: SiteOf,
  now: Date,
): Promise<void> {
  const { site } = await going(tx, mark.evacuation);
  await requireLiving(tx, mark.person, 'none');
  await putMark(tx, { ...mark, device: null }, now);
  await appendChanges(tx, [markOf(await siteOf(site), mark.person)], now);
}

const markOf = (site: SiteId, person: string): NewChange => ({
  kind: 'accounted',
  person,
  site: scopeOfSite(site),
});

export interface Mark {
  readonly evacuation: string;
  readonly person: string;
  readonly by: string | null;
  readonly device: string | null;
  readonly missing: boolean;
}

/** The latest word counts; the same again stays as it was first said. @returns whether it is news */
export async function putMark(tx: Tx, mark: Mark, at: Date): Promise<boolean> {
  const { by, device, missing } = mark;
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('evacuation_mark')
    .values({ ...mark, at })
    .onConflict((c) =>
      c
        .columns(['evacuation', 'person'])
        .doUpdateSet({ by, device, missing, at })
        .where('evacuation_mark.missing', '<>', missing)
        .where('evacuation_mark.at', '<=', at),
    )
    .executeTakeFirst();
  return Number(numInsertedOrUpdatedRows) > 0;
}

export type SiteOf = (id: string | null) => Promise<SiteId>;

/** Everybody is accounted for, or it was an exercise. @throws Problem `evacuation-over` */
export async function endEvacuation(tx: Tx, evacuation: string, siteOf: SiteOf, now: Date): Promise<Evacuation> {
  const row = await going(tx, evacuation);
  const site = await siteOf(row.site);
  const { inside, accounted } = await countInside(tx, site, now, evacuation);
  await remove(tx, 'evacuation_mark', { evacuation });
  const ended = await tx
    .updateTable('evacuation')
    .set({ ended_at: now, inside, accounted })
    .where('id', '=', evacuation)
    .returningAll()
    .executeTakeFirstOrThrow();
  await appendChanges(tx, [evacuationOf(site)], now);
  return shown(ended);
}

/** Locks the row, so that nobody is marked while it ends. */
async function going(tx: Tx, id: string): Promise<Row<'evacuation'>> {
  const row = await findLocked(tx, 'evacuation', { id });
  if (row && row.ended_at === null) return row;
  throw new Problem('evacuation-over');
}

const shown = (row: Row<'evacuation'>): Evacuation => ({
  id: row.id,
  site: row.site,
  startedAt: row.started_at.toISOString(),
  endedAt: row.ended_at?.toISOString() ?? null,
  inside: row.inside,
  accounted: row.accounted,
});

/** Evacuations that nobody ended: who they accounted for is kept no longer than a day. */
export const forgottenEvacuationsJob: Job = {
  name: 'forgotten-evacuations',
  everyMs: 60 * 60 * 1000,
  run: ({ db, now }) =>
    inTransaction(db, async (tx) => {
      const at = now();
      const longAgo = atMost(new Date(at.getTime() - LONGEST_EVACUATION_MS));
      const forgotten = await findAll(tx, 'evacuation', { ended_at: null, started_at: longAgo }, ['id']);
      for (const { id } of forgotten)
        await endEvacuation(tx, id, (site) => reportSite(tx, site ?? undefined, 'UTC'), at);
      return { ended: forgotten.length };
    }),
};
