import { type RawBuilder, sql } from 'kysely';
import { v7 } from 'uuid';
import { Problem } from '../../../errors/problem.ts';
import { methodsWithoutFace, Policy } from '../../../protocol/wire/changes.ts';
import { appendChanges, type NewChange } from '../../platform/changes/log.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { exists, findAll, findLocked, findSorted, insert } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { changeRepeatSeconds, DEFAULT_SCOPE, repeatSecondsOf } from './sites.ts';

/** Policy while none is set. The server's configuration may add to it. */
export const DEFAULT_POLICY: Policy = { leaseDays: 30 };

/** Returns the policy in force at a scope: its own, else that of the default site, else the default. */
export async function policyOf(db: Db, scope: string): Promise<Policy> {
  const rows = await findAll(db, 'site_policy', { site: [scope, DEFAULT_SCOPE] });
  const found = rows.find((r) => r.site === scope) ?? rows[0];
  return found ? Policy.parse(found.policy) : DEFAULT_POLICY;
}

/** Returns SQL for the policy in force at a scope, like `policyOf`. Null if none is set. */
export const policyIn = (scope: RawBuilder<unknown>) => sql`coalesce(
  (select own.policy from site_policy own where own.site = ${scope}),
  (select general.policy from site_policy general where general.site = ${DEFAULT_SCOPE}::uuid))`;

/** Returns the policy as screens read and set it: with the site's repeat window, which is stored with the site. */
export async function policyToSet(db: Db, scope: string): Promise<Policy> {
  const repeat = await repeatSecondsOf(db, scope);
  return { ...(await policyOf(db, scope)), ...(repeat !== null && { repeatWindowSeconds: repeat }) };
}

export const hasOwnPolicy = (db: Db, scope: string): Promise<boolean> => exists(db, 'site_policy', { site: scope });

/** Counts approved kiosks: of a scope (`ownKiosks`), and with those of other sites to which its policy applies (`kiosks`). */
export async function kiosksOf(db: Db, scope: string): Promise<{ kiosks: number; ownKiosks: number }> {
  const { rows } = await sql<{ kiosks: number; own: number }>`
    select count(*)::int as kiosks, (count(*) filter (where k.scope = ${scope}::uuid))::int as own
    from (select case when s.id is null or s.is_default then ${DEFAULT_SCOPE}::uuid else s.id end as scope
          from device d left join site s on s.id = d.site where d.status = 'approved') k
    where k.scope = ${scope}::uuid or (${scope}::uuid = ${DEFAULT_SCOPE}::uuid
      and not exists (select from site_policy p where p.site = k.scope))`.execute(db);
  return { kiosks: rows[0]!.kiosks, ownKiosks: rows[0]!.own };
}
/** Returns the newest change of the policy in force at a scope; null if it was never set. */
export async function newestChange(db: Db, scope: string): Promise<string | null> {
  const site = (await hasOwnPolicy(db, scope)) ? scope : DEFAULT_SCOPE;
  const [row] = await findSorted(db, 'site_policy_change', { site }, ['at', 'id'], { descending: true, limit: 1 });
  return row?.id ?? null;
}

/**
 * Sets the policy of a scope and notifies its kiosks, unless nothing changes. The default site's policy applies to every site
 * without its own. The repeat window is stored with the site (core/sites/sites.ts), and kept if absent.
 *
 * @param by account, `operator` or `configuration`: for the history
 * @returns whether anything changed
 * @throws Problem `checkin-method-required` without a method other than the face: nobody may be forced to show their face
 */
export async function setPolicy(db: Db, scope: string, policy: Policy, now: Date, by = 'operator'): Promise<boolean> {
  if (methodsWithoutFace(policy).length === 0) throw new Problem('checkin-method-required');
  const { repeatWindowSeconds: repeat, ...kept } = Policy.parse(policy);
  const text = JSON.stringify(kept);
  return inTransaction(db, async (tx) => {
    const before = await scopesWithoutTemplates(tx);
    await findLocked(tx, 'site_policy', { site: scope }, ['site']);
    const held = await policyOf(tx, scope);
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto('site_policy')
      .values({ site: scope, policy: text, updated_at: now })
      .onConflict((c) =>
        c
          .column('site')
          .doUpdateSet({ policy: text, updated_at: now })
          .where((e) => e('site_policy.policy', 'is distinct from', e.ref('excluded.policy'))),
      )
      .executeTakeFirst();
    const was = await repeatSecondsOf(tx, scope);
    if (repeat !== undefined) await changeRepeatSeconds(tx, scope, repeat);
    const is = await repeatSecondsOf(tx, scope);
    if (!Number(numInsertedOrUpdatedRows) && was === is) return false;
    const full = (stored: object, window: number | null) =>
      JSON.stringify({ ...stored, ...(window !== null && { repeatWindowSeconds: window }) });
    await insert(tx, 'site_policy_change', {
      id: v7(),
      site: scope,
      at: now,
      by,
      before: full(held, was),
      after: full(kept, is),
    });
    const after = await scopesWithoutTemplates(tx);
    for (const other of new Set([...before, ...after]))
      if (before.includes(other) !== after.includes(other)) await publishTemplates(tx, other, now);
    await appendChanges(tx, [{ kind: 'policy', ...(scope !== DEFAULT_SCOPE && { site: scope }) }], now);
    return true;
  });
}

/** Sets the lease of the default site from the server's configuration; null: not configured. @returns whether it changed */
export async function configuredLease(db: Db, leaseDays: number | null, now: Date): Promise<boolean> {
  if (leaseDays === null) return false;
  return setPolicy(db, DEFAULT_SCOPE, { ...(await policyOf(db, DEFAULT_SCOPE)), leaseDays }, now, 'configuration');
}

/**
 * Faces at a site: the switches for its jurisdiction. With `faces: off` in the policy of a scope, nobody is recognised by
 * their face: its kiosks get no templates, and none of theirs are stored. With `templates: card`, neither server nor kiosks
 * have templates that they can use.
 */

/** Returns scopes whose policy in force, their own or the default site's, allows no faces. */
export const scopesWithoutFaces = (db: Db): Promise<string[]> => scopesWhere(db, sql`p.policy->>'faces' = 'off'`);

/** Returns scopes where server and kiosks have no usable templates: faces are not allowed, or templates are on people's cards. */
export const scopesWithoutTemplates = (db: Db): Promise<string[]> =>
  scopesWhere(db, sql`p.policy->>'faces' = 'off' or p.policy->>'templates' = 'card'`);

async function scopesWhere(db: Db, condition: RawBuilder<unknown>): Promise<string[]> {
  const { rows } = await sql<{ scope: string }>`
    select s.scope from (
      select id as scope from site where not is_default union select ${DEFAULT_SCOPE}::uuid) s
    cross join lateral (select ${policyIn(sql`s.scope`)} as policy) p
    where ${condition} order by 1`.execute(db);
  return rows.map((r) => r.scope);
}

export async function facesAllowed(db: Db, scope: string): Promise<boolean> {
  return !(await scopesWithoutFaces(db)).includes(scope);
}

export async function templatesAllowed(db: Db, scope: string): Promise<boolean> {
  return !(await scopesWithoutTemplates(db)).includes(scope);
}

/** Makes kiosks of a scope reload everyone's templates, after faces were switched on, off or to cards. */
async function publishTemplates(tx: Tx, scope: string, now: Date): Promise<void> {
  const { rows } = await sql<NewChange>`
    select 'templates' as kind, m.person, m.model, s.site from person_model m join person_site s on s.person = m.person
    where s.site = ${scope}::uuid order by m.person, m.model`.execute(tx);
  await appendChanges(tx, rows, now);
}
