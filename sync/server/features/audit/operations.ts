import { z } from 'zod';
import { auditFilter, VerifyRequest } from '../../../protocol/api/audit.ts';
import { audited } from '../../core/operator/audited.ts';
import { type OperatorContext, operation } from '../../core/operator/operation.ts';
import type { Compared } from '../../platform/audit/compare.ts';
import { datesOf } from '../../platform/audit/dates.ts';
import { compareHere } from '../../platform/audit/stored.ts';
import { type VerifiedPart, verifyPart } from '../../platform/audit/verify.ts';
import type { Db } from '../../platform/database/schema.ts';
import { auditDetail } from './detail.ts';
import { type Found, searchAudit } from './search.ts';

/** Rows that one call verifies: a second or so. */
const VERIFIED_ROWS = 50_000;
const Below = z.number().int().positive().optional();

/** The audit log from the command line: each look into it leaves a row, as one through the API does. */
export const auditOperations = {
  'audit search': operation({
    args: z.strictObject({ ...auditFilter, below: Below, limit: z.number().int().min(1).max(5000).default(50) }),
    run: (context, { below, limit, ...filter }): Promise<Found> =>
      looked(context, 'audit search', [filter.affected, filter.person], (db) =>
        searchAudit(db, context.keys, datesOf(filter), { below, limit }),
      ),
  }),
  'audit show': operation({
    args: z.strictObject({ position: z.number().int().positive() }),
    run: (context, { position }) => looked(context, 'audit show', [], (db) => auditDetail(db, context.keys, position)),
  }),
  'audit verify': operation({
    args: VerifyRequest,
    run: ({ db, keys }, { from }): Promise<VerifiedPart> => verifyPart(db, keys, from, VERIFIED_ROWS),
  }),
  'audit anchors': operation({
    args: z.strictObject({}),
    run: ({ db, keys, config }): Promise<Compared> => compareHere(db, keys, config),
  }),
} as const;

/** A look into the log, with its own row in the same transaction. */
function looked<T>(
  context: OperatorContext,
  route: string,
  people: readonly (string | undefined)[],
  look: (db: Db) => Promise<T>,
): Promise<T> {
  const subjects = people.filter((id) => id !== undefined);
  return audited(context, { action: 'read', route, data: ['audit'] }, look, () => ({ subjects }));
}
