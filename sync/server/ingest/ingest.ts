import { sql, type Transaction } from 'kysely';
import type { Ack } from '../../protocol/wire/ack.ts';
import type { BatchBody, BatchHeader } from '../../protocol/wire/batch.ts';
import { EventHeader } from '../../protocol/wire/event.ts';
import { tombstoned } from '../attendance/people.ts';
import { project } from '../attendance/project.ts';
import type { Db, Tables } from '../database/schema.ts';
import { heardFrom } from '../devices/registry.ts';
import type { Keys } from '../keys/envelope.ts';
import { chainState } from './chain-state.ts';
import { advance, lockMark, type Marks } from './marks.ts';
import { type Refused, refused, type Taken, triage } from './triage.ts';

export interface Ingested {
  /** Marks to sign into the ack. */
  readonly ack: Pick<Ack, 'device' | 'epoch' | 'committed' | 'safe'>;
  readonly inserted: number;
  readonly quarantined: { readonly seq: number; readonly reason: string }[];
}

/**
 * Takes a verified batch: inserted, deduplicated, projected and acknowledged in one transaction. At least once on the wire,
 * exactly once in effect: what is already here changes nothing, so a replay gets the same marks.
 *
 * An event that passes every check and that the database still refuses (a NUL in a text, a year it does not know) must not
 * hold up the others for ever: then each goes in a transaction of its own, and the culprit into quarantine.
 */
export async function ingest(db: Db, keys: Keys, header: BatchHeader, body: BatchBody, now: Date): Promise<Ingested> {
  try {
    return await attempt(db, keys, header, triage(header, body.events), now);
  } catch (cause) {
    if (!isDataError(cause)) throw cause;
  }
  const parts: Ingested[] = [];
  for (const [i, raw] of body.events.entries()) {
    const slot = { ...header, first: header.first + i, last: header.first + i };
    try {
      parts.push(await attempt(db, keys, slot, triage(slot, [raw]), now));
    } catch (cause) {
      if (!isDataError(cause)) throw cause;
      parts.push(await attempt(db, keys, slot, [refused(slot.first, 'event-not-storable', raw)], now));
    }
  }
  return {
    ack: parts.at(-1)!.ack,
    inserted: parts.reduce((sum, p) => sum + p.inserted, 0),
    quarantined: parts.flatMap((p) => p.quarantined),
  };
}

/** SQLSTATE classes 22 (data exception) and 23 (integrity constraint violation): the statement is at fault, not the server. */
function isDataError(cause: unknown): boolean {
  const { code } = cause as { code?: unknown };
  return typeof code === 'string' && /^2[23][0-9A-Z]{3}$/.test(code);
}

function attempt(
  db: Db,
  keys: Keys,
  header: BatchHeader,
  sorted: readonly (Taken | Refused)[],
  now: Date,
): Promise<Ingested> {
  return db.transaction().execute(async (tx) => {
    // The row lock makes two deliveries of one epoch stand in line, on whichever replica they arrive.
    const before = await lockMark(tx, header.iss, header.epoch, now);
    const { fresh, refusals } = await settle(tx, header, sorted);
    await insertEvents(tx, keys, header, fresh, now);
    await quarantine(tx, keys, header, refusals, now);
    await recheckChain(tx, header);
    for (const taken of fresh) await project(tx, keys, taken.event, now);
    const marks: Marks = await advance(tx, header, before, now);
    await heardFrom(tx, header.iss, now);
    return {
      ack: { device: header.iss, epoch: header.epoch, ...marks },
      inserted: fresh.length,
      quarantined: refusals.map(({ seq, reason }) => ({ seq, reason })),
    };
  });
}

/** Takes out what is already in the log, and turns what contradicts the log into refusals. */
async function settle(
  tx: Transaction<Tables>,
  header: BatchHeader,
  sorted: readonly (Taken | Refused)[],
): Promise<{ fresh: Taken[]; refusals: Refused[] }> {
  const taken = sorted.filter((s) => s.kind === 'taken');
  const refusals = sorted.filter((s) => s.kind === 'refused');
  if (taken.length === 0) return { fresh: [], refusals };
  const ids = taken.map((t) => t.event.header.id);
  const known = await tx
    .selectFrom('event')
    .select(['seq', 'header_hash', 'id', 'device', 'epoch'])
    .where((e) =>
      e.or([
        e('id', 'in', ids),
        e.and([
          e('device', '=', header.iss),
          e('epoch', '=', header.epoch),
          e('seq', '>=', header.first),
          e('seq', '<=', header.last),
        ]),
      ]),
    )
    .execute();
  const here = known.filter((k) => k.device === header.iss && k.epoch === header.epoch);
  const hashAt = new Map(here.map((k) => [Number(k.seq), k.header_hash]));
  const slotOf = new Map(known.map((k) => [k.id, k]));
  const fresh: Taken[] = [];
  for (const t of taken) {
    const there = hashAt.get(t.seq);
    if (there === t.headerHash) continue;
    // A store that was rolled back without a new epoch, or a stolen key: the first version stays, the second is kept as evidence.
    if (there !== undefined) refusals.push(refused(t.seq, 'sequence-reused', t.event));
    else if (slotOf.has(t.event.header.id)) refusals.push(refused(t.seq, 'event-id-reused', t.event));
    else fresh.push(t);
  }
  return { fresh, refusals };
}

async function insertEvents(
  tx: Transaction<Tables>,
  keys: Keys,
  header: BatchHeader,
  fresh: readonly Taken[],
  now: Date,
): Promise<void> {
  if (fresh.length === 0) return;
  const gone = await tombstoned(
    tx,
    fresh.flatMap((t) => personOf(t.event.personal) ?? []),
  );
  await tx
    .insertInto('event')
    .values(
      fresh.map(({ event, headerHash }) => {
        const about = personOf(event.personal);
        // What arrives late about a person who was erased meanwhile keeps its place in the chain and loses its values.
        const person = about !== null && !gone.has(about) ? about : null;
        const keep = Object.keys(event.personal).length > 0 && (about === null || person !== null);
        return {
          device: header.iss,
          epoch: header.epoch,
          seq: event.header.seq,
          id: event.header.id,
          type: event.header.type,
          at: event.header.at.utc,
          received_at: now,
          header: JSON.stringify(event.header),
          header_hash: headerHash,
          chain: 'unverified' as const,
          person,
          personal: keep
            ? keys.sealJson({ field: 'event.personal', person, record: event.header.id, rowVersion: 1 }, event.personal)
            : null,
        };
      }),
    )
    .execute();
}

async function quarantine(
  tx: Transaction<Tables>,
  keys: Keys,
  header: BatchHeader,
  refusals: readonly Refused[],
  now: Date,
): Promise<void> {
  if (refusals.length === 0) return;
  await tx
    .insertInto('quarantine')
    .values(
      refusals.map(({ seq, reason, content, digest }) => ({
        device: header.iss,
        epoch: header.epoch,
        seq,
        digest,
        reason,
        content: keys.seal(
          'field',
          { field: 'quarantine.content', person: null, record: digest, rowVersion: 1 },
          Buffer.from(content, 'utf8'),
        ),
        received_at: now,
      })),
    )
    .onConflict((c) => c.columns(['device', 'epoch', 'seq', 'digest']).doNothing())
    .execute();
}

/** Records for each event of the range, and the one after it, whether it continues the chain. */
async function recheckChain(tx: Transaction<Tables>, header: BatchHeader): Promise<void> {
  const rows = await tx
    .selectFrom('event')
    .select(['seq', 'header', 'header_hash', 'chain'])
    .where('device', '=', header.iss)
    .where('epoch', '=', header.epoch)
    .where('seq', '>=', header.first - 1)
    .where('seq', '<=', header.last + 1)
    .execute();
  const hashAt = new Map(rows.map((r) => [Number(r.seq), r.header_hash]));
  const changed = new Map<string, number[]>();
  for (const row of rows) {
    const seq = Number(row.seq);
    if (seq < header.first) continue;
    const state = chainState({ seq, prev: EventHeader.parse(row.header).prev }, hashAt.get(seq - 1));
    if (state !== row.chain) changed.set(state, [...(changed.get(state) ?? []), seq]);
  }
  for (const [state, seqs] of changed) {
    await tx
      .updateTable('event')
      .set({ chain: sql`${state}` })
      .where('device', '=', header.iss)
      .where('epoch', '=', header.epoch)
      .where('seq', 'in', seqs)
      .execute();
  }
}

function personOf(personal: Readonly<Record<string, { value?: unknown }>>): string | null {
  const value = personal.person?.value;
  return typeof value === 'string' ? value : null;
}
