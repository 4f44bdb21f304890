import { randomBytes } from 'node:crypto';
import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/credentials.ts';
import { OWN_CODE_MS, writeOwnCode } from '../../../protocol/seal/own-code.ts';
import { type Call, implement, type Route } from '../../platform/access/route.ts';
import { camelCase, find } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import type { Keyring } from '../../platform/keys/keyring.ts';
import { BY_THEMSELVES, byStaff } from '../people/records.ts';
import { requireShown, self } from '../people/shown.ts';
import { issuePinCode, pinCodeOf, pinOf, withdrawPin, withdrawPinCode } from './pins.ts';
import { addBadge, credentialsOf, issueCard, revokeCredential } from './store.ts';

/** Makes a code for a person's own page. It works once at each kiosk, for a minute, and is not stored here. */
function issueOwnCode(
  keyring: Pick<Keyring, 'issuer'>,
  person: string,
  now: Date,
): { readonly text: string; readonly issuedAt: Date; readonly expiresAt: Date } {
  // A code has its time in whole seconds. The times shown are cut likewise, so the page never shows a code that kiosks refuse.
  const issuedAt = Math.floor(now.getTime() / 1000) * 1000;
  return {
    text: writeOwnCode({ person, issuedAt, nonce: randomBytes(8) }, keyring.issuer),
    issuedAt: new Date(issuedAt),
    expiresAt: new Date(issuedAt + OWN_CODE_MS),
  };
}

export const credentialRoutes: readonly Route[] = [
  implement(api.listCredentials, async ({ tx, services: { keys }, params: { person } }) => {
    await requireShown(tx, keys, person);
    return shown(tx, keys, person);
  }),
  implement(api.createCard, async ({ tx, services: { keys }, params: { person }, actor, now, on, notify }) => {
    const { name, number } = await requireShown(tx, keys, person);
    const made = await issueCard(tx, person, byStaff(actor), now);
    on(made.id);
    notify('change');
    return { ...made, name, number, issuedAt: now };
  }),
  implement(
    api.addBadge,
    async ({ tx, services: { keys }, params: { person }, body: { number }, actor, now, notify }) => {
      await requireShown(tx, keys, person);
      await addBadge(tx, keys, { person, number }, byStaff(actor), now);
      notify('change');
      return shown(tx, keys, person);
    },
  ),
  implement(
    api.revokeCredential,
    async ({ tx, services: { keys }, params: { person, credential: id }, actor, now, notify }) => {
      await requireShown(tx, keys, person);
      await revokeCredential(tx, { person, id }, byStaff(actor), now);
      notify('change');
      return shown(tx, keys, person);
    },
  ),
  implement(api.createMyCode, async ({ tx, services: { keys, keyring }, actor, now, about }) => {
    const person = self(actor, about);
    await requireShown(tx, keys, person);
    return issueOwnCode(keyring, person, now);
  }),
  implement(api.listMyCredentials, async ({ tx, services: { keys }, actor, about }) => {
    const person = self(actor, about);
    await requireShown(tx, keys, person);
    return shown(tx, keys, person);
  }),
  implement(
    api.revokeMyCredential,
    async ({ tx, services: { keys }, actor, params: { credential: id }, now, about, notify }) => {
      const person = self(actor, about);
      await requireShown(tx, keys, person);
      await revokeCredential(tx, { person, id }, BY_THEMSELVES, now);
      notify('change');
      return shown(tx, keys, person);
    },
  ),
];

async function shown(db: Db, keys: Keys, person: string) {
  const all = await credentialsOf(db, keys, [person]);
  const onCard = await find(db, 'card_template', { person }, ['id', 'made_at']);
  return {
    templateCard: onCard ? camelCase(onCard) : null,
    items: all.map(({ person: _, hash: __, issuedBy: ___, ...credential }) => credential),
  };
}

async function pinAnswer(tx: Db, person: string, now: Date) {
  const code = await pinCodeOf(tx, person, now);
  const pin = await pinOf(tx, person);
  return {
    code: code && { issuedAt: code.issuedAt, expiresAt: code.expiresAt },
    pin,
  };
}

/** Withdraws a person's PIN or PIN code. @param take returns whether there was one */
async function takeBack(
  { tx, services: { keys }, params: { person }, now, notify }: Call<{ person: string }, unknown, unknown>,
  take: typeof withdrawPin,
) {
  await requireShown(tx, keys, person);
  if (await take(tx, person, now)) notify('change');
  return pinAnswer(tx, person, now);
}

export const pinCodeRoutes: readonly Route[] = [
  implement(api.getPinCode, async ({ tx, services: { keys }, params: { person }, now }) => {
    await requireShown(tx, keys, person);
    return pinAnswer(tx, person, now);
  }),
  implement(api.issuePinCode, async ({ tx, services: { keys }, actor, params: { person }, now, on, notify }) => {
    const { name, number } = await requireShown(tx, keys, person);
    if (number === null) throw new Problem('pin-without-number');
    const { id, code, issuedAt, expiresAt } = await issuePinCode(tx, keys, person, actor.id, now);
    on(id);
    notify('change');
    return { name, number, code, issuedAt, expiresAt };
  }),
  implement(api.withdrawPinCode, (call) => takeBack(call, withdrawPinCode)),
  implement(api.withdrawPin, (call) => takeBack(call, withdrawPin)),
];
