import type { z } from 'zod';
import type * as api from '../../../../protocol/api/retention.ts';
import { findDue, type Purge, type PurgeContext, removeDue } from './purge.ts';
import { PURGES } from './purges.ts';
import { daysOf, type Kind } from './rules.ts';

export type RuleReport = z.output<typeof api.RuleReport>;

interface RunOptions {
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  readonly onFailure?: (kind: Kind, cause: unknown) => void;
  readonly kinds?: readonly Kind[] | undefined;
}

/**
 * Removes what is due of each kind, batch by batch, each batch a transaction with its row in the audit log. One kind that
 * fails does not keep the others from going. Safe to run again, and beside itself.
 *
 * @param o `dryRun`: looks and changes nothing; `onFailure`: called with what the report has the code of alone
 */
export async function runRetention(context: PurgeContext, o: RunOptions = {}): Promise<RuleReport[]> {
  const reports: RuleReport[] = [];
  for (const purge of PURGES) {
    if (o.kinds && !o.kinds.includes(purge.kind)) continue;
    o.signal?.throwIfAborted();
    reports.push(await one(purge, context, o));
  }
  return reports;
}

async function one(purge: Purge, context: PurgeContext, o: RunOptions): Promise<RuleReport> {
  const days = daysOf(context.settings, purge.kind);
  let removed = 0;
  try {
    if (!o.dryRun && days !== null) {
      for (let n = 1; n > 0; removed += n) {
        o.signal?.throwIfAborted();
        n = await removeDue(purge, context);
      }
    }
    const found = await findDue(purge, context);
    return {
      kind: purge.kind,
      days,
      removed,
      due: days === null ? 0 : found.due,
      held: days === null ? 0 : found.held,
      oldest: found.oldest?.toISOString() ?? null,
      failed: null,
    };
  } catch (cause) {
    if (o.signal?.aborted) throw cause;
    o.onFailure?.(purge.kind, cause);
    const code = (cause as { code?: unknown }).code;
    const failed = typeof code === 'string' ? code : 'internal';
    return { kind: purge.kind, days, removed, due: 0, held: 0, oldest: null, failed };
  }
}
