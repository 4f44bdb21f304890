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
 * What a kiosk may say about people: about those of its own scope, and about new ones, which it adds. Anything else is
 * quarantined and changes nothing. Attendance is judged by when it happened: a kiosk that was offline while the office
 * moved someone still brings their check-ins from before.
 */

export type Denial = 'person-out-of-scope' | 'person-unknown' | 'person-held' | 'erasure-not-asked';

/** How a person stands to the device that names them. */
export interface Relation {
  /** There is a row of theirs, or an event before this one adds them. */
  readonly known: boolean;
  readonly erased: boolean;
  /** One of the scope's people now. */
  readonly member: boolean;
  /** Until when both belonged to one scope; null: never, or they still do. */
  readonly until: Date | null;
  /** A legal hold names them. */
  readonly held: boolean;
}

/** By kind of event: the personal fields that name people, which are those of type UUID. */
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

/** Whether the event adds a person nobody knew. */
const adds = ({ header: { type, open } }: WireEvent): boolean => type === 'person' && open.change !== 'deleted';
const deletes = ({ header: { type, open } }: WireEvent): boolean => type === 'person' && open.change === 'deleted';

/**
 * Whether a device may say this about a person. Pure.
 *
 * @param rule of its kind, as its module declares it
 * @param at when it happened, as far as the server can determine
 * @returns null: it may
 */
export function judge(
  event: WireEvent,
  { known, erased, ...relation }: Relation,
  { attendance }: EventRule,
  at: Date,
): Denial | null {
  const { type } = event.header;
  // It keeps its place in the chain and loses its values: nothing is left that it could change.
  if (erased) return null;
  // There is no one to protect or change: attendance of a person whose own event was lost still counts.
  if (!known)
    return attendance === 'record' || adds(event) || deletes(event) || type === 'erasureDone' ? null : 'person-unknown';
  const { member, until, held } = relation;
  if (!member && !(attendance && until !== null && at <= until)) return 'person-out-of-scope';
  // Kiosks are asked when the person is erased here: kiosks that are not were never asked about.
  if (type === 'erasureDone') return 'erasure-not-asked';
  return deletes(event) && held ? 'person-held' : null;
}

export interface Judged {
  readonly allowed: readonly Taken[];
  readonly denied: readonly { readonly taken: Taken; readonly reason: Denial }[];
  /** People these events add: they become the scope's. */
  readonly added: ReadonlySet<string>;
  /** People a kiosk has deleted although a legal hold names them: it gets them back. */
  readonly kept: ReadonlySet<string>;
}

/** A record that a `void` event names. */
interface Voided {
  readonly person: string;
  readonly at: Date;
}

/** The records that `void` events name, by their ids: as the log has them, of whichever kiosk, or these events. */
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
 * Judges new events of one device, in their order.
 *
 * @param people standing of everybody they concern, held until the transaction ends (`lockPeople`)
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
    // Nothing is voided before it was recorded, whatever time the kiosk states.
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
    // There is nothing here that it could be about, so it names no one.
    const nameless = unknown.length > 0 && !adds(event) && rule.attendance !== 'record';
    allowed.push(nameless ? { ...taken, event: { ...event, personal: {} } } : taken);
  }
  return { allowed, denied, added, kept };
}

/** Whether each person belongs to the device's scope, and until when they once belonged to one scope together. */
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
