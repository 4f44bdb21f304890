import type { z } from 'zod';
import * as api from '../../../protocol/api/keys.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { writeAudit } from '../../platform/audit/write.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { liveReplicas, settleKeys } from '../../platform/keys/versions.ts';
import { advanceRotation, beginRotation, type RotationState, readRotation } from './rotate.ts';
import { scrubKeyring } from './scrub.ts';
import { sealedTables } from './sealed.ts';
import { planOf } from './steps.ts';
import { countsByVersion } from './verify.ts';

type Status = z.output<typeof api.KeyStatus>;

/** About how long one call works, ms, so that a command can be stopped soon. */
const BUDGET_MS = 2000;

const resourceOf = ({ from, to }: RotationState) => `keys ${from} to ${to}`;

export const keyRotationRoutes: readonly Route[] = [
  implement(api.getKeyStatus, async ({ tx, services: { keys } }) => {
    const state = (await settleKeys(tx, keys))!;
    const mine = state.versions.find((v) => v.check === keys.check());
    const before = state.versions.find((v) => v.check === keys.previousCheck());
    const of = before?.state === 'retired' ? 'not needed any more' : before ? 'needed' : 'unknown';
    const previous: Status['previous'] = keys.previousCheck() === null ? 'none' : of;
    const present: Status['present'] = !mine ? 'new' : mine.state === 'incoming' ? 'incoming' : 'in use';
    return {
      writes: state.writes,
      versions: state.versions.map(({ version, state }) => ({
        version,
        state,
        here: keys.versions.includes(version),
      })),
      present,
      previous,
      under: await countsByVersion(tx),
      replicas: (await liveReplicas(tx)).map((r) => ({
        id: r.id,
        writes: r.writes,
        ready: r.holds.includes(keys.check()),
        seenAt: r.seenAt.toISOString(),
      })),
      rotation: await readRotation(tx),
    };
  }),
  implement(api.planKeyRotation, async ({ tx, services: { keys, modules }, query: { reEncrypt } }) => {
    const state = (await settleKeys(tx, keys))!;
    const active = state.versions.find((v) => v.state === 'active')!;
    return { steps: await planOf(tx, sealedTables(modules), active.version, reEncrypt) };
  }),
  implement(api.beginKeyRotation, async ({ tx, services: { keys, modules }, body: { reEncrypt }, now, on }) => {
    const begun = await beginRotation(tx, keys, { modules, reEncrypt, now });
    on(resourceOf(begun));
    return begun;
  }),
  implement(api.advanceKeyRotation, {
    // Many transactions, each of which records its progress.
    async before({ services: { db, keys, modules, notify, now }, actor }) {
      const before = await readRotation(db);
      const state = await advanceRotation(db, keys, { modules, budgetMs: BUDGET_MS, now });
      if (state.phase !== 'finished') return { ...state, scrubbed: false, databaseLog: null };
      if (before?.phase !== 'finished') {
        const { method, path } = api.advanceKeyRotation;
        const what = { route: `${method} ${path}`, resource: resourceOf(state), data: ['keys'], subjects: [] } as const;
        await inTransaction(db, (tx) =>
          writeAudit(tx, keys, { actor, action: 'operate', ...what, outcome: 'ok' }, now()),
        );
        notify('change');
      }
      return { ...state, ...(await scrubKeyring(db, state.to, now())) };
    },
    handle: async ({ prepared }) => prepared,
  }),
];
