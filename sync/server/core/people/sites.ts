import { sql } from 'kysely';
import { appendChanges, type NewChange } from '../../platform/changes/log.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { findAll, findSorted, insertNew, remove, upsert } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';

/** Returns the scopes that a person belongs to, in a fixed order. */
export async function scopesOfPerson(db: Db, person: string): Promise<string[]> {
  const rows = await findSorted(db, 'person_site', { person }, ['site']);
  return rows.map((r) => r.site);
}

export async function pastScopesOfPerson(db: Db, person: string): Promise<string[]> {
  const rows = await findAll(db, 'person_site_past', { person }, ['site']);
  return rows.map((r) => r.site);
}

/** Adds a person to a scope. @returns whether they were not in it before */
export const joinScope = async (tx: Tx, person: string, site: string, now: Date): Promise<boolean> =>
  (await insertNew(tx, 'person_site', { person, site, added_at: now })) > 0;

/**
 * Returns changes that send a scope everything about a person: the person, cards and badges, card template, PIN code, PIN,
 * lookalikes, and the templates of each model.
 */
export async function allOfPerson(db: Db, person: string, site: string): Promise<NewChange[]> {
  const models = await modelsOf(db, person);
  return [
    { kind: 'person', person, site },
    // Only what exists, and before the templates, so that no kiosk has templates without the person's lookalikes.
    ...(await bearing(db, person)).map((kind): NewChange => ({ kind, person, site })),
    ...models.map((model): NewChange => ({ kind: 'templates', person, model, site })),
  ];
}

async function bearing(db: Db, person: string): Promise<NewChange['kind'][]> {
  const { rows } = await sql<Pick<NewChange, 'kind'>>`
    select kind from (values
      (1, 'credentials', exists (select from credential c where c.person = ${person}::uuid and c.revoked_at is null)
        or exists (select from person p where p.id = ${person}::uuid and p.badge_index is not null)),
      (2, 'cardTemplate', exists (select from card_template t where t.person = ${person}::uuid)),
      (3, 'pinCode', exists (select from pin_code c where c.person = ${person}::uuid)),
      (4, 'pin', exists (select from pin p where p.person = ${person}::uuid)),
      (5, 'lookalikes', exists (select from lookalike l where l.first = ${person}::uuid or l.second = ${person}::uuid))
    ) as bears (n, kind, there) where there order by n`.execute(db);
  return rows.map((r) => r.kind);
}

/** Returns models for which kiosks may have templates of this person, even if none exist any more. */
export async function modelsOf(db: Db, person: string): Promise<string[]> {
  const rows = await findSorted(db, 'person_model', { person }, ['model']);
  return rows.map((r) => r.model);
}

/**
 * Sets the sites that a person belongs to. Kiosks of sites that they leave delete them, and kiosks of new sites receive them.
 *
 * @param sites scopes (DEFAULT_SCOPE); if empty, no kiosk has them
 */
export function assignToSites(db: Db, person: string, sites: readonly string[], now: Date): Promise<void> {
  return inTransaction(db, async (tx) => {
    const before = await scopesOfPerson(tx, person);
    const newChanges: NewChange[] = [];
    for (const site of before.filter((s) => !sites.includes(s))) {
      await remove(tx, 'person_site', { person, site });
      // Recorded so that their attendance from before is still accepted.
      await upsert(tx, 'person_site_past', ['person', 'site'], { person, site, until: now }, { until: now });
      newChanges.push({ kind: 'removed', person, site });
    }
    for (const site of sites) {
      if (await joinScope(tx, person, site, now)) newChanges.push(...(await allOfPerson(tx, person, site)));
    }
    await appendChanges(tx, newChanges, now);
  });
}

/** Returns changes that make the kiosks of all of a person's sites reload these kinds. */
export async function changesOf(db: Db, person: string, ...kinds: PersonKind[]): Promise<NewChange[]> {
  const sites = await scopesOfPerson(db, person);
  return sites.flatMap((site) => kinds.map((kind): NewChange => ({ kind, person, site })));
}
type PersonKind = 'person' | 'removed' | 'credentials' | 'pin' | 'pinCode' | 'cardTemplate';

/** Publishes what `changesOf` returns. Only if nothing else is published in the same transaction. */
export async function publishToSites(tx: Tx, person: string, kinds: readonly PersonKind[], now: Date): Promise<void> {
  await appendChanges(tx, await changesOf(tx, person, ...kinds), now);
}
