import { computed, signal } from '@preact/signals';
import { type Device, listDevices } from '../../../sync/protocol/api/devices.ts';
import { listSites, type Site } from '../../../sync/protocol/api/sites.ts';
import { api, willPass } from '../../shared/web/api.ts';
import { readAll } from '../../shared/web/resource.tsx';

/** Sites and kiosks, which most pages name. Read after signing in, and again by pages that change them. */

export const sites = signal<readonly Site[]>([]);
export const kiosks = signal<readonly Device[]>([]);

/** The site of everything that was not assigned to another. */
const defaultSite = computed(() => sites.value.find((s) => s.isDefault) ?? sites.value[0] ?? null);

export const siteOptions = () => sites.value.map(({ id, name }) => [id, name] as const);

/** Returns a site. @param id null: the default site */
export const siteOf = (id: string | null): Site | null =>
  sites.value.find((s) => s.id === id) ?? (id === null ? defaultSite.value : null);

/** Returns the zone in which a site's moments are shown. @param id null or absent: the default site's */
export const zoneOf = (id: string | null = null): string =>
  (siteOf(id) ?? defaultSite.value)?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;

const kioskNames = computed(() => new Map(kiosks.value.map((k) => [k.id, k.name])));
export const kioskName = (id: string): string | null => kioskNames.value.get(id) ?? null;

/** Returns how many approved kiosks the sites have. */
export const kiosksAt = (of: readonly string[]): number =>
  kiosks.value.filter((k) => k.status === 'approved' && of.includes(siteOf(k.site)?.id ?? '')).length;

const AGAIN_MS = 5000;
let again: ReturnType<typeof setTimeout> | undefined;

/**
 * Reloads them, and retries while the server can't be reached or fails, since no page would ask for them again. What a role
 * may not list stays empty and is shown without names.
 */
export async function loadPlaces(): Promise<void> {
  clearTimeout(again);
  const [found, devices] = await Promise.all([api(listSites), readAll(listDevices)]);
  if (found.ok) sites.value = found.value.items;
  if (devices.ok) kiosks.value = devices.value.items;
  if ([found, devices].some((asked) => !asked.ok && willPass(asked.error))) again = setTimeout(loadPlaces, AGAIN_MS);
}

export function forgetPlaces(): void {
  clearTimeout(again);
  sites.value = [];
  kiosks.value = [];
}
