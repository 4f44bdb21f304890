import { sql } from 'kysely';
import { appendChanges, type NewChange } from '../../platform/changes/log.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { findAll, findSorted, insertNew, remove, upsert } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';

/** Scopes that a person belongs to, in a fixed order. */
export async function scopesOfPerson(db: Db, person: string): Promise<string[]> {
  const rows = await findSorted(db, 'person_site', { person }, ['site']);
  return rows.map((r) => r.site);
}

export async function pastScopesOfPerson(db: Db, person: string): Promise<string[]> {
  const rows = await findAll(db, 'person_site_past', { person }, ['site']);
  return rows.map((r) => r.site);
}

/** Makes the person one of this scope's people. @returns whether it was news */
export const joinScope = async (tx: Tx, person: string, site: string, now: Date): Promise<boolean> =>
  (await insertNew(tx, 'person_site', { person, site, added_at: now })) > 0;

/**
 * What sends a scope everything about a person: the person, cards and badges, what their card opens, PIN, and the
 * templates of each model.
 */
export async function allOfPerson(db: Db, person: string, site: string): Promise<NewChange[]> {
  const models = await modelsOf(db, person);
  return [
    { kind: 'person', person, site },
    // Of what exists; before the templates: no kiosk has them without knowing of lookalikes.
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

/** Models that kiosks may hold templates of this person for, also where there are none any more. */
export async function modelsOf(db: Db, person: string): Promise<string[]> {
  const rows = await findSorted(db, 'person_model', { person }, ['model']);
  return rows.map((r) => r.model);
}

/**
 * Sets which sites a person belongs to besides and instead of where they were enrolled. Kiosks of a site that they leave
 * forget them; kiosks of a new one get them.
 *
 * @param sites scopes (core/devices/registry.ts); none: nobody's kiosk knows them
 */
export function assignToSites(db: Db, person: string, sites: readonly string[], now: Date): Promise<void> {
  return inTransaction(db, async (tx) => {
    const before = await scopesOfPerson(tx, person);
    const newChanges: NewChange[] = [];
    for (const site of before.filter((s) => !sites.includes(s))) {
      await remove(tx, 'person_site', { person, site });
      // Their attendance from before still counts.
      await upsert(tx, 'person_site_past', ['person', 'site'], { person, site, until: now }, { until: now });
      newChanges.push({ kind: 'removed', person, site });
    }
    for (const site of sites) {
      if (await joinScope(tx, person, site, now)) newChanges.push(...(await allOfPerson(tx, person, site)));
    }
    await appendChanges(tx, newChanges, now);
  });
}

/** Has the kiosks of all of a person's sites reload these kinds of changes. */
export async function changesOf(db: Db, person: string, ...kinds: PersonKind[]): Promise<NewChange[]> {
  const sites = await scopesOfPerson(db, person);
  return sites.flatMap((site) => kinds.map((kind): NewChange => ({ kind, person, site })));
}
type PersonKind = 'person' | 'removed' | 'credentials' | 'pin' | 'pinCode' | 'cardTemplate';

/** The same, where nothing else is published in the same transaction. */
export async function publishToSites(tx: Tx, person: string, kinds: readonly PersonKind[], now: Date): Promise<void> {
  await appendChanges(tx, await changesOf(tx, person, ...kinds), now);
}
