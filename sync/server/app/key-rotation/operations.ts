import { z } from 'zod';
import { type OperatorContext, operation } from '../../core/operator/operation.ts';
import { OPERATOR } from '../../platform/audit/actor.ts';
import { writeAudit } from '../../platform/audit/write.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { liveReplicas, settleKeys } from '../../platform/keys/versions.ts';
import { advanceRotation, beginRotation, type RotationState, readRotation } from './rotate.ts';
import { type KeyringScrub, scrubKeyring } from './scrub.ts';
import { sealedTables } from './sealed.ts';
import { type Plan, planOf } from './steps.ts';
import { countsByVersion } from './verify.ts';

/** One call works for about so long, ms: a command that is stopped is stopped soon. */
const BUDGET_MS = 2000;

export interface KeyStatus {
  /** Version that is written. */
  readonly writes: number;
  readonly versions: readonly {
    readonly version: number;
    readonly state: 'active' | 'incoming' | 'retired';
    readonly here: boolean;
  }[];
  /** What this process's ENCRYPTION_KEY and SECRET_KEY are. */
  readonly present: 'in use' | 'new' | 'incoming';
  readonly previous: 'none' | 'needed' | 'not needed any more' | 'unknown';
  /** Person keys and records by the version that they are under. */
  readonly under: Readonly<Record<number, number>>;
  readonly replicas: readonly {
    readonly id: string;
    readonly writes: number;
    readonly ready: boolean;
    readonly seenAt: string;
  }[];
  readonly rotation: RotationState | null;
}

export const keyOperations = {
  'keys status': operation({
    args: z.strictObject({}),
    async run({ db, keys }): Promise<KeyStatus> {
      const state = (await settleKeys(db, keys))!;
      const mine = state.versions.find((v) => v.check === keys.check());
      const before = state.versions.find((v) => v.check === keys.previousCheck());
      return {
        writes: state.writes,
        versions: state.versions.map(({ version, state }) => ({
          version,
          state,
          here: keys.versions.includes(version),
        })),
        present: mine ? (mine.state === 'incoming' ? 'incoming' : 'in use') : 'new',
        previous:
          keys.previousCheck() === null
            ? 'none'
            : !before
              ? 'unknown'
              : before.state === 'retired'
                ? 'not needed any more'
                : 'needed',
        under: await countsByVersion(db),
        replicas: (await liveReplicas(db)).map((r) => ({
          id: r.id,
          writes: r.writes,
          ready: r.holds.includes(keys.check()),
          seenAt: r.seenAt.toISOString(),
        })),
        rotation: await readRotation(db),
      };
    },
  }),
  'keys rotate plan': operation({
    args: z.strictObject({ reEncrypt: z.boolean().default(false) }),
    async run({ db, keys, modules }, { reEncrypt }): Promise<Plan> {
      const state = (await settleKeys(db, keys))!;
      const active = state.versions.find((v) => v.state === 'active')!;
      return planOf(db, sealedTables(modules), active.version, reEncrypt);
    },
  }),
  'keys rotate begin': operation({
    args: z.strictObject({ reEncrypt: z.boolean().default(false) }),
    async run(context, { reEncrypt }): Promise<RotationState> {
      const { db, keys, modules, now } = context;
      const begun = await beginRotation(db, keys, { modules, reEncrypt, now: now() });
      await noted(context, 'keys rotate', begun, 'started');
      return begun;
    },
  }),
  'keys rotate advance': operation({
    args: z.strictObject({}),
    async run(context): Promise<RotationState & KeyringScrub> {
      const { db, keys, modules, now } = context;
      const before = await readRotation(db);
      const state = await advanceRotation(db, keys, { modules, budgetMs: BUDGET_MS, now });
      if (state.phase !== 'finished') return { ...state, scrubbed: false, databaseLog: null };
      if (before?.phase !== 'finished') {
        await noted(context, 'keys rotate', state, 'ok');
        context.onChange();
      }
      return { ...state, ...(await scrubKeyring(db, state.to, now())) };
    },
  }),
} as const;

async function noted(
  { db, keys, now }: OperatorContext,
  route: string,
  { from, to }: RotationState,
  outcome: string,
): Promise<void> {
  const entry = {
    actor: OPERATOR,
    action: 'operate',
    route,
    resource: `keys ${from} to ${to}`,
    data: ['keys'],
    subjects: [],
    outcome,
  } as const;
  await inTransaction(db, (tx) => writeAudit(tx, keys, entry, now()));
}
