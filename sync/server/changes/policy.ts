import { v7 } from 'uuid';
import { MAX_CONSENT_TEXTS, Policy } from '../../protocol/wire/changes.ts';
import { textsInForce } from '../consents/texts.ts';
import { inTransaction } from '../database/retry.ts';
import type { Db } from '../database/schema.ts';
import { scopesWithoutFaces, tellTemplates } from './faces.ts';
import { appendChanges } from './log.ts';
import { DEFAULT_SCOPE } from './scope.ts';

/** What holds where nobody has set anything: the server's configuration may say more. */
export const DEFAULT_POLICY: Policy = { leaseDays: 30 };

/** How the kiosks of a scope are to behave: the scope's own policy, else that of the default site, else the default. */
export async function policyOf(db: Db, scope: string): Promise<Policy> {
  const rows = await db.selectFrom('site_policy').selectAll().where('site', 'in', [scope, DEFAULT_SCOPE]).execute();
  const found = rows.find((r) => r.site === scope) ?? rows[0];
  return found ? Policy.parse(found.policy) : DEFAULT_POLICY;
}

/** As kiosks are told it: with the customer's own consent texts, which are the same for all. */
export async function policyForKiosks(db: Db, scope: string): Promise<Policy> {
  const consentTexts = (await textsInForce(db)).slice(0, MAX_CONSENT_TEXTS);
  return { ...(await policyOf(db, scope)), ...(consentTexts.length > 0 && { consentTexts }) };
}

/** Whether a scope has a policy of its own. */
export async function hasOwnPolicy(db: Db, scope: string): Promise<boolean> {
  return (await db.selectFrom('site_policy').select('site').where('site', '=', scope).executeTakeFirst()) !== undefined;
}

/**
 * Sets the policy of a scope and tells its kiosks; one that is already in force tells nothing. The default site's stands
 * for every site that has none of its own.
 *
 * @param by account, `operator` or `configuration`: for the history
 * @returns whether anything changed
 */
export function setPolicy(db: Db, scope: string, policy: Policy, now: Date, by = 'operator'): Promise<boolean> {
  const text = JSON.stringify(Policy.parse(policy));
  return inTransaction(db, async (tx) => {
    const before = await scopesWithoutFaces(tx);
    const held = await tx
      .selectFrom('site_policy')
      .select('policy')
      .where('site', '=', scope)
      .forUpdate()
      .executeTakeFirst();
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
    if (!Number(numInsertedOrUpdatedRows)) return false;
    await tx
      .insertInto('site_policy_change')
      .values({ id: v7(), site: scope, at: now, by, before: held ? JSON.stringify(held.policy) : null, after: text })
      .execute();
    const after = await scopesWithoutFaces(tx);
    for (const other of new Set([...before, ...after]))
      if (before.includes(other) !== after.includes(other)) await tellTemplates(tx, other, now);
    await appendChanges(tx, [{ kind: 'policy', ...(scope !== DEFAULT_SCOPE && { site: scope }) }], now);
    return true;
  });
}

/** What the server's configuration says of the default site's policy; null says nothing. @returns whether anything changed */
export async function configuredLease(db: Db, leaseDays: number | null, now: Date): Promise<boolean> {
  if (leaseDays === null) return false;
  return setPolicy(db, DEFAULT_SCOPE, { ...(await policyOf(db, DEFAULT_SCOPE)), leaseDays }, now, 'configuration');
}
