import { randomBytes } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { z } from 'zod';
import type { HandedOver, NewKioskStaff, StaffReset } from '../../../protocol/api/staff.ts';
import { type NewFactor, newFactor, secretText, technicianUri } from '../../../protocol/seal/technician-code.ts';
import type { Tables } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { qrSvg } from '../accounts/link-text.ts';
import { findSite, scopeOfSite } from '../sites/write.ts';
import { shownStaff } from './shown.ts';
import { addStaff, makeStartPin, resetStaff } from './store.ts';

/**
 * Adds one for a site, or for all of them (null), and shows what is handed over once.
 *
 * @throws Problem `unknown-site`, and as `addStaff`
 */
export async function addForSite(
  tx: Transaction<Tables>,
  keys: Keys,
  { name, role, site, badge = null, by }: z.infer<typeof NewKioskStaff> & { readonly by: string },
  now: Date,
): Promise<HandedOver> {
  const scope = site === null ? null : await scopeOfSite(tx, site);
  const { pin, kept } = await makeStartPin(tx, keys);
  const factor = role === 'technician' ? newFactor(randomBytes) : null;
  const id = await addStaff(tx, keys, { name, role, scope, by, badge, pin: kept, factor }, now);
  return handedOver(tx, keys, id, pin, factor);
}

/** @throws as `resetStaff` */
export async function resetFor(
  tx: Transaction<Tables>,
  keys: Keys,
  id: string,
  reset: StaffReset,
  now: Date,
): Promise<HandedOver> {
  if (reset.what === 'badge') {
    await resetStaff(tx, keys, id, { badge: reset.badge }, now);
    return handedOver(tx, keys, id, null, null);
  }
  if (reset.what === 'factor') {
    const factor = newFactor(randomBytes);
    await resetStaff(tx, keys, id, { factor }, now);
    return handedOver(tx, keys, id, null, factor);
  }
  const { pin, kept } = await makeStartPin(tx, keys);
  await resetStaff(tx, keys, id, { pin: kept }, now);
  return handedOver(tx, keys, id, pin, null);
}

async function handedOver(
  tx: Transaction<Tables>,
  keys: Keys,
  id: string,
  pin: string | null,
  made: NewFactor | null,
): Promise<HandedOver> {
  const member = (await shownStaff(tx, keys)).find((one) => one.id === id)!;
  if (!made) return { member, pin, factor: null };
  const label = member.site === null ? 'all sites' : (await findSite(tx, member.site)).name;
  const uri = technicianUri(made.secret, `${member.name} (${label})`);
  return {
    member,
    pin,
    factor: { uri, svg: await qrSvg(uri), secret: secretText(made.secret), paper: [...made.paper] },
  };
}
