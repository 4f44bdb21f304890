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

/** @param person whose key it is encrypted under: their id at that time, even if they were merged since */
export const saidPlace = (consent: string, person: string): Place => placeOf('consent.said', consent, { person });

/** Encrypts what was said with a consent under the person's key. */
export async function sealSaid(tx: Tx, keys: Keys, consent: string, person: string, said: Said): Promise<Buffer> {
  const box = await personBox(tx, keys, [person], { make: true });
  return box.sealJson(saidPlace(consent, person), said);
}

/** Decrypts what was said with these consents, by the consent's id. Consents without anything are absent. */
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

/** `none`: there is no statement yet, which allows no more than `withdrawn`. */
export type Standing = 'given' | 'withdrawn' | 'none';

/** Returns the current standing: the latest statement counts, in any order of arrival; of two at one time, the withdrawal. */
export async function standingOf(db: Db, person: string): Promise<Standing> {
  return (await latestConsent(db, person))?.action ?? 'none';
}

/** Returns the person's latest statement, given or withdrawn. */
export async function latestConsent(db: Db, person: string): Promise<Row<'consent'> | undefined> {
  return (await findSorted(db, 'consent', { person }, ['at', 'action'], { descending: true, limit: 1 }))[0];
}

/** Records a `consent` event, unless a minor consented without a guardian. Safe to run again. */
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

/** Returns who consented for a minor, as the kiosk recorded it. */
function saidOf({ personal }: WireEvent): Said | null {
  const { guardian, relation } = personal;
  if (typeof guardian?.value !== 'string') return null;
  return { guardian: { name: guardian.value, relation: typeof relation?.value === 'string' ? relation.value : '' } };
}

/** Records a minor who was enrolled at a kiosk: the consent of their guardian contains their day of birth. */
async function noteMinor(tx: Tx, keys: Keys, person: string, event: WireEvent, now: Date): Promise<void> {
  const born = event.personal.bornOn?.value;
  if (typeof born !== 'string') return;
  const guardian = saidOf(event)?.guardian ?? null;
  try {
    await setMinor(tx, keys, person, { bornOn: born, guardian }, now);
  } catch (cause) {
    // They are of age by now, or the kiosk's clock is wrong: nothing to record.
    if (!(cause instanceof Problem)) throw cause;
  }
}
