import { z } from 'zod';
import { Uuid } from '../../protocol/wire/event.ts';
import type { Actor } from '../access/actor.ts';
import { writeAudit } from '../audit/write.ts';
import { inTransaction } from '../database/retry.ts';
import { operation } from '../operator/operation.ts';
import { listHolds, releaseHold, setHold } from './holds.ts';
import { retentionState } from './read.ts';
import { withObjects } from './retention.job.ts';
import { KINDS } from './rules.ts';
import { runRetention } from './run.ts';

const OPERATOR: Actor = { role: 'operator', id: null, email: null, ip: null, userAgent: null };
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
    run: ({ db, keys, now }, { released = false }) =>
      inTransaction(db, async (tx) => {
        const holds = await listHolds(tx, keys, { released });
        const subjects = holds.flatMap((h) => h.person ?? []);
        const entry = { actor: OPERATOR, action: 'read', route: 'retention holds', data: ['person.hold'] } as const;
        await writeAudit(tx, keys, { ...entry, subjects, outcome: 'ok' }, now());
        return holds;
      }),
  }),
  'retention hold': operation({
    args: z.strictObject({
      person: Uuid.nullable().default(null),
      site: Uuid.nullable().default(null),
      from: Instant,
      until: Instant,
      reason: z.string().trim().min(1).max(500),
    }),
    run: ({ db, keys, now }, { person, site, from, until, reason }) =>
      inTransaction(db, async (tx) => {
        const hold = { person, site, from: date(from), until: date(until), reason, setBy: 'operator' };
        const id = await setHold(tx, keys, hold, now());
        const subjects = person ? [person] : [];
        const entry = { actor: OPERATOR, action: 'write', route: 'retention hold', data: ['person.hold'] } as const;
        await writeAudit(tx, keys, { ...entry, resource: id, subjects, outcome: 'ok' }, now());
        return { id };
      }),
  }),
  'retention release': operation({
    args: z.strictObject({ hold: Uuid }),
    run: ({ db, keys, now }, { hold }) =>
      inTransaction(db, async (tx) => {
        await releaseHold(tx, hold, 'operator', now());
        const entry = { actor: OPERATOR, action: 'write', route: 'retention release', data: ['person.hold'] } as const;
        await writeAudit(tx, keys, { ...entry, resource: hold, subjects: [], outcome: 'ok' }, now());
        return { hold };
      }),
  }),
} as const;
