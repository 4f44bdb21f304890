import type { Transaction } from 'kysely';
import { z } from 'zod';
import type { WireEvent } from '../../../../protocol/wire/event.ts';
import type { Origin } from '../../../core/devices/scope.ts';
import { insertNew } from '../../../platform/database/rows.ts';
import type { Tables } from '../../../platform/database/schema.ts';
import { instantOf } from '../../../platform/instant.ts';

/** Code of the `health` events in which kiosks report what they counted (electron/core/statistics). */
const STATISTICS = 'statistics';
/** What a name may look like; others are left out, no matter who sent them. */
const NAME = /^(method|guide|other-method|refused|score)\.[a-z0-9+-]{1,60}$/;
const Count = z.number().int().min(0).max(1_000_000);
const Since = z.iso.datetime({ precision: 3 });
/** A report is about an hour; one that claims more is taken to have begun then, ms. */
const LONGEST_MS = 48 * 3_600_000;

/** Keeps what kiosks counted. Runs inside the ingest's transaction; what has another shape is no figure, and no error. */
export async function keepKioskStatistics(
  tx: Transaction<Tables>,
  events: readonly WireEvent[],
  { device, site }: Origin,
  now: Date,
): Promise<void> {
  const rows = events.flatMap(({ header }) => {
    const { code, detail } = header.open as { code?: unknown; detail?: Record<string, unknown> };
    if (header.type !== 'health' || code !== STATISTICS || !detail) return [];
    const until = instantOf(header, now);
    const began = Since.safeParse(detail.since).data;
    const since = new Date(
      Math.min(until.getTime(), Math.max(Date.parse(began ?? ''), until.getTime() - LONGEST_MS) || until.getTime()),
    );
    const counts = Object.fromEntries(
      Object.entries(detail).filter(([name, n]) => (name === 'queue' || NAME.test(name)) && Count.safeParse(n).success),
    );
    return [{ event: header.id, device, site, since, until, counts: JSON.stringify(counts) }];
  });
  if (rows.length === 0) return;
  await insertNew(tx, 'kiosk_statistics', rows);
}
