import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createDeviceIdentity, deviceFingerprint, deviceRequest } from '../../../sync/edge/identity.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { provisionByFile } from '../../../sync/protocol/api/devices.ts';
import { openGrant, signJoin } from '../../../sync/protocol/seal/join.ts';
import { provisionDemo, provisionLocal } from '../../../sync/server/app/local.ts';
import { call } from '../../../sync/server/app/open.ts';
import { finishJoining } from '../../core/joining/joining.ts';
import { type OpenKiosk, openKiosk } from '../../core/open-kiosk.ts';
import { defaultSite } from '../../core/provision.ts';
import { writeSiteConfig } from '../../core/site/config.ts';
import { EMERGENCY_PIN } from '../../core/staff/emergency.ts';
import { readServerLink, writeServerLink } from '../../core/sync/link.ts';
import { enrolDemoPeople } from '../demo/enrol.ts';
import { demoClip, demoPeople } from '../demo/people.ts';
import {
  KIOSK_NAME,
  keepSecondKiosk,
  SECOND_NAME,
  type SecondKiosk,
  type SecondKioskOptions,
  secondKiosk,
} from '../demo/second-kiosk.ts';

/** What a kiosk that is no demo's is called. */
const OWN_NAME = hostname().slice(0, 80) || 'kiosk';

export interface PrepareOptions {
  readonly kiosk: string;
  readonly server: string;
  readonly serverEnv: NodeJS.ProcessEnv;
  readonly demo: boolean;
  /** 32 bytes of a keystore, or null for the 0600 file in the kiosk's folder. */
  readonly deviceSecret: Uint8Array | null;
  /** Set as the staff PIN when the kiosk has none yet. */
  readonly staffPin: string;
  /** The server runs already: a kiosk that it does not know joins it. */
  readonly joins?: boolean;
}

/** The result: the staff PIN if it was set now and, for a demo, the camera clip and what its second kiosk needs. */
export interface PreparedKiosk {
  readonly staffPin: string | null;
  readonly footage: string;
  /** Null: this is no demo, or it was emptied. */
  readonly second: SecondKioskOptions | null;
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
    // The database's first start takes seconds; faces are enrolled meanwhile. One that is there may have been emptied.
    const isNew = !existsSync(join(options.server, 'pglite'));
    const provisioned = provision(kiosk, options);
    const [second, , footage] = await Promise.all([
      provisioned,
      options.demo && (isNew || (await provisioned)) ? enrolDemoPeople(kiosk) : 0,
      options.demo ? demoClip(join(options.kiosk, 'demo')) : '',
    ]);
    let staffPin: string | null = null;
    if (kiosk.store.settings.get(EMERGENCY_PIN) === null) {
      kiosk.store.settings.set(EMERGENCY_PIN, await (await kiosk.pins()).hash(options.staffPin));
      staffPin = options.staffPin;
    }
    const recorded = demoPeople().flatMap(({ number }) => kiosk.store.people.byNumber(number)?.id ?? []);
    const sentFile = join(options.kiosk, 'demo', 'history-sent');
    return { staffPin, footage, second: second && { kiosk: second, recorded, sentFile } };
  } finally {
    await kiosk.close();
  }
}

/** @returns the demo's second kiosk; null: this is no demo, or it was emptied */
async function provision(kiosk: OpenKiosk, options: PrepareOptions): Promise<SecondKioskOptions['kiosk'] | null> {
  const { store } = kiosk;
  if (options.joins && !readServerLink(store)) {
    await joinServer(kiosk, options.serverEnv);
    return null;
  }
  const second = options.demo ? await secondKiosk(store) : null;
  if (readServerLink(store)) return registered(second);
  const secret = await createDeviceIdentity(store.device);
  const device = await deviceRequest(secret, second ? KIOSK_NAME : OWN_NAME);
  const server = { serverHome: options.server, env: options.serverEnv, device };
  if (!second) {
    writeServerLink(store, { secret, bundle: await provisionLocal(server) });
    return null;
  }
  const made = await provisionDemo({ ...server, second: await deviceRequest(second.secret, SECOND_NAME) });
  const known = { ...second, bundle: made.second };
  keepSecondKiosk(store, known);
  writeServerLink(store, { secret, bundle: made.bundle });
  return registered(known);
}

/** As `device request`, `device provision` and `device accept` do it, one after the other. */
async function joinServer(kiosk: OpenKiosk, serverEnv: NodeJS.ProcessEnv): Promise<void> {
  const secret = await createDeviceIdentity(kiosk.store.device);
  const request = await deviceRequest(secret, OWN_NAME);
  const signed = await signJoin({ secret: null, request }, secret.signing);
  const body = { request: signed, fingerprint: await deviceFingerprint(request), name: OWN_NAME };
  const { grant } = await call(serverEnv, provisionByFile, { body });
  const opened = await openGrant(grant, secret.device, secret.sealing);
  await finishJoining({ ...kiosk, changed: () => undefined }, secret, opened);
}

const registered = (kiosk: SecondKiosk | null): SecondKioskOptions['kiosk'] | null =>
  kiosk?.bundle ? { ...kiosk, bundle: kiosk.bundle } : null;

/** A folder is either the demo's or a real kiosk's: recorded people never end up in a real gallery, nor the reverse. */
function settleDemo(kiosk: OpenKiosk, demo: boolean): void {
  if (kiosk.site.demo === demo) return;
  if (readServerLink(kiosk.store) || kiosk.store.people.count() > 0) {
    throw demo ? new Problem('home-not-demo') : new Problem('home-is-demo');
  }
  writeSiteConfig(kiosk.home, defaultSite(demo));
}
