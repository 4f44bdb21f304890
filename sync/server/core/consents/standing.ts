import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import type { WireEvent } from '../../../protocol/wire/event.ts';
import { findSorted, insertNew } from '../../platform/database/rows.ts';
import type { Db, Row, Tx } from '../../platform/database/schema.ts';
import { instantOf } from '../../platform/instant.ts';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';
import { personBox } from '../../platform/keys/persons.ts';
import { countsAlone, setMinor } from './minors.ts';

export const Said = z.strictObject({
  guardian: z.strictObject({ name: z.string(), relation: z.string() }).optional(),
  basis: z.string().optional(),
});
export type Said = z.infer<typeof Said>;

/** @param person whose key it is under: the one of that time, no matter who they turned out to be since */
export const saidPlace = (consent: string, person: string): Place => placeOf('consent.said', consent, { person });

/** Under the person's key. */
export async function sealSaid(tx: Tx, keys: Keys, consent: string, person: string, said: Said): Promise<Buffer> {
  const box = await personBox(tx, keys, [person], { make: true });
  return box.sealJson(saidPlace(consent, person), said);
}

/** By the consent's id; of those that nothing was said with there is no entry. */
export async function openSaid(
  db: Db,
  keys: Keys,
  rows: readonly Pick<Row<'consent'>, 'event' | 'said' | 'said_of'>[],
): Promise<Map<string, Said>> {
  const speakers = rows.flatMap((r) => (r.said && r.said_of) ?? []);
  const box = await personBox(db, keys, speakers);
  return new Map(
    rows.flatMap((r) =>
      r.said && r.said_of && box.has(r.said_of)
        ? [[r.event, Said.parse(box.openJson(saidPlace(r.event, r.said_of), r.said))] as const]
        : [],
    ),
  );
}

/** `none`: nothing has been heard yet, which allows no more than `withdrawn`. */
export type Standing = 'given' | 'withdrawn' | 'none';

/** What is valid now: the latest statement counts, in whatever order they arrived; of two at one moment, the withdrawal. */
export async function standingOf(db: Db, person: string): Promise<Standing> {
  return (await latestConsent(db, person))?.action ?? 'none';
}

/** The person's last statement: given or withdrawn. */
export async function latestConsent(db: Db, person: string): Promise<Row<'consent'> | undefined> {
  return (await findSorted(db, 'consent', { person }, ['at', 'action'], { descending: true, limit: 1 }))[0];
}

/** Keeps what a `consent` event says; nothing of a minor's who agreed with no guardian. Safe to run again. */
export async function recordConsent(
  tx: Tx,
  keys: Keys,
  person: string,
  event: WireEvent,
  open: { action: 'given' | 'withdrawn'; textVersion: string; language: string },
  now: Date,
): Promise<void> {
  const { header } = event;
  const said = saidOf(event);
  await noteMinor(tx, keys, person, event, now);
  const at = instantOf(header, now);
  if (open.action === 'given' && !said && !(await countsAlone(tx, keys, person, at, await standingOf(tx, person))))
    return;
  await insertNew(tx, 'consent', {
    event: header.id,
    person,
    action: open.action,
    text_version: open.textVersion,
    language: open.language,
    // A clock that runs ahead must not make a consent outlast a later withdrawal.
    at,
    device: header.device,
    received_at: now,
    said: said ? await sealSaid(tx, keys, header.id, person, said) : null,
    said_of: said ? person : null,
  });
}

/** Who consented for a minor, as the kiosk recorded it. */
function saidOf({ personal }: WireEvent): Said | null {
  const { guardian, relation } = personal;
  if (typeof guardian?.value !== 'string') return null;
  return { guardian: { name: guardian.value, relation: typeof relation?.value === 'string' ? relation.value : '' } };
}

/** A kiosk enrols minors too: their day of birth comes with the consent of their guardian. */
async function noteMinor(tx: Tx, keys: Keys, person: string, event: WireEvent, now: Date): Promise<void> {
  const born = event.personal.bornOn?.value;
  if (typeof born !== 'string') return;
  const guardian = saidOf(event)?.guardian ?? null;
  try {
    await setMinor(tx, keys, person, { bornOn: born, guardian }, now);
  } catch (cause) {
    // Of age by now, or a clock that is wrong: then there is nothing to keep.
    if (!(cause instanceof Problem)) throw cause;
  }
}
