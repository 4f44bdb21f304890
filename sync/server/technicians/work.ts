import type { Transaction } from 'kysely';
import type { AddedTechnician } from '../../protocol/api/technicians.ts';
import { qrSvg } from '../accounts/link-text.ts';
import type { Tables } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import { findSite, scopeOfSite } from '../sites/write.ts';
import { shownTechnicians } from './shown.ts';
import { addTechnician } from './store.ts';

/** Whom a listing names. */
export const TECHNICIAN_DATA = ['technician.name', 'account.email'] as const;
/** What adding one makes besides. */
export const ADDED_DATA = [...TECHNICIAN_DATA, 'technician.secret'] as const;

/**
 * Adds one for a site, or for all of them (null), and shows what is told once.
 *
 * @throws Problem `unknown-site`, and as `addTechnician`
 */
export async function addForSite(
  tx: Transaction<Tables>,
  keys: Keys,
  { name, site, by }: { readonly name: string; readonly site: string | null; readonly by: string },
  now: Date,
): Promise<AddedTechnician> {
  const scope = site === null ? null : await scopeOfSite(tx, site);
  const label = site === null ? 'all sites' : (await findSite(tx, site)).name;
  const { id, ...told } = await addTechnician(tx, keys, { name, scope, by, label }, now);
  const technician = (await shownTechnicians(tx, keys)).find((one) => one.id === id)!;
  return { technician, svg: await qrSvg(told.uri), ...told };
}
