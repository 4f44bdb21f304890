import { randomInt } from 'node:crypto';
import { v7 } from 'uuid';
import { PIN_CODE_DIGITS, pinCodeHash } from '../../../../protocol/seal/pin-code.ts';
import type { Change } from '../../../../protocol/wire/changes.ts';
import { appendChanges } from '../../../platform/changes/log.ts';
import { above, atMost, find, findAll, remove, upsert } from '../../../platform/database/rows.ts';
import type { Db, Tx } from '../../../platform/database/schema.ts';
import { type Keys, type Place, placeOf } from '../../../platform/keys/envelope.ts';
import { peopleOf, personBox } from '../../../platform/keys/persons.ts';
import { requireLiving } from '../../people/living.ts';
import { changesOf } from '../../people/sites.ts';

/** Codes by which people choose a PIN at a kiosk: staff gives a code, shown once, and nobody but the person knows the PIN. */

/** How long a code counts, ms. */
export const PIN_CODE_MS = 7 * 86_400_000;

/** The hash of forty bits is found by trying: so it lies under the person's key. */
export const pinCodePlace = (id: string, person: string): Place => placeOf('pin-code.hash', id, { person });

/** One that is under way. */
export interface PinCode {
  readonly id: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

export async function pinCodeOf(db: Db, person: string, now: Date): Promise<PinCode | null> {
  const row = await find(db, 'pin_code', { person, expires_at: above(now) });
  return row ? { id: row.id, issuedAt: row.issued_at, expiresAt: row.expires_at } : null;
}

/** Gives a person a code in place of the one before. Kiosks receive its hash. @param by account @throws Problem `person-unknown` */
export async function issuePinCode(
  tx: Tx,
  keys: Keys,
  person: string,
  by: string | null,
  now: Date,
): Promise<PinCode & { readonly code: string }> {
  await requireLiving(tx, person, 'none');
  const code = Array.from({ length: PIN_CODE_DIGITS }, () => randomInt(10)).join('');
  const id = v7();
  const expiresAt = new Date(now.getTime() + PIN_CODE_MS);
  const box = await personBox(tx, keys, [person], { make: true });
  const values = {
    id,
    sealed: box.sealJson(pinCodePlace(id, person), pinCodeHash(person, code)),
    issued_at: now,
    expires_at: expiresAt,
    issued_by: by,
  };
  await upsert(tx, 'pin_code', 'person', { person, ...values }, values);
  await publish(tx, person, now);
  return { id, issuedAt: now, expiresAt, code };
}

/** Takes it back. @returns whether there was one @throws Problem `person-unknown` */
export async function withdrawPinCode(tx: Tx, person: string, now: Date): Promise<boolean> {
  await requireLiving(tx, person, 'none');
  if ((await remove(tx, 'pin_code', { person })) === 0) return false;
  await publish(tx, person, now);
  return true;
}

/** A PIN that counts everywhere was chosen: a code from before is used up. @returns whether there was one */
export const spendPinCode = async (tx: Tx, person: string, at: Date): Promise<boolean> =>
  (await remove(tx, 'pin_code', { person, issued_at: atMost(at) })) > 0;

async function publish(tx: Tx, person: string, now: Date): Promise<void> {
  await appendChanges(tx, await changesOf(tx, person, 'pinCode'), now);
}

type PinCodeChange = Extract<Change, { kind: 'pinCode' }>;

/**
 * What kiosks receive of each of these people; a code that has expired is sent as well, and counts for nothing there.
 */
export async function readPinCodes(db: Db, keys: Keys, people: readonly string[]): Promise<Map<string, PinCodeChange>> {
  if (people.length === 0) return new Map();
  const rows = await findAll(db, 'pin_code', { person: people });
  const box = await personBox(db, keys, peopleOf(rows));
  return new Map(
    rows.map(({ id, person, sealed, expires_at }) => {
      const hash = String(box.openJson(pinCodePlace(id, person), sealed));
      return [person, { kind: 'pinCode', person, code: { id, hash, expires: expires_at.toISOString() } }];
    }),
  );
}
