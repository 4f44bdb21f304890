import { Policy } from '../../../../protocol/wire/changes.ts';
import { scopesOf } from '../../../core/devices/scope.ts';
import { DEFAULT_SCOPE } from '../../../core/sites/sites.ts';
import { findAll, findSorted, idsOf } from '../../../platform/database/rows.ts';
import type { Db } from '../../../platform/database/schema.ts';
import { cutoff, shorter } from './rules.ts';
import type { RetentionSettings } from './settings.ts';

/** Until when things of a device go: its site may keep them for less than the server. */
interface DeviceCutoff {
  readonly device: string;
  readonly site: string | null;
  /** RFC 3339. */
  readonly before: string;
}

/** By the policy of the site at which each device stands now. */
export async function deviceCutoffs(
  db: Db,
  settings: RetentionSettings,
  what: 'photoDays' | 'gpsDays',
  now: Date,
): Promise<DeviceCutoff[]> {
  const devices = await findSorted(db, 'device', {}, ['id'], { columns: ['id', 'site'] });
  const scopes = await scopesOf(db, idsOf(devices));
  const policies = new Map((await findAll(db, 'site_policy', {})).map((r) => [r.site, Policy.parse(r.policy)]));
  return devices.map(({ id, site }) => {
    const policy = policies.get(scopes.get(id) ?? DEFAULT_SCOPE) ?? policies.get(DEFAULT_SCOPE);
    return { device: id, site, before: cutoff(shorter(settings[what], policy?.[what]), now)!.toISOString() };
  });
}
