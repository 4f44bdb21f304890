import type { Transaction } from 'kysely';
import { NIL } from 'uuid';
import {
  type EventType,
  type Open,
  type Personal,
  PersonalBody,
  type PinValue,
  type WireEvent,
} from '../../../protocol/wire/event.ts';
import { consented } from '../../core/consents/consented.ts';
import { agreedAlone } from '../../core/consents/minors/minors.ts';
import { recordConsent, type Standing, standingOf } from '../../core/consents/standing.ts';
import { spendPinCode } from '../../core/credentials/pin-codes/codes.ts';
import { keepPin, type PinWord } from '../../core/credentials/pins/pins.ts';
import { keepKioskCard } from '../../core/credentials/store.ts';
import { scopeOf } from '../../core/devices/scope.ts';
import { heardOfPair } from '../../core/lookalikes/store.ts';
import { isErasurePending } from '../../core/people/erasing.ts';
import { allOfPerson, joinScope, scopesOfPerson } from '../../core/people/sites.ts';
import { facesAllowed, templatesAllowed } from '../../core/sites/faces.ts';
import { reportedStaff } from '../../core/staff/store.ts';
import { keepCardTemplate } from '../../core/templates/card-templates.ts';
import { cardOfEachScope, templatesOfEachScope } from '../../core/templates/forget.ts';
import { applyTemplates, emptyLog, noteModels } from '../../core/templates/templates.ts';
import { confirmErasure } from '../../features/privacy/erasure/kiosks.ts';
import { requestAtKiosk } from '../../features/privacy/erasure/request.ts';
import { takeRollCall } from '../../features/reports/presence/roll-call.ts';
import { appendChanges, type NewChange } from '../../platform/changes/log.ts';
import type { Tables } from '../../platform/database/schema.ts';
import { instantOf } from '../../platform/instant.ts';
import type { Keys } from '../../platform/keys/envelope.ts';

const TYPES: ReadonlySet<EventType> = new Set([
  'person',
  'consent',
  'template',
  'credential',
  'pin',
  'evacuation',
  'staff',
  'lookalike',
  'erasureDone',
]);

/** Whether events of this type may change what kiosks receive. */
export function concernsKiosks(type: unknown): boolean {
  return TYPES.has(type as EventType);
}

/** What projecting has to know beside the events. */
export interface Projected {
  readonly device: string;
  /** People these events add: they become the scope's. */
  readonly added: ReadonlySet<string>;
  /** People the device has deleted and who stay: it gets them back. */
  readonly kept: ReadonlySet<string>;
  /** Days in which a deletion can be undone. */
  readonly undoDays: number;
}

/**
 * Carries new events of one device into what kiosks receive. Runs inside the ingest's transaction, after the events and
 * the people are in their tables. Events of other types cost nothing here.
 *
 * @param events in the order of the epoch, each of which the device may send (app/ingest/authority.ts)
 */
export async function projectChanges(
  tx: Transaction<Tables>,
  keys: Keys,
  events: readonly WireEvent[],
  o: Projected,
  now: Date,
): Promise<void> {
  const ours = events.filter((e) => concernsKiosks(e.header.type));
  if (ours.length === 0 && o.kept.size === 0) return;
  const scope = await scopeOf(tx, o.device);
  const newChanges: NewChange[] = [];
  for (const event of ours) newChanges.push(...(await apply(tx, keys, event, scope, o, now)));
  for (const person of o.kept)
    for (const { site: _, ...change } of await allOfPerson(tx, person, scope))
      newChanges.push({ ...change, device: o.device });
  // Last: a request for erasure takes locks that everybody waits for.
  for (const event of ours.filter(isDeletion)) {
    const person = await livingPerson(tx, named(event) ?? NIL);
    const by = { device: o.device, event: event.header.id };
    if (person) await requestAtKiosk(tx, keys, { person, by, undoDays: o.undoDays }, now);
  }
  await appendChanges(tx, newChanges, now);
}

const isDeletion = ({ header: { type, open } }: WireEvent): boolean => type === 'person' && open.change === 'deleted';
const named = ({ personal }: WireEvent): string | undefined => personal.person?.value as string | undefined;

async function apply(
  tx: Transaction<Tables>,
  keys: Keys,
  event: WireEvent,
  scope: string,
  { added }: Projected,
  now: Date,
): Promise<NewChange[]> {
  const { id, device, type, open } = event.header;
  if (type === 'erasureDone') {
    await confirmErasure(tx, (open as Open<'erasureDone'>).request, { device, event: id }, now);
    return [];
  }
  const who = named(event);
  const person = who === undefined ? null : await livingPerson(tx, who);
  if (type === 'evacuation') {
    const said = instantOf(event.header, now);
    const word = { ...(open as Open<'evacuation'>), device, scope, person };
    const newChanges = await takeRollCall(tx, word, said < now ? said : now, now);
    // Who it accounted for is forgotten at its end: so it is stored nowhere else.
    if (who)
      await tx.updateTable('event').set({ person: null, personal: null, gps: null }).where('id', '=', id).execute();
    return newChanges;
  }
  if (type === 'staff') {
    const values = Object.entries(event.personal).map(([field, { value }]) => [field, value]);
    const personal = PersonalBody.staff.parse(Object.fromEntries(values));
    const said = instantOf(event.header, now);
    const newChanges = await reportedStaff(
      tx,
      keys,
      { id, device, scope, open: open as Open<'staff'>, personal },
      said < now ? said : now,
    );
    // Name and PIN are kept in one place alone, where they can be forgotten.
    await tx.updateTable('event').set({ personal: null }).where('id', '=', id).execute();
    return newChanges;
  }
  if (!person || isDeletion(event)) return [];
  switch (type) {
    case 'person':
      return changedPerson(tx, person, added.has(person) ? scope : null, now);
    case 'consent':
      await recordConsent(tx, keys, person, event, open as Open<'consent'>, now);
      return consented(tx, keys, person, now);
    case 'template': {
      const templates = event.personal.templates?.value as Personal<'template'>['templates'];
      const card = event.personal.card?.value as Personal<'template'>['card'];
      const at = instantOf(event.header, now);
      const template = { id, device, ...(open as Open<'template'>), templates };
      return card
        ? onCard(tx, keys, { person, device, model: template.model, card, id, at }, scope, now)
        : templated(tx, keys, person, template, scope, now);
    }
    case 'credential': {
      const { change } = open as Open<'credential'>;
      const bearer = event.personal.bearer?.value as Personal<'credential'>['bearer'];
      if (!bearer) return [];
      const at = instantOf(event.header, now);
      await keepKioskCard(tx, { person, device, change, ...bearer }, at < now ? at : now);
      await emptyLog(tx, keys, [id]);
      return (await scopesOfPerson(tx, person)).map((site): NewChange => ({ kind: 'credentials', person, site }));
    }
    case 'lookalike': {
      const { change, reason = 'enrolment', by = null } = open as Open<'lookalike'>;
      const named = event.personal.other?.value as string | undefined;
      const other = named === undefined ? null : await livingPerson(tx, named);
      // Who the other is, only the pair says, and it goes with either of them.
      await emptyLog(tx, keys, [id]);
      if (!other) return [];
      const at = instantOf(event.header, now);
      return heardOfPair(tx, { person, other, scope, change, reason, at, device, by }, now);
    }
    case 'pin': {
      const { change } = open as Open<'pin'>;
      if (change === 'locked') return [];
      const pin = event.personal.pin?.value as PinValue | undefined;
      return pinned(tx, keys, { id, person, device, change, pin }, instantOf(event.header, now), now);
    }
    default:
      return [];
  }
}

async function pinned(
  tx: Transaction<Tables>,
  keys: Keys,
  word: PinWord & { readonly id: string },
  said: Date,
  now: Date,
): Promise<NewChange[]> {
  const { id, person, device, change, pin } = word;
  const at = said < now ? said : now;
  const notify = await keepPin(tx, keys, word, at);
  if (pin) await emptyLog(tx, keys, [id]);
  if (notify === 'device') return [{ kind: 'pin', person, device }];
  if (notify === 'nobody') return [];
  const spent = change === 'set' && (await spendPinCode(tx, person, at));
  const sites = await scopesOfPerson(tx, person);
  const kinds = spent ? (['pin', 'pinCode'] as const) : (['pin'] as const);
  return sites.flatMap((site) => kinds.map((kind): NewChange => ({ kind, person, site })));
}

/** The person under that name today: merged ones go by the one that was kept. Null when erased, or nobody is known by it. */
async function livingPerson(tx: Transaction<Tables>, id: string): Promise<string | null> {
  const row = await tx
    .selectFrom('person')
    .select(['deleted_at', 'merged_into'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row || row.deleted_at) return null;
  return row.merged_into ?? id;
}

/** @param joins the scope that this person, unknown until now, becomes one of; null: they were known, and join none */
async function changedPerson(
  tx: Transaction<Tables>,
  person: string,
  joins: string | null,
  now: Date,
): Promise<NewChange[]> {
  if (joins !== null && (await joinScope(tx, person, joins, now))) return allOfPerson(tx, person, joins);
  return (await scopesOfPerson(tx, person)).map((site): NewChange => ({ kind: 'person', person, site }));
}

async function templated(
  tx: Transaction<Tables>,
  keys: Keys,
  person: string,
  event: Parameters<typeof applyTemplates>[3] & { readonly device: string },
  scope: string,
  now: Date,
): Promise<NewChange[]> {
  // People who have asked to be erased have no templates any more, however long the request can be taken back; and
  // where faces are switched off, or lie on cards, none is taken.
  const refused = (await isErasurePending(tx, person)) || !(await templatesAllowed(tx, scope));
  const standing = refused ? 'withdrawn' : await standingForTemplates(tx, person);
  // It may have overtaken its consent: then it waits in the log of events.
  if (standing === 'none') return [];
  await (standing === 'given' ? applyTemplates(tx, keys, person, event, now) : noteModels(tx, person, [event.model]));
  await emptyLog(tx, keys, [event.id]);
  if (standing === 'given') return templatesOfEachScope(tx, person, [event.model]);
  // The kiosk does not know yet that the consent was withdrawn elsewhere: it gets an empty set.
  return [{ kind: 'templates', person, model: event.model, device: event.device }];
}

/** A minor who agreed with no guardian has not agreed: what was made of their face is not kept, here or at the kiosk. */
async function standingForTemplates(tx: Transaction<Tables>, person: string): Promise<Standing> {
  const standing = await standingOf(tx, person);
  return standing === 'none' && (await agreedAlone(tx, person)) ? 'withdrawn' : standing;
}

/**
 * A person's templates were enrolled onto a card: what is here opens with that card alone. As `templated` in the rest.
 */
async function onCard(
  tx: Transaction<Tables>,
  keys: Keys,
  o: Parameters<typeof keepCardTemplate>[2] & { readonly device: string; readonly id: string; readonly at: Date },
  scope: string,
  now: Date,
): Promise<NewChange[]> {
  const { person, device, id, at } = o;
  const refused = (await isErasurePending(tx, person)) || !(await facesAllowed(tx, scope));
  const standing = refused ? 'withdrawn' : await standingForTemplates(tx, person);
  if (standing === 'none') return [];
  if (standing === 'given') await keepCardTemplate(tx, keys, o, at < now ? at : now);
  await emptyLog(tx, keys, [id]);
  return standing === 'given' ? cardOfEachScope(tx, person) : [{ kind: 'cardTemplate', person, device }];
}
