import { inTransaction } from '../database/retry.ts';
import type { Job } from '../jobs/job.ts';
import { SYSTEM } from './actor.ts';
import { purgeAudit } from './purge.ts';

/** Removes rows that are older than the period, and leaves a signed checkpoint. */
export const auditPurgeJob: Job = {
  name: 'audit-purge',
  everyMs: 24 * 60 * 60 * 1000,
  async run({ db, keys, keyring, config, now }) {
    const at = now();
    const o = {
      days: config.auditDays,
      actor: SYSTEM,
      serverId: keyring.serverId,
      signing: keyring.signing,
    };
    const { removed, oldest } = await inTransaction(db, (tx) => purgeAudit(tx, keys, o, at));
    return { removed, oldest: oldest?.toISOString() ?? null };
  },
};
