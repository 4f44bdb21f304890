import { Problem } from '../../../errors/problem.ts';
import type { Ed25519PrivateJwk } from '../../../protocol/wire/batch.ts';
import { atLeast, atMost, below, count, find, findSorted, insert, not, remove } from '../database/rows.ts';
import type { Tx } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import type { Actor } from './actor.ts';
import { logEpochOf } from './anchors.ts';
import { MIN_AUDIT_DAYS } from './dates.ts';
import { signStatement } from './statement.ts';
import { lockHead, writeAudit } from './write.ts';

const DAY_MS = 86_400_000;

export interface AuditPurge {
  readonly removed: number;
  /** Time of the oldest remaining row. Null if none remains. */
  readonly oldest: Date | null;
}

interface PurgeOptions {
  /** @throws Problem `audit-period-too-short` under 365 */
  readonly days: number;
  readonly actor: Actor;
  readonly serverId: string;
  readonly signing: Ed25519PrivateJwk;
  /** Report what would be deleted, and delete nothing. */
  readonly dryRun?: boolean;
}

/**
 * Deletes the rows that are older than the period, from the beginning of the log and without gaps. Writes a signed
 * checkpoint from which the remaining rows are verified, and an audit row for the purge itself.
 *
 * @throws Problem `audit-period-too-short`
 */
export async function purgeAudit(tx: Tx, keys: Keys, o: PurgeOptions, now: Date): Promise<AuditPurge> {
  if (!(o.days >= MIN_AUDIT_DAYS)) throw new Problem('audit-period-too-short', { min: MIN_AUDIT_DAYS, days: o.days });
  const limit = new Date(now.getTime() - o.days * DAY_MS);
  const { key, position: head } = await lockHead(tx, keys, now);
  // Stop at the first row that must be kept: replicas' clocks differ, so a later row may have an older time.
  const first = { columns: ['position', 'at'], limit: 1 } as const;
  const [kept] = await findSorted(tx, 'audit', { at: atLeast(limit) }, ['position'], first);
  const upTo = kept ? Number(kept.position) - 1 : head;
  const last = await find(tx, 'audit', { position: upTo }, ['mac', 'at']);
  const removed = await count(tx, 'audit', { position: atMost(upTo) });
  const purge = { removed, oldest: kept?.at ?? null };
  if (!last || o.dryRun) return purge;
  const body = {
    kind: 'checkpoint' as const,
    server: o.serverId,
    epoch: await logEpochOf(tx),
    position: upTo,
    mac: Buffer.from(last.mac).toString('base64url'),
    at: now.toISOString(),
    keyVersion: key.version,
  };
  const { statement, seal } = await signStatement(body, key, o.signing);
  await insert(tx, 'audit_checkpoint', {
    position: upTo,
    mac: last.mac,
    statement,
    seal,
    key_version: key.version,
    made_at: now,
  });
  await remove(tx, 'audit', { position: atMost(upTo) });
  await remove(tx, 'audit_anchor', { position: below(upTo), object: not(null) });
  await writeAudit(
    tx,
    keys,
    {
      actor: o.actor,
      action: 'operate',
      route: 'audit purge',
      resource: `rows up to ${upTo}`,
      data: ['audit'],
      subjects: [],
      count: purge.removed,
      outcome: 'ok',
    },
    now,
  );
  return purge;
}
