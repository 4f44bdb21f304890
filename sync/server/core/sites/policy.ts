import { v7 } from 'uuid';
import { Problem } from '../../../errors/problem.ts';
import { methodsWithoutFace, Policy } from '../../../protocol/wire/changes.ts';
import { appendChanges } from '../../platform/changes/log.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { exists, findAll, findLocked, findSorted, insert } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import { publishTemplates, scopesWithoutTemplates } from './faces.ts';
import { changeRepeatSeconds, DEFAULT_SCOPE, repeatSecondsOf } from './sites.ts';

/** What holds where nobody has set anything: the server's configuration may say more. */
export const DEFAULT_POLICY: Policy = { leaseDays: 30 };

/** How the kiosks of a scope are to behave: the scope's own policy, else that of the default site, else the default. */
export async function policyOf(db: Db, scope: string): Promise<Policy> {
  const rows = await findAll(db, 'site_policy', { site: [scope, DEFAULT_SCOPE] });
  const found = rows.find((r) => r.site === scope) ?? rows[0];
  return found ? Policy.parse(found.policy) : DEFAULT_POLICY;
}

/** As screens read and set it: with the site's own repeat window, which lies with the site. */
export async function policyToSet(db: Db, scope: string): Promise<Policy> {
  const repeat = await repeatSecondsOf(db, scope);
  return { ...(await policyOf(db, scope)), ...(repeat !== null && { repeatWindowSeconds: repeat }) };
}

/** Whether a scope has a policy of its own. */
export const hasOwnPolicy = (db: Db, scope: string): Promise<boolean> => exists(db, 'site_policy', { site: scope });

/** The newest change of the policy that holds at a scope; null: it was never set. */
export async function newestChange(db: Db, scope: string): Promise<string | null> {
  const site = (await hasOwnPolicy(db, scope)) ? scope : DEFAULT_SCOPE;
  const [row] = await findSorted(db, 'site_policy_change', { site }, ['at', 'id'], { descending: true, limit: 1 });
  return row?.id ?? null;
}

/**
 * Sets the policy of a scope and notifies its kiosks; one that is already in force notifies nobody. The default site's
 * stands for every site that has none of its own. Its repeat window lies with the site (core/sites/sites.ts); absent:
 * as it was.
 *
 * @param by account, `operator` or `configuration`: for the history
 * @returns whether anything changed
 * @throws Problem `checkin-method-required`: nobody may be made to show their face
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

/** What the server's configuration says of the default site's policy; null says nothing. @returns whether anything changed */
export async function configuredLease(db: Db, leaseDays: number | null, now: Date): Promise<boolean> {
  if (leaseDays === null) return false;
  return setPolicy(db, DEFAULT_SCOPE, { ...(await policyOf(db, DEFAULT_SCOPE)), leaseDays }, now, 'configuration');
}
