import { sql } from 'kysely';
import { z } from 'zod';
import { PersonalBody, Uuid, type WireEvent } from '../../../protocol/wire/event.ts';
import { scopeOf } from '../../core/devices/registry.ts';
import { isHeld } from '../../core/people/holds.ts';
import { sameAs } from '../../core/people/living.ts';
import type { Tx } from '../../platform/database/schema.ts';
import type { Standing } from '../../platform/events.ts';
import { instantOf } from '../../platform/instant.ts';
import { type EventRule, eventRulesOf, type ServerModule } from '../../platform/server-module.ts';
import type { Taken } from './triage.ts';

/**
 * Which events a kiosk may send about people: those about people of its own scope, and those that add new people. Anything
 * else is quarantined and changes nothing. Attendance is judged by the time it happened: a kiosk that was offline while
 * someone was moved to another site may still deliver their check-ins from before. What a person takes back there counts too.
 */

export type Denial = 'person-out-of-scope' | 'person-unknown' | 'person-held' | 'erasure-not-asked';

/** Relation between a person and the device that names them. */
export interface Relation {
  /** The person has a row, or an earlier event of the batch adds them. */
  readonly known: boolean;
  readonly erased: boolean;
  /** Belongs to the device's scope now. */
  readonly member: boolean;
  /** Until when person and device were last in the same scope. Null: never, or they still are. */
  readonly until: Date | null;
  /** Under a legal hold. */
  readonly held: boolean;
}

/** The personal fields that name people (those of type UUID), by kind of event. */
const NAMING: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(PersonalBody).map(([kind, { shape }]) => [
    kind,
    Object.entries(shape).flatMap(([field, type]) =>
      type instanceof z.ZodOptional && (type as z.ZodOptional).unwrap() === Uuid ? [field] : [],
    ),
  ]),
);

export function peopleNamed({ header, personal }: WireEvent): string[] {
  return NAMING[header.type]!.flatMap((field) => Uuid.safeParse(personal[field]?.value).data ?? []);
}

/** Returns whether the event can add a person. */
const adds = ({ header: { type, open } }: WireEvent): boolean => type === 'person' && open.change !== 'deleted';
const deletes = ({ header: { type, open } }: WireEvent): boolean => type === 'person' && open.change === 'deleted';

/**
 * Returns whether the event only takes back what a person had allowed: their consent, or the recording of positions. Someone
 * who was moved may still do that at a kiosk that has not been notified of the move, which shows them that it was done.
 */
const takesBack = ({ header: { type, open }, personal }: WireEvent): boolean =>
  type === 'consent'
    ? open.action === 'withdrawn'
    : type === 'person' &&
      open.change === 'updated' &&
      open.gpsOptOut === true &&
      Object.keys(personal).every((field) => field === 'person');

/**
 * Judges whether a device may send this event about a person. Pure.
 *
 * @param rule rule of the event's kind, as its module declares it
 * @param at when it happened, as far as the server can determine
 * @returns null if it may
 */
export function judge(
  event: WireEvent,
  { known, erased, ...relation }: Relation,
  { attendance }: EventRule,
  at: Date,
): Denial | null {
  const { type } = event.header;
  // The event keeps its place in the chain without its values, so there is nothing that it could change.
  if (erased) return null;
  // There is no one to protect or change. Attendance of a person whose `person` event was lost still counts.
  if (!known)
    return attendance === 'record' || adds(event) || deletes(event) || type === 'erasureDone' ? null : 'person-unknown';
  const { member, until, held } = relation;
  if (!member && !(until !== null && (takesBack(event) || (attendance && at <= until)))) return 'person-out-of-scope';
  // Kiosks are asked to erase only people who are erased here, so this kiosk was never asked.
  if (type === 'erasureDone') return 'erasure-not-asked';
  return deletes(event) && held ? 'person-held' : null;
}

export interface Judged {
  readonly allowed: readonly Taken[];
  readonly denied: readonly { readonly taken: Taken; readonly reason: Denial }[];
  /** People added to the scope by these events. */
  readonly added: ReadonlySet<string>;
  /** People under a legal hold who were deleted by the kiosk: it is sent them again. */
  readonly kept: ReadonlySet<string>;
}

/** A record that a `void` event names. */
interface Voided {
  readonly person: string;
  readonly at: Date;
}

/** Returns the records that `void` events name, by id: from the database, of any kiosk, or from these events. */
export async function peopleOfVoided(tx: Tx, fresh: readonly Taken[], now: Date): Promise<ReadonlyMap<string, Voided>> {
  const targets = fresh.flatMap(({ event }) => targetOf(event) ?? []);
  if (targets.length === 0) return new Map();
  const { rows } = await sql<Voided & { id: string }>`
    select id, person, at from checkin where id = any(${targets}::uuid[]) and person is not null`.execute(tx);
  const here = fresh.flatMap(({ event }): [string, Voided][] =>
    event.header.type === 'checkin'
      ? peopleNamed(event).map((person) => [event.header.id, { person, at: instantOf(event.header, now) }])
      : [],
  );
  return new Map([...here, ...rows.map(({ id, person, at }): [string, Voided] => [id, { person, at }])]);
}

export function peopleConcerned(event: WireEvent, voided: ReadonlyMap<string, Voided>): string[] {
  const whose = voided.get(targetOf(event) ?? '')?.person;
  return [...new Set([...peopleNamed(event), ...(whose === undefined ? [] : [whose])])];
}

const targetOf = ({ header: { type, open } }: WireEvent): string | undefined =>
  type === 'void' ? (open as { target: string }).target : undefined;

/**
 * Judges new events of one device, in order.
 *
 * @param people standing of everybody they concern, locked until the transaction ends (`lockPeople`)
 */
export async function judgeAll(
  tx: Tx,
  device: string,
  fresh: readonly Taken[],
  people: ReadonlyMap<string, Standing>,
  voided: ReadonlyMap<string, Voided>,
  modules: readonly ServerModule[],
  now: Date,
): Promise<Judged> {
  const rules = eventRulesOf(modules);
  const concerned = fresh.flatMap(({ event }) => peopleConcerned(event, voided));
  const times = await timesTogether(
    tx,
    device,
    concerned.map((id) => people.get(id)!.now),
  );
  const held = new Set<string>();
  for (const id of fresh.flatMap(({ event }) => (deletes(event) ? peopleNamed(event) : [])))
    if (await isHeld(tx, await sameAs(tx, [id]))) held.add(id);
  const allowed: Taken[] = [];
  const denied: { taken: Taken; reason: Denial }[] = [];
  const added = new Set<string>();
  const kept = new Set<string>();
  for (const taken of fresh) {
    const { event } = taken;
    // A void can't be earlier than its record, whatever time the kiosk states.
    const recorded = voided.get(targetOf(event) ?? '')?.at.getTime() ?? 0;
    const at = new Date(Math.max(recorded, instantOf(event.header, now).getTime()));
    const all = peopleConcerned(event, voided).map((id) => {
      const { known, erased, now: is } = people.get(id)!;
      const together = times.get(is) ?? { member: false, until: null };
      const relation = added.has(id)
        ? { known: true, erased, member: true, until: null }
        : { known, erased, ...together };
      return { id, is, ...relation, held: held.has(id) };
    });
    const rule = rules[event.header.type] ?? {};
    const reason = all.map((one) => judge(event, one, rule, at)).find((one) => one !== null);
    if (reason) {
      denied.push({ taken, reason });
      if (reason === 'person-held') for (const one of all) kept.add(one.is);
      continue;
    }
    const unknown = all.filter((one) => !one.known);
    if (adds(event)) for (const one of unknown) added.add(one.id);
    // It concerns someone who doesn't exist here, so it is stored without its personal values.
    const nameless = unknown.length > 0 && !adds(event) && rule.attendance !== 'record';
    allowed.push(nameless ? { ...taken, event: { ...event, personal: {} } } : taken);
  }
  return { allowed, denied, added, kept };
}

/** Returns for each person whether they belong to the device's scope, and until when both were last in the same scope. */
async function timesTogether(
  tx: Tx,
  device: string,
  people: readonly string[],
): Promise<ReadonlyMap<string, Pick<Relation, 'member' | 'until'>>> {
  if (people.length === 0) return new Map();
  const scope = await scopeOf(tx, device);
  const { rows } = await sql<{ person: string; member: boolean; until: Date | null }>`
    with d (site, until) as (
      select ${scope}::uuid, null::timestamptz
      union all select site, until from device_site_past where device = ${device}::uuid
    ), p (person, site, until) as (
      select person, site, null::timestamptz from person_site where person = any(${people}::uuid[])
      union all select person, site, until from person_site_past where person = any(${people}::uuid[])
    )
    select p.person, bool_or(d.until is null and p.until is null) as member, max(least(d.until, p.until)) as until
    from d join p on p.site = d.site group by p.person`.execute(tx);
  return new Map(rows.map(({ person, member, until }) => [person, { member, until }]));
}
