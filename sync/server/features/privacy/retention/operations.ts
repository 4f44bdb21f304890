import { z } from 'zod';
import { Uuid } from '../../../../protocol/wire/event.ts';
import { audited } from '../../../core/operator/audited.ts';
import { operation } from '../../../core/operator/operation.ts';
import { listHolds, releaseHold, setHold } from '../../../core/people/holds.ts';
import { peopleOf } from '../../../platform/keys/persons.ts';
import { retentionState } from './read.ts';
import { withObjects } from './retention.job.ts';
import { KINDS } from './rules.ts';
import { runRetention } from './run.ts';

/** Kinds of data in the audit rows of holds. */
const data = ['person.hold'];
const Instant = z.iso.datetime().nullable().default(null);
const date = (text: string | null) => (text === null ? null : new Date(text));

export const retentionOperations = {
  'retention show': operation({
    args: z.strictObject({}),
    run: ({ db, config, now }) => retentionState(db, config.retention, now()),
  }),
  'retention run': operation({
    args: z.strictObject({ dryRun: z.boolean(), kinds: z.array(z.enum(KINDS)).optional() }),
    async run(context, { dryRun, kinds }) {
      const rules = await withObjects(context, (purge) =>
        runRetention(purge, {
          dryRun,
          ...(kinds && { kinds }),
          onFailure: (kind, err) => context.log.error({ code: 'purge-failed', kind, err }, 'a purge failed'),
        }),
      );
      if (rules.some((r) => r.removed > 0)) context.onChange();
      return rules;
    },
  }),
  'retention holds': operation({
    args: z.strictObject({ released: z.boolean().optional() }),
    run: (context, { released = false }) =>
      audited(
        context,
        { action: 'read', route: 'retention holds', data },
        (tx) => listHolds(tx, context.keys, { released }),
        (holds) => ({ subjects: peopleOf(holds) }),
      ),
  }),
  'retention hold': operation({
    args: z.strictObject({
      person: Uuid.nullable().default(null),
      site: Uuid.nullable().default(null),
      from: Instant,
      until: Instant,
      reason: z.string().trim().min(1).max(500),
    }),
    run: (context, { person, site, from, until, reason }) =>
      audited(
        context,
        { action: 'write', route: 'retention hold', data },
        async (tx, now) => {
          const hold = { person, site, from: date(from), until: date(until), reason, setBy: 'operator' };
          return { id: await setHold(tx, context.keys, hold, now) };
        },
        ({ id }) => ({ resource: id, subjects: person ? [person] : [] }),
      ),
  }),
  'retention release': operation({
    args: z.strictObject({ hold: Uuid }),
    run: (context, { hold }) =>
      audited(context, { action: 'write', route: 'retention release', resource: hold, data }, async (tx, now) => {
        await releaseHold(tx, hold, 'operator', now);
        return { hold };
      }),
  }),
} as const;
