import type { Transaction } from 'kysely';
import type { WireEvent } from '../../protocol/wire/event.ts';
import { instantOf } from '../attendance/instant.ts';
import type { Db, Tables } from '../database/schema.ts';

/** `none`: nothing has been heard yet, which allows no more than `withdrawn`. */
export type Standing = 'given' | 'withdrawn' | 'none';

/** What holds now: the latest word counts, whatever order the words arrived in; of two at one moment, the withdrawal. */
export async function standingOf(db: Db, person: string): Promise<Standing> {
  const row = await db
    .selectFrom('consent')
    .select('action')
    .where('person', '=', person)
    .orderBy('at', 'desc')
    .orderBy('action', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.action ?? 'none';
}

/** Keeps what a `consent` event says. Safe to run again. */
export async function recordConsent(
  tx: Transaction<Tables>,
  person: string,
  event: WireEvent,
  open: { action: 'given' | 'withdrawn'; textVersion: string; language: string },
  now: Date,
): Promise<void> {
  const { header } = event;
  await tx
    .insertInto('consent')
    .values({
      event: header.id,
      person,
      action: open.action,
      text_version: open.textVersion,
      language: open.language,
      // A clock that runs ahead must not make a consent outlast a later withdrawal.
      at: instantOf(header, now),
      device: header.device,
      received_at: now,
    })
    .onConflict((c) => c.doNothing())
    .execute();
}
