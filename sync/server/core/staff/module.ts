import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import * as api from '../../../protocol/api/staff.ts';
import { type NewFactor, newFactor, secretText, technicianUri } from '../../../protocol/seal/technician-code.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { update } from '../../platform/database/rows.ts';
import type { Tx } from '../../platform/database/schema.ts';
import type { OneEvent } from '../../platform/events.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import type { ServerModule } from '../../platform/server-module.ts';
import { qrSvg } from '../accounts/links.ts';
import { findSite, scopeOfSite } from '../sites/sites.ts';
import { shownStaff } from './shown.ts';
import {
  addStaff,
  makeStartPin,
  removeStaff,
  reportedStaff,
  resetStaff,
  staffForKiosks,
  staffKeysPlace,
  staffNamePlace,
} from './store.ts';

const staffRoutes: readonly Route[] = [
  implement(api.listKioskStaff, async ({ tx, services: { keys } }) => ({ items: await shownStaff(tx, keys) })),
  implement(api.addKioskStaff, async ({ tx, services: { keys }, actor, body, now, on, notify }) => {
    const added = await addForSite(tx, keys, { ...body, by: actor.id ?? actor.role }, now);
    on(added.member.id);
    notify('change');
    return added;
  }),
  implement(api.resetKioskStaff, async ({ tx, services: { keys }, params: { member }, body, now, notify }) => {
    const handed = await resetFor(tx, keys, member, body, now);
    notify('change');
    return handed;
  }),
  implement(api.removeKioskStaff, async ({ tx, services: { keys }, actor, params: { member }, now, notify }) => {
    await removeStaff(tx, member, actor.id ?? actor.role, now);
    notify('change');
    return { items: await shownStaff(tx, keys) };
  }),
];

/**
 * Adds a member for a site, or for all sites (null). Returns what is handed over, which is shown once.
 *
 * @throws Problem `unknown-site`; like `addStaff`
 */
async function addForSite(
  tx: Tx,
  keys: Keys,
  { name, role, site, badge = null, by }: z.infer<typeof api.NewKioskStaff> & { readonly by: string },
  now: Date,
): Promise<api.HandedOver> {
  const scope = site === null ? null : await scopeOfSite(tx, site);
  const { pin, kept } = await makeStartPin(tx, keys);
  const factor = role === 'technician' ? newFactor(randomBytes) : null;
  const id = await addStaff(tx, keys, { name, role, scope, by, badge, pin: kept, factor }, now);
  return handedOver(tx, keys, id, pin, factor);
}

/** @throws like `resetStaff` */
async function resetFor(tx: Tx, keys: Keys, id: string, reset: api.StaffReset, now: Date): Promise<api.HandedOver> {
  const made = reset.what === 'pin' ? await makeStartPin(tx, keys) : null;
  const factor = reset.what === 'factor' ? newFactor(randomBytes) : null;
  const to = { ...(made && { pin: made.kept }), ...(factor && { factor }) };
  await resetStaff(tx, keys, id, reset.what === 'badge' ? { badge: reset.badge } : to, now);
  return handedOver(tx, keys, id, made?.pin ?? null, factor);
}

async function handedOver(
  tx: Tx,
  keys: Keys,
  id: string,
  pin: string | null,
  made: NewFactor | null,
): Promise<api.HandedOver> {
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

async function takeReport({ tx, keys, event, device, scope, at, publish }: OneEvent<'staff'>): Promise<void> {
  const { id, open } = event.header;
  const personal = { name: event.personal.name?.value, pin: event.personal.pin?.value };
  publish(await reportedStaff(tx, keys, { id, device, scope, open, personal }, at));
  // Name and PIN are stored in only one place, where they can be deleted.
  await update(tx, 'event', { id }, { personal: null });
}

export const staff: ServerModule = {
  onEvent: { staff: takeReport },
  endpoints: staffRoutes,
  kioskChanges: { staff: { state: staffForKiosks } },
  tables: {
    staff_member: {
      sealed: {
        by: 'environment',
        reads: ['row_version'],
        columns: {
          name: (cell) => staffNamePlace(cell('id')),
          sealed: (cell) => staffKeysPlace(cell('id'), Number(cell('row_version'))),
        },
      },
      notPersonal: 'staff unlock kiosks with it; it is no person’s record of attendance',
    },
  },
};
