import { z } from 'zod';
import { NewRollout, ResumeRollout, RingId, RingPatch } from '../../../../protocol/api/rollouts.ts';
import { Uuid } from '../../../../protocol/wire/event.ts';
import { audited } from '../../../core/operator/audited.ts';
import { type OperatorContext, operation } from '../../../core/operator/operation.ts';
import { type Acting, advanceRollout, pauseRollout, resumeRollout, rollBackRollout, unknownRollout } from './acts.ts';
import { rolloutInForce } from './force.ts';
import { listRings, nameRing, putIntoRing } from './groups.ts';
import { findRollout, historyOf, kiosksOf, listRollouts } from './read.ts';
import { describeRepository } from './repository.ts';
import { startRollout } from './start.ts';

/** Absent: the one in force. */
const One = { rollout: Uuid.optional() };

/** Rollouts from the command line, as the API has them. */
export const rolloutOperations = {
  'rollout builds': operation({
    args: z.strictObject({}),
    run: ({ config }) => describeRepository(config.updates),
  }),
  'rollout list': operation({
    args: z.strictObject({ limit: z.number().int().min(1).max(200).default(20) }),
    run: ({ db, now }, { limit }) => listRollouts(db, limit, null, now()),
  }),
  'rollout show': operation({
    args: z.strictObject(One),
    run: (context, { rollout }) =>
      audited(
        context,
        { action: 'read', route: 'rollout show', data: ['account.email'] },
        async (tx, now) => {
          const id = rollout ?? (await inForce({ db: tx }));
          return {
            rollout: await findRollout(tx, id, now),
            kiosks: await kiosksOf(tx, id, { limit: 5000, after: null }, now),
            history: await historyOf(tx, context.keys, id),
          };
        },
        ({ rollout: { id } }) => ({ resource: id }),
      ),
  }),
  'rollout start': operation({
    args: NewRollout,
    run: (context, wanted) => done(context, 'rollout start', (a) => startRollout(a, wanted, context.config.updates)),
  }),
  'rollout pause': operation({
    args: z.strictObject(One),
    run: (context, { rollout }) => act(context, 'rollout pause', rollout, pauseRollout),
  }),
  'rollout resume': operation({
    args: z.strictObject({ ...One, ...ResumeRollout.shape }),
    run: (context, { rollout, retry }) =>
      act(context, 'rollout resume', rollout, (a, id) => resumeRollout(a, id, retry)),
  }),
  'rollout advance': operation({
    args: z.strictObject(One),
    run: (context, { rollout }) => act(context, 'rollout advance', rollout, advanceRollout),
  }),
  'rollout roll-back': operation({
    args: z.strictObject(One),
    run: (context, { rollout }) => act(context, 'rollout roll-back', rollout, rollBackRollout),
  }),
  'rollout rings': operation({
    args: z.strictObject({}),
    run: ({ db }) => listRings(db),
  }),
  'rollout ring name': operation({
    args: z.strictObject({ ring: RingId, ...RingPatch.shape }),
    run: (context, { ring, name }) =>
      audited(context, { action: 'write', route: 'rollout ring name', resource: ring, data: [] }, async (tx) => {
        await nameRing(tx, ring, name);
        return listRings(tx);
      }),
  }),
  'rollout ring put': operation({
    args: z.strictObject({ device: Uuid, ring: RingId }),
    async run(context, { device, ring }) {
      const row = { action: 'write', route: 'rollout ring put', resource: device, data: [] } as const;
      const rings = await audited(context, row, async (tx, now) => {
        await putIntoRing(tx, device, ring, now);
        return listRings(tx);
      });
      context.onChange();
      return rings;
    },
  }),
} as const;

async function inForce({ db }: Pick<OperatorContext, 'db'>): Promise<string> {
  const row = await rolloutInForce(db);
  if (!row) throw unknownRollout();
  return row.id;
}

async function act(
  context: OperatorContext,
  route: string,
  rollout: string | undefined,
  work: (a: Acting, id: string) => Promise<void>,
) {
  return done(context, route, async (a) => {
    const id = rollout ?? (await inForce({ db: a.tx }));
    await work(a, id);
    return id;
  });
}

/** Does it with its row of the audit log, notifies the kiosks, and returns the rollout as it is then. */
async function done(context: OperatorContext, route: string, work: (a: Acting) => Promise<string>) {
  const row = { action: 'operate', route, data: [] } as const;
  const result = await audited(
    context,
    row,
    async (tx, now) => findRollout(tx, await work({ tx, now, by: 'operator' }), now),
    ({ id }) => ({ resource: id }),
  );
  context.onChange();
  return result;
}
