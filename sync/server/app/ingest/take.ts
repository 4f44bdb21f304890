import { sql } from 'kysely';
import { GENESIS } from '../../../protocol/wire/event.ts';
import { lockPeople } from '../../core/people/people.ts';
import { UNDO_DAYS } from '../../features/privacy/retention/settings.ts';
import type { Services } from '../../platform/access/route.ts';
import { update } from '../../platform/database/rows.ts';
import type { Row, Tx } from '../../platform/database/schema.ts';
import type { Standing } from '../../platform/events.ts';
import { instantOf } from '../../platform/instant.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { sealHalf, sealRefused } from '../../platform/keys/personal.ts';
import { type PersonBox, peopleOf, personBox } from '../../platform/keys/persons.ts';
import { judgeAll, peopleConcerned, peopleOfVoided } from './authority.ts';
import { project } from './project.ts';
import { QUARANTINE_FULL, withinQuota } from './quota.ts';
import { type Refused, refused, type Taken } from './triage.ts';

/** Consecutive slots of one epoch of one device. */
export interface Range {
  readonly iss: string;
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
}

/** What `take` needs of the server. */
export type Taking = Pick<Services, 'keys' | 'modules'>;

export interface TakeOptions {
  /** Whether the events were just received from the device itself. True by default. */
  readonly heard?: boolean;
  /** Days in which a deletion at a kiosk can be undone. */
  readonly undoDays?: number;
}

/**
 * Stores triaged events: new ones in the log, and from there in the tables that screens and kiosks read; refused ones in
 * quarantine. Runs inside a transaction that holds the lock of the epoch (`lockMark`). Uses one statement per table, whatever
 * the number of events.
 *
 * @returns the new events; the refused ones, including those that contradict the log or concern people who the device may
 *   not change; and for how many of these the quarantine had no space, so that only digest and reason are kept
 */
export async function take(
  tx: Tx,
  { keys, modules }: Taking,
  range: Range,
  sorted: readonly (Taken | Refused)[],
  now: Date,
  { heard = true, undoDays = UNDO_DAYS }: TakeOptions = {},
): Promise<{ fresh: readonly Taken[]; errors: Refused[]; notRetained: number }> {
  const log = await readLog(tx, range, sorted);
  const settled = settle(range, sorted, log);
  const voided = await peopleOfVoided(tx, settled.fresh, now);
  const people = await lockPeople(tx, [
    ...settled.fresh.flatMap((t) => peopleConcerned(t.event, voided)),
    ...peopleOf(settled.errors),
  ]);
  const {
    allowed: fresh,
    denied,
    added,
    kept,
  } = await judgeAll(tx, range.iss, settled.fresh, people, voided, modules, now);
  const errors = [
    ...settled.errors,
    ...denied.map(({ taken, reason }) => {
      const one = refused(taken.seq, reason, taken.raw);
      // No key is made for an unknown id.
      return reason === 'person-unknown' ? { ...one, person: null } : one;
    }),
  ];
  // A batch without new events may be a replay of an old one: it is no sign that the device is alive.
  const site = await siteOf(tx, range.iss, heard && fresh.length > 0 ? now : null);
  const erased = (id: string) => people.get(id)?.erased ?? false;
  // A person who is named for the first time, and is not erased, gets a key here.
  const sealed = [...fresh.flatMap((t) => personOf(t) ?? []), ...peopleOf(errors)];
  const living = sealed.filter((id) => !erased(id));
  const box = await personBox(tx, keys, living, { make: true });
  const notRetained = await quarantine(tx, keys, box, range, errors, erased, now);
  if (fresh.length > 0) {
    const chain = chainOf(fresh, log);
    const events = await withoutUnwantedPositions(tx, fresh, people);
    await insertEvents(tx, keys, box, range, events, chain.fresh, erased, now);
    await updateChain(tx, range, chain.there);
  }
  const events = fresh.map((t) => t.event);
  await project(modules, { tx, keys, device: range.iss, site, people, added, undoDays, now }, events, kept);
  return { fresh, errors, notRetained };
}

/** The part of the log that these events can collide with. */
interface Log {
  /** By sequence number, from the slot before the range to the one after it. */
  readonly slots: ReadonlyMap<number, { hash: string; prev: string; chain: ChainState }>;
  /** Those ids of these events that the log already has, from any device. */
  readonly ids: ReadonlySet<string>;
}

async function readLog(tx: Tx, { iss, epoch, first, last }: Range, sorted: readonly (Taken | Refused)[]): Promise<Log> {
  const ids = sorted.flatMap((s) => (s.kind === 'taken' ? [s.event.header.id] : []));
  const { rows } = await sql<{
    id: string;
    seq: number;
    mine: boolean;
    hash: string;
    prev: string;
    chain: ChainState;
  }>`
    select id, seq, device = ${iss} and epoch = ${epoch} and seq between ${first - 1} and ${last + 1} as mine,
           header_hash as hash, header->>'prev' as prev, chain
    from event
    where (device = ${iss} and epoch = ${epoch} and seq between ${first - 1} and ${last + 1})
       or id = any(${ids}::uuid[])`.execute(tx);
  return {
    slots: new Map(rows.filter((r) => r.mine).map((r) => [Number(r.seq), r])),
    ids: new Set(rows.map((r) => r.id)),
  };
}

/** Removes what is already in the log, and turns what contradicts the log into rejections. Pure. */
function settle(
  { first, last }: Range,
  sorted: readonly (Taken | Refused)[],
  log: Log,
): { fresh: Taken[]; errors: Refused[] } {
  const errors = sorted.filter((s) => s.kind === 'refused');
  const fresh: Taken[] = [];
  for (const t of sorted) {
    if (t.kind === 'refused') continue;
    const there = t.seq >= first && t.seq <= last ? log.slots.get(t.seq)?.hash : undefined;
    if (there === t.headerHash) continue;
    // The store was rolled back without a new epoch, or a key was stolen. The first stays; the second is kept as evidence.
    if (there !== undefined) errors.push(refused(t.seq, 'sequence-reused', t.raw));
    else if (log.ids.has(t.event.header.id)) errors.push(refused(t.seq, 'event-id-reused', t.raw));
    else fresh.push(t);
  }
  return { fresh, errors };
}

/** Returns whether each new event continues the chain, and which stored events change their state as a result. Pure. */
function chainOf(fresh: readonly Taken[], log: Log): { fresh: ChainState[]; there: Map<ChainState, number[]> } {
  const hashes = new Map([...log.slots].map(([seq, { hash }]) => [seq, hash]));
  for (const t of fresh) hashes.set(t.seq, t.headerHash);
  const there = new Map<ChainState, number[]>();
  for (const t of fresh) {
    const next = log.slots.get(t.seq + 1);
    if (!next) continue;
    const state = chainState({ seq: t.seq + 1, prev: next.prev }, t.headerHash);
    if (state !== next.chain) there.set(state, [...(there.get(state) ?? []), t.seq + 1]);
  }
  return {
    fresh: fresh.map((t) => chainState({ seq: t.seq, prev: t.event.header.prev }, hashes.get(t.seq - 1))),
    there,
  };
}

async function insertEvents(
  tx: Tx,
  keys: Keys,
  box: PersonBox,
  { iss, epoch }: Range,
  fresh: readonly Taken[],
  chain: readonly ChainState[],
  erased: (person: string) => boolean,
  now: Date,
): Promise<void> {
  const about = fresh.map((t) => {
    const person = personOf(t);
    // An event that arrives after its person was erased keeps its place in the chain, without its values.
    return person !== null && !erased(person) ? person : null;
  });
  const halves = fresh.map((t, i) => {
    const keep = personOf(t) === null || about[i] !== null;
    return keep ? sealHalf(keys, box, t.event.header.id, about[i]!, t.event.personal) : { personal: null, gps: null };
  });
  const sealed = (half: 'personal' | 'gps') => halves.map((h) => h[half]?.toString('base64') ?? null);
  const header = <K extends 'seq' | 'id' | 'type'>(key: K) => fresh.map((t) => t.event.header[key]);
  // The values are passed as arrays, one parameter per column: thousands of parameters cost more than the insert itself.
  await sql`
    insert into event (device, epoch, seq, id, type, at, received_at, header, header_hash, chain, person, personal,
                       gps)
    select ${iss}::uuid, ${epoch}::uuid, u.seq, u.id, u.type, u.at, ${now.toISOString()}::timestamptz, u.header::jsonb,
           u.hash, u.chain, u.person, decode(u.personal, 'base64'), decode(u.gps, 'base64')
    from unnest(${header('seq')}::bigint[], ${header('id')}::uuid[], ${header('type')}::text[],
                ${fresh.map((t) => instantOf(t.event.header, now).toISOString())}::timestamptz[],
                ${fresh.map((t) => JSON.stringify(t.event.header))}::text[], ${fresh.map((t) => t.headerHash)}::text[],
                ${chain}::text[], ${about}::uuid[], ${sealed('personal')}::text[], ${sealed('gps')}::text[])
         as u (seq, id, type, at, header, hash, chain, person, personal, gps)`.execute(tx);
}

async function updateChain(
  tx: Tx,
  { iss, epoch }: Range,
  changed: ReadonlyMap<ChainState, readonly number[]>,
): Promise<void> {
  for (const [chain, seqs] of changed) {
    await update(tx, 'event', { device: iss, epoch, seq: seqs }, { chain: sql`${chain}` });
  }
}

async function quarantine(
  tx: Tx,
  keys: Keys,
  box: PersonBox,
  { iss, epoch }: Range,
  errors: readonly Refused[],
  erased: (person: string) => boolean,
  now: Date,
): Promise<number> {
  if (errors.length === 0) return 0;
  const sealed = errors.map(({ digest, person, content }) =>
    // For an erased person, only the fact that an event arrived is kept.
    person !== null && erased(person) ? null : sealRefused(keys, box, { digest, person, content }),
  );
  const fits = await withinQuota(
    tx,
    iss,
    sealed.map((content) => content?.length ?? 0),
  );
  const inserted = await tx
    .insertInto('quarantine')
    .values(
      errors.map(({ seq, reason, digest, person }, i) => {
        const content = fits[i] ? sealed[i]! : null;
        const notRetained = sealed[i] && !fits[i] ? QUARANTINE_FULL : null;
        return {
          device: iss,
          epoch,
          seq,
          digest,
          reason,
          content,
          not_retained: notRetained,
          person: content && person,
          received_at: now,
        };
      }),
    )
    .onConflict((c) => c.columns(['device', 'epoch', 'seq', 'digest']).doNothing())
    .returning('not_retained')
    .execute();
  return inserted.filter((row) => row.not_retained !== null).length;
}

/** Returns the device's site, null for the default site. @param heard time to record as its last contact; null: record none */
async function siteOf(tx: Tx, device: string, heard: Date | null): Promise<string | null> {
  const { rows } = heard
    ? await sql<{ site: string | null }>`
        update device set last_heard_at = ${heard.toISOString()}::timestamptz where id = ${device} returning site`.execute(
        tx,
      )
    : await sql<{ site: string | null }>`select site from device where id = ${device}`.execute(tx);
  return rows[0]?.site ?? null;
}

function personOf({ event: { personal } }: Taken): string | null {
  const value = personal.person?.value;
  return typeof value === 'string' ? value : null;
}

type ChainState = Row<'event'>['chain'];

/**
 * Returns whether an event continues its epoch's hash chain. Pure.
 *
 * @param before hash of the header one sequence number below; undefined if that event is missing or not readable here
 */
function chainState(event: { seq: number; prev: string }, before: string | undefined): ChainState {
  const expected = event.seq === 1 ? GENESIS : before;
  if (expected === undefined) return 'unverified';
  return event.prev === expected ? 'whole' : 'broken';
}

/**
 * Removes the position from events of people who opted out (POLICY P9): a kiosk that has not received the opt-out yet may
 * still send one. The chain stays valid, as it covers the commitment only. No query if no event has a position.
 *
 * @param people locked until the transaction ends (`lockPeople`), so an opt-out is committed before or after it
 */
async function withoutUnwantedPositions(
  tx: Tx,
  fresh: readonly Taken[],
  people: ReadonlyMap<string, Standing>,
): Promise<Taken[]> {
  const known = ({ event: { personal } }: Taken) =>
    personal.gps && typeof personal.person?.value === 'string' ? people.get(personal.person.value)?.now : undefined;
  const asked = [...new Set(fresh.flatMap((t) => known(t) ?? []))];
  if (asked.length === 0) return [...fresh];
  const { rows } = await sql<{ id: string }>`
    select id from person where id = any(${asked}::uuid[]) and gps_opt_out`.execute(tx);
  const optedOut = new Set(rows.map((r) => r.id));
  return fresh.map((t) => {
    const person = known(t);
    if (person === undefined || !optedOut.has(person)) return t;
    const { gps: _, ...personal } = t.event.personal;
    return { ...t, event: { ...t.event, personal } };
  });
}
