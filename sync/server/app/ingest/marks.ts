import { find, update } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';

/** High-water marks of one epoch: every event up to a mark has arrived. */
export interface Marks {
  readonly committed: number;
  /** Up to here events are also in a complete backup (features/backup/run.ts). 0 if there is none: the kiosk keeps all. */
  readonly safe: number;
}

/** Reads the marks of an epoch. They are 0 for an unknown epoch. */
export async function readMarks(db: Db, device: string, epoch: string): Promise<Marks> {
  const row = await find(db, 'ack_mark', { device, epoch }, ['committed', 'safe']);
  return { committed: Number(row?.committed ?? 0), safe: Number(row?.safe ?? 0) };
}

/** Reads the marks and locks their row until the transaction ends. */
export async function lockMark(tx: Tx, device: string, epoch: string, now: Date): Promise<Marks> {
  const row = await tx
    .insertInto('ack_mark')
    .values({ device, epoch, committed: 0, safe: 0, updated_at: now })
    .onConflict((c) => c.columns(['device', 'epoch']).doUpdateSet({ updated_at: now }))
    .returning(['committed', 'safe'])
    .executeTakeFirstOrThrow();
  return { committed: Number(row.committed), safe: Number(row.safe) };
}

/**
 * Raises `committed` to the last event before the first gap, in log and quarantine together: a quarantined event must not hold
 * up the rest.
 */
export async function advance(
  tx: Tx,
  { iss, epoch, first, last }: { iss: string; epoch: string; first: number; last: number },
  before: Marks,
  now: Date,
): Promise<Marks> {
  let committed = before.committed;
  // The batch itself fills first..last. Later events count only if it closed the gap before them.
  if (first <= committed + 1 && last > committed) committed = await endOfRun(tx, iss, epoch, last);
  if (committed !== before.committed) {
    await update(tx, 'ack_mark', { device: iss, epoch }, { committed, updated_at: now });
  }
  return { committed, safe: before.safe };
}

/** @returns the last sequence number of the run that begins at `from` */
async function endOfRun(tx: Tx, device: string, epoch: string, from: number): Promise<number> {
  const PAGE = 1000;
  let end = from;
  for (;;) {
    const above = (table: 'event' | 'quarantine') =>
      tx.selectFrom(table).select('seq').where('device', '=', device).where('epoch', '=', epoch).where('seq', '>', end);
    const rows = await above('event').union(above('quarantine')).orderBy('seq').limit(PAGE).execute();
    const start = end;
    for (const row of rows) {
      if (Number(row.seq) !== end + 1) return end;
      end += 1;
    }
    if (rows.length < PAGE || end === start) return end;
  }
}
