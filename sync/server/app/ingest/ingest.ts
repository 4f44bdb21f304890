import type { Ack } from '../../../protocol/wire/ack.ts';
import type { BatchBody, BatchHeader } from '../../../protocol/wire/batch.ts';
import { ensurePartitions } from '../../features/attendance/partitions.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import type { Db } from '../../platform/database/schema.ts';
import { instantOf } from '../../platform/instant.ts';
import { codeOfFault, liesInTheEvent } from './fault.ts';
import { advance, lockMark, type Marks } from './marks.ts';
import { auditStaff } from './staff-audit.ts';
import { type TakeOptions, type Taking, take } from './take.ts';
import { type Refused, refused, type Taken, triage } from './triage.ts';

export interface Ingested {
  /** Marks to sign into the ack. */
  readonly ack: Pick<Ack, 'device' | 'epoch' | 'committed' | 'safe'>;
  readonly inserted: number;
  readonly quarantined: { readonly seq: number; readonly reason: string }[];
  /** Events that could not be stored, each with the code of its error (fault.ts). */
  readonly faults?: readonly { readonly seq: number; readonly code: string }[];
  /** How many of the quarantined were kept without content, as the device's quarantine is full. Absent: none. */
  readonly notRetained?: number;
}

/**
 * Takes a verified batch: inserts, deduplicates, projects and acknowledges it in one transaction. Events are delivered at least
 * once and take effect exactly once: those already here change nothing, so a replay gets the same marks. Which records count,
 * and in which direction, is resolved after the commit (features/attendance/resolve-due.ts).
 *
 * An event can pass every check and still not be storable (a NUL in a text, a year that the database can't represent, a person
 * whose row can't be opened). It must not hold up the others for ever: each event is then taken in a transaction of its own,
 * and the faulty one is quarantined.
 */
export async function ingest(
  services: Taking & { readonly db: Db },
  header: BatchHeader,
  body: BatchBody,
  now: Date,
  options: Pick<TakeOptions, 'undoDays'> = {},
): Promise<Ingested> {
  const sorted = triage(header, body.events);
  try {
    return await attempt(services, header, sorted, now, options);
  } catch (cause) {
    if (!liesInTheEvent(cause)) throw cause;
  }
  const parts: Ingested[] = [];
  const faults: { seq: number; code: string }[] = [];
  for (const [i, raw] of body.events.entries()) {
    const slot = { ...header, first: header.first + i, last: header.first + i };
    try {
      parts.push(await attempt(services, slot, [sorted[i]!], now, options));
    } catch (cause) {
      if (!liesInTheEvent(cause)) throw cause;
      const part = await attempt(services, slot, [refused(slot.first, 'event-not-storable', raw)], now, options);
      parts.push(part);
      faults.push({ seq: slot.first, code: codeOfFault(cause) });
    }
  }
  return {
    ack: parts.at(-1)!.ack,
    inserted: parts.reduce((sum, p) => sum + p.inserted, 0),
    quarantined: parts.flatMap((p) => p.quarantined),
    notRetained: parts.reduce((sum, p) => sum + (p.notRetained ?? 0), 0),
    faults,
  };
}

/** When the check-ins among these happened: their partitions must exist. */
export function checkinInstants(sorted: readonly (Taken | Refused)[], now: Date): string[] {
  return sorted.flatMap((s) =>
    s.kind === 'taken' && s.event.header.type === 'checkin' ? [instantOf(s.event.header, now).toISOString()] : [],
  );
}

async function attempt(
  services: Taking & { readonly db: Db },
  header: BatchHeader,
  sorted: readonly (Taken | Refused)[],
  now: Date,
  options: TakeOptions,
): Promise<Ingested> {
  const { db } = services;
  await ensurePartitions(db, checkinInstants(sorted, now), now);
  return inTransaction(db, async (tx) => {
    // The row lock serialises deliveries of one epoch, on whichever replica they arrive.
    const before = await lockMark(tx, header.iss, header.epoch, now);
    const { fresh, errors, notRetained } = await take(tx, services, header, sorted, now, options);
    const marks: Marks = await advance(tx, header, before, now);
    await auditStaff(
      tx,
      services,
      header.iss,
      fresh.map((t) => t.event),
      now,
    );
    return {
      ack: { device: header.iss, epoch: header.epoch, ...marks },
      inserted: fresh.length,
      quarantined: errors.map(({ seq, reason }) => ({ seq, reason })),
      ...(notRetained > 0 && { notRetained }),
    };
  });
}
