import type { SaltedValue } from '../../../protocol/wire/event.ts';
import { findAll, not, update } from '../database/rows.ts';
import type { Tx } from '../database/schema.ts';
import { type Keys, type Place, placeOf } from './envelope.ts';
import { type PersonBox, personBox } from './persons.ts';

/**
 * The personal half of an event in the log: two envelopes under the key of the person it is about. The position is separate
 * from the rest because it is purged much earlier. Events about no person are under the environment's keys.
 */

export type PersonalHalf = Readonly<Record<string, SaltedValue>>;

export interface SealedHalf {
  readonly personal: Uint8Array | null;
  readonly gps: Uint8Array | null;
}

export const halfPlace = (field: 'event.personal' | 'event.gps', id: string, person: string | null): Place =>
  placeOf(field, id, { person });

/** Encrypts the personal half. @throws Problem `person-key-destroyed` if the box has no key for this person */
export function sealHalf(
  keys: Keys,
  box: PersonBox,
  id: string,
  person: string | null,
  { gps, ...rest }: PersonalHalf,
): { personal: Buffer | null; gps: Buffer | null } {
  const by = person === null ? keys : box;
  return {
    personal: Object.keys(rest).length > 0 ? by.sealJson(halfPlace('event.personal', id, person), rest) : null,
    gps: gps ? by.sealJson(halfPlace('event.gps', id, person), gps) : null,
  };
}

/** Decrypts the personal half. @throws Problem `person-key-destroyed`, `envelope-broken`, `envelope-unknown-version` */
export function openHalf(
  keys: Keys,
  box: PersonBox,
  { id, person, personal, gps }: { readonly id: string; readonly person: string | null } & SealedHalf,
): PersonalHalf {
  const by = person === null ? keys : box;
  return {
    ...(personal ? (by.openJson(halfPlace('event.personal', id, person), personal) as PersonalHalf) : {}),
    ...(gps ? { gps: by.openJson(halfPlace('event.gps', id, person), gps) as SaltedValue } : {}),
  };
}

/** The place of a received item that could not be accepted. */
export const quarantinePlace = (digest: string, person: string | null): Place =>
  placeOf('quarantine.content', digest, { person });

/** Encrypts the content of a quarantined item. @param content JSON text */
export function sealRefused(
  keys: Keys,
  box: PersonBox,
  { digest, person, content }: { readonly digest: string; readonly person: string | null; readonly content: string },
): Buffer {
  const plain = Buffer.from(content, 'utf8');
  const at = quarantinePlace(digest, person);
  return person === null ? keys.seal('field', at, plain) : box.seal(at, plain);
}

/** Decrypts the content of a quarantined item. @throws Problem as `openHalf` */
export function openRefused(
  keys: Keys,
  box: PersonBox,
  {
    digest,
    person,
    content,
  }: { readonly digest: string; readonly person: string | null; readonly content: Uint8Array },
): unknown {
  const at = quarantinePlace(digest, person);
  const plain = person === null ? keys.open('field', at, content) : box.open(at, content);
  return JSON.parse(plain.toString('utf8'));
}

/** Deletes templates, cards and PINs (value and salt) from these events. Their chain covers commitments only and stays intact. */
export async function emptyLog(tx: Tx, keys: Keys, events: readonly string[]): Promise<void> {
  if (events.length === 0) return;
  const kept = { id: events, personal: not(null) };
  const rows = await findAll(tx, 'event', kept, ['id', 'person', 'personal', 'gps']);
  const box = await personBox(
    tx,
    keys,
    rows.flatMap((r) => r.person ?? []),
  );
  for (const row of rows) {
    // An erased person, e.g. one that came back with a restored database: nothing can be decrypted.
    if (row.person !== null && !box.has(row.person)) {
      await update(tx, 'event', { id: row.id }, { personal: null, gps: null });
      continue;
    }
    const { templates, card, bearer, pin, other, ...rest } = openHalf(keys, box, row);
    if (!templates && !card && !bearer && !pin && !other) continue;
    await update(tx, 'event', { id: row.id }, sealHalf(keys, box, row.id, row.person, rest));
  }
}
