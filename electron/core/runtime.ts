import type { Problem } from '../../sync/errors/problem.ts';
import type { Ed25519PublicJwk } from '../../sync/protocol/wire/batch.ts';
import type { Policy } from '../../sync/protocol/wire/changes.ts';
import { createLightReach } from './checkin/light-reach.ts';
import { type Devices, NO_DEVICES } from './devices/devices.ts';
import type { FleetController } from './fleet/attach.ts';
import { createSettings, type DeviceSettings } from './fleet/settings.ts';
import type { CoreOptions } from './interface.ts';
import type { OpenKiosk } from './open-kiosk.ts';
import { facesForbidden, readIssuers, readPolicy } from './site/policy.ts';
import type { Store } from './store/interface.ts';
import type { RosterOutcome } from './store/roster.ts';
import type { KioskSync } from './sync/kiosk-sync.ts';
import type { Uplink } from './sync/link.ts';
import type { UpdateKeeper } from './update/keeper.ts';

/**
 * State that changes while the core runs: what the server last sent, the connection to it, and the parts that a kiosk can do
 * without. Read at each use, so that a change takes effect immediately.
 */
export class Runtime {
  readonly settings: DeviceSettings;
  readonly light = createLightReach();
  sync: KioskSync | null = null;
  devices: Devices = NO_DEVICES;
  updates: UpdateKeeper | null = null;
  fleet: FleetController | null = null;
  /** Notices about parts that could not be started. */
  readonly missing = new Set<string>();
  readonly #store: Pick<Store, 'roster'>;
  readonly #log: CoreOptions['log'];
  #policy: Policy | null;
  #issuers: readonly Ed25519PublicJwk[];

  constructor({ store, site }: OpenKiosk, log: CoreOptions['log']) {
    this.#store = store;
    this.#log = log;
    this.#policy = readPolicy(store.roster.policy);
    this.#issuers = readIssuers(store.roster.issuers);
    this.settings = createSettings({ store, site });
  }

  /** The server's policy; null if there is none. */
  get policy(): Policy | null {
    return this.#policy;
  }

  /** Public keys that sign people's own codes. */
  get issuers(): readonly Ed25519PublicJwk[] {
    return this.#issuers;
  }

  get uplink(): Uplink | null {
    return this.sync?.uplink ?? null;
  }

  /** Why no face is used although the models work; null if faces are used. */
  get faceOff(): Problem | null {
    return facesForbidden(this.#policy) ?? this.sync?.faceOff() ?? null;
  }

  /** Called after a page of the server has been committed. */
  applied({ policy }: RosterOutcome): void {
    this.#policy = policy ?? this.#policy;
    this.#issuers = readIssuers(this.#store.roster.issuers);
    this.settings.take();
    this.fleet?.poll();
  }

  /** Records that a part could not start. Check-ins need neither server connection nor control socket: the kiosk continues. */
  without(notice: string, error: unknown): null {
    this.#log('error', `core: continuing without ${notice}`, { error });
    this.missing.add(`${notice}-missing`);
    return null;
  }
}
