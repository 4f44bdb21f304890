import { hostname } from 'node:os';
import path from 'node:path';
import { type DeviceSecret, deviceFingerprint, deviceRequest } from '../../../sync/edge/identity.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { beginDemo } from '../../../sync/protocol/api/demo.ts';
import { provisionByFile } from '../../../sync/protocol/api/devices.ts';
import { openGrant, signJoin } from '../../../sync/protocol/seal/join.ts';
import type { Grant } from '../../../sync/protocol/wire/join.ts';
import type { Call } from '../../../sync/server/app/operator-socket.ts';
import { finishJoining, type Joining, keepJoining, newIdentity, readJoining } from '../../core/joining/joining.ts';
import { type OpenKiosk, openKiosk } from '../../core/open-kiosk.ts';
import { defaultSite } from '../../core/provision.ts';
import { writeSiteConfig } from '../../core/site/config.ts';
import { EMERGENCY_PIN } from '../../core/staff/emergency.ts';
import { readServerLink } from '../../core/sync/link.ts';
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

/** Name of a kiosk that is not a demo. */
const OWN_NAME = hostname().slice(0, 80) || 'kiosk';

export interface PrepareOptions {
  /** The kiosk's folder. */
  readonly home: string;
  /** Calls the server, once it is running. */
  readonly call: Call;
  readonly demo: boolean;
  /** 32 bytes from a keystore, or null for the 0600 file in the kiosk's folder. */
  readonly deviceSecret: Uint8Array | null;
  /** Becomes the staff PIN if the kiosk has none yet. */
  readonly staffPin: string;
  /** Resolves once the server is running. */
  readonly ready: Promise<unknown>;
  /** The server had no database before this start. */
  readonly isNew: boolean;
}

/** The result: the staff PIN if it was set now and, for a demo, the camera clip and the data for its second kiosk. */
export interface PreparedKiosk {
  readonly staffPin: string | null;
  readonly footage: string;
  /** Null if this is not a demo, or it was emptied. */
  readonly second: SecondKioskOptions | null;
}

/**
 * Sets up a kiosk beside its server for the first time, before it runs: identity and registration, staff PIN, and the demo
 * people in a demo. Each part is done once. The next start completes an interrupted one.
 */
export async function prepareKiosk(options: PrepareOptions): Promise<PreparedKiosk> {
  const { home, demo, isNew } = options;
  const kiosk = await openKiosk({
    home,
    deviceSecret: options.deviceSecret,
    allowSecretFile: options.deviceSecret === null,
  });
  try {
    settleDemo(kiosk, demo);
    const demoFolder = path.join(home, 'demo');
    const joined = join(kiosk, options);
    const [second, , footage] = await Promise.all([
      joined,
      // The server's first start takes seconds, so faces are enrolled meanwhile. An existing demo may have been emptied.
      demo && (isNew || (await joined)) ? enrolDemoPeople(kiosk) : 0,
      demo ? demoClip(demoFolder) : '',
    ]);
    let staffPin: string | null = null;
    if (kiosk.store.settings.get(EMERGENCY_PIN) === null) {
      kiosk.store.settings.set(EMERGENCY_PIN, await (await kiosk.pins()).hash(options.staffPin));
      staffPin = options.staffPin;
    }
    const recorded = demoPeople().flatMap(({ number }) => kiosk.store.people.byNumber(number)?.id ?? []);
    const sentFile = path.join(demoFolder, 'history-sent');
    return { staffPin, footage, second: second && { kiosk: second, recorded, sentFile } };
  } finally {
    await kiosk.close();
  }
}

/** @returns the demo's second kiosk; null if this is not a demo, or it was emptied */
async function join(
  kiosk: OpenKiosk,
  { demo, call, ready }: PrepareOptions,
): Promise<SecondKioskOptions['kiosk'] | null> {
  const { store } = kiosk;
  const second = demo ? await secondKiosk(store) : null;
  if (readServerLink(store)) return registered(second);
  await ready;
  const begun = second && (await call(beginDemo, { body: { kiosk: second.secret.device } })).begun;
  const known = begun ? { ...second, bundle: (await provision(call, second.secret, SECOND_NAME)).bundle } : null;
  if (known) keepSecondKiosk(store, known);
  const { secret } = await ownJoining(store);
  const grant = await provision(call, secret, known ? KIOSK_NAME : OWN_NAME);
  await finishJoining({ ...kiosk, changed: () => undefined }, secret, grant);
  return registered(known);
}

/** Does the first step of `device request`. Stored, so that after an interruption the keys known to the server are used. */
async function ownJoining(store: OpenKiosk['store']): Promise<Joining> {
  const joining = readJoining(store) ?? { ...(await newIdentity({ store }, OWN_NAME)), code: null };
  keepJoining(store, joining);
  return joining;
}

/** Does the same as `device request`, `device provision` and `device accept` in sequence. */
async function provision(call: Call, secret: DeviceSecret, name: string): Promise<Grant> {
  const request = await deviceRequest(secret, name);
  const signed = await signJoin({ secret: null, request }, secret.signing);
  const body = { request: signed, fingerprint: await deviceFingerprint(request), name };
  const { grant } = await call(provisionByFile, { body });
  return openGrant(grant, secret.device, secret.sealing);
}

const registered = (kiosk: SecondKiosk | null): SecondKioskOptions['kiosk'] | null =>
  kiosk?.bundle ? { ...kiosk, bundle: kiosk.bundle } : null;

/** A folder is either a demo's or a real kiosk's, so that recorded people never enter a real gallery, or the reverse. */
function settleDemo(kiosk: OpenKiosk, demo: boolean): void {
  if (kiosk.site.demo === demo) return;
  if (readServerLink(kiosk.store) || kiosk.store.people.count() > 0) {
    throw demo ? new Problem('home-not-demo') : new Problem('home-is-demo');
  }
  writeSiteConfig(kiosk.home, defaultSite(demo));
}
