import { Policy } from '../../../../protocol/wire/changes.ts';
import { scopesOf } from '../../../core/devices/scope.ts';
import { DEFAULT_SCOPE } from '../../../core/sites/sites.ts';
import type { Db } from '../../../platform/database/schema.ts';
import { cutoff, shorter } from './rules.ts';
import type { RetentionSettings } from './settings.ts';

/** Until when things of each device go: its site may keep them for less than the server. */
export interface DeviceCutoffs {
  readonly devices: readonly string[];
  readonly sites: readonly (string | null)[];
  /** RFC 3339, one a device. */
  readonly before: readonly string[];
}

/** By the policy of the site at which each device stands now. */
export async function deviceCutoffs(
  db: Db,
  settings: RetentionSettings,
  what: 'photoDays' | 'gpsDays',
  now: Date,
): Promise<DeviceCutoffs> {
  const devices = await db.selectFrom('device').select(['id', 'site']).orderBy('id').execute();
  const scopes = await scopesOf(
    db,
    devices.map((d) => d.id),
  );
  const policies = new Map(
    (await db.selectFrom('site_policy').selectAll().execute()).map((r) => [r.site, Policy.parse(r.policy)]),
  );
  const before = devices.map(({ id }) => {
    const policy = policies.get(scopes.get(id) ?? DEFAULT_SCOPE) ?? policies.get(DEFAULT_SCOPE);
    return cutoff(shorter(settings[what], policy?.[what]), now)!.toISOString();
  });
  return { devices: devices.map((d) => d.id), sites: devices.map((d) => d.site), before };
}
