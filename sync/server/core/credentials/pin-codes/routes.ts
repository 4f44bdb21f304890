import { Problem } from '../../../../errors/problem.ts';
import * as api from '../../../../protocol/api/credentials.ts';
import { type Call, implement, type Route } from '../../../platform/access/route.ts';
import type { Db } from '../../../platform/database/schema.ts';
import { requireShown } from '../../people/shown.ts';
import { pinOf, withdrawPin } from '../pins/pins.ts';
import { issuePinCode, pinCodeOf, withdrawPinCode } from './codes.ts';

async function shown(tx: Db, person: string, now: Date): Promise<api.PinCodeAnswer> {
  const code = await pinCodeOf(tx, person, now);
  const pin = await pinOf(tx, person);
  return {
    code: code && { issuedAt: code.issuedAt.toISOString(), expiresAt: code.expiresAt.toISOString() },
    pin: pin && { chosenAt: pin.chosenAt.toISOString(), device: pin.device },
  };
}

/** Takes something of a person's back. @param take returns whether there was anything */
async function takeBack(
  { tx, services: { keys }, params: { person }, now, notify }: Call<{ person: string }, unknown, unknown>,
  take: typeof withdrawPin,
): Promise<api.PinCodeAnswer> {
  await requireShown(tx, keys, person);
  if (await take(tx, person, now)) notify('change');
  return shown(tx, person, now);
}

export const pinCodeRoutes: readonly Route[] = [
  implement(api.getPinCode, async ({ tx, services: { keys }, params: { person }, now }) => {
    await requireShown(tx, keys, person);
    return shown(tx, person, now);
  }),
  implement(api.issuePinCode, async ({ tx, services: { keys }, actor, params: { person }, now, on, notify }) => {
    const { name, number } = await requireShown(tx, keys, person);
    if (number === null) throw new Problem('pin-without-number');
    const { id, code, issuedAt, expiresAt } = await issuePinCode(tx, keys, person, actor.id, now);
    on(id);
    notify('change');
    return { name, number, code, issuedAt: issuedAt.toISOString(), expiresAt: expiresAt.toISOString() };
  }),
  implement(api.withdrawPinCode, (call) => takeBack(call, withdrawPinCode)),
  implement(api.withdrawPin, (call) => takeBack(call, withdrawPin)),
];
