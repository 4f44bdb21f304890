import { hostname } from 'node:os';
import { join } from 'node:path';
import { createDeviceIdentity, deviceRequest } from '../../../sync/edge/identity.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { provisionLocal } from '../../../sync/server/app/local.ts';
import { type OpenKiosk, openKiosk } from '../../core/open-kiosk.ts';
import { defaultSite } from '../../core/provision.ts';
import { writeSiteConfig } from '../../core/site/config.ts';
import { EMERGENCY_PIN } from '../../core/staff/emergency.ts';
import { readServerLink, writeServerLink } from '../../core/sync/link.ts';
import { enrolDemoPeople } from '../demo/enrol.ts';
import { demoClip } from '../demo/people.ts';

export interface PrepareOptions {
  readonly kiosk: string;
  readonly server: string;
  readonly serverEnv: NodeJS.ProcessEnv;
  readonly demo: boolean;
  /** 32 bytes of a keystore, or null for the 0600 file in the kiosk's folder. */
  readonly deviceSecret: Uint8Array | null;
  /** Set as the staff PIN when the kiosk has none yet. */
  readonly staffPin: string;
}

/** What came of it: the staff PIN when it was set now, and the demo's camera clip. */
export interface PreparedKiosk {
  readonly staffPin: string | null;
  readonly footage: string;
}

/**
 * First-time set-up of a kiosk beside its server, before either runs: identity and registration, staff PIN, and in the
 * demo the demo people. Each part is done once; a start that was cut off is completed by the next.
 */
export async function prepareKiosk(options: PrepareOptions): Promise<PreparedKiosk> {
  const kiosk = await openKiosk({
    home: options.kiosk,
    deviceSecret: options.deviceSecret,
    allowSecretFile: options.deviceSecret === null,
  });
  try {
    settleDemo(kiosk, options.demo);
    // The database's first start takes seconds; faces are enrolled meanwhile.
    const [, , footage] = await Promise.all([
      provision(kiosk, options),
      options.demo ? enrolDemoPeople(kiosk) : 0,
      options.demo ? demoClip(join(options.kiosk, 'demo')) : '',
    ]);
    let staffPin: string | null = null;
    if (kiosk.store.settings.get(EMERGENCY_PIN) === null) {
      kiosk.store.settings.set(EMERGENCY_PIN, await (await kiosk.pins()).hash(options.staffPin));
      staffPin = options.staffPin;
    }
    return { staffPin, footage };
  } finally {
    await kiosk.close();
  }
}

async function provision(kiosk: OpenKiosk, options: PrepareOptions): Promise<void> {
  if (readServerLink(kiosk.store)) return;
  const secret = await createDeviceIdentity(kiosk.store.device);
  const device = await deviceRequest(secret, hostname().slice(0, 80) || 'kiosk');
  const bundle = await provisionLocal({
    serverHome: options.server,
    env: options.serverEnv,
    device,
    // Nobody but its operator is at the demo, whose kiosk may have no display.
    ...(options.demo && { policy: { watchScreens: 'on' } }),
  });
  writeServerLink(kiosk.store, { secret, bundle });
}

/** A folder is either the demo's or a real kiosk's: recorded people never end up in a real gallery, nor the reverse. */
function settleDemo(kiosk: OpenKiosk, demo: boolean): void {
  if (kiosk.site.demo === demo) return;
  if (readServerLink(kiosk.store) || kiosk.store.people.count() > 0) {
    throw demo ? new Problem('home-not-demo') : new Problem('home-is-demo');
  }
  writeSiteConfig(kiosk.home, defaultSite(demo));
}
