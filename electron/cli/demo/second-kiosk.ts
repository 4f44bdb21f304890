import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { SyncEngine } from '../../../sync/edge/engine.ts';
import { EventList } from '../../../sync/edge/event-list.ts';
import { createDeviceIdentity, DeviceSecret } from '../../../sync/edge/identity.ts';
import { Instant, Uuid } from '../../../sync/protocol/wire/event.ts';
import type { Inventory } from '../../../sync/protocol/wire/fleet.ts';
import { ServerBundle } from '../../../sync/protocol/wire/provisioning.ts';
import type { Store } from '../../core/store/interface.ts';
import { VERSION } from '../../core/version.ts';
import { demoHistory } from './history.ts';

/** Names of the demo's two kiosks in all lists of kiosks. */
export const KIOSK_NAME = 'Main entrance (demo)';
export const SECOND_NAME = 'Side entrance (demo)';

/** Setting in the store of the demo's kiosk; encrypted like everything in it. */
const SETTING = 'demo-second-kiosk';

/**
 * The demo's second kiosk. There is no machine, but it has keys and an entry in the server's list like any other, so its events
 * arrive at the server in the usual way.
 */
export const SecondKiosk = z.strictObject({
  secret: DeviceSecret,
  /** Null: it is not registered yet, or the server is no longer a demo. */
  bundle: ServerBundle.nullable(),
  epoch: Uuid,
  /** When it was created. Its history covers the month before. */
  madeAt: Instant,
});
export type SecondKiosk = z.infer<typeof SecondKiosk>;

/** Returns this store's second kiosk, which is created at the first call. */
export async function secondKiosk(store: Pick<Store, 'settings'>): Promise<SecondKiosk> {
  const text = store.settings.get(SETTING);
  if (text !== null) return SecondKiosk.parse(JSON.parse(text));
  const secret = await createDeviceIdentity(randomUUID());
  const made = { secret, bundle: null, epoch: randomUUID(), madeAt: new Date().toISOString() };
  keepSecondKiosk(store, made);
  return made;
}

export const keepSecondKiosk = (store: Pick<Store, 'settings'>, kiosk: SecondKiosk): void =>
  store.settings.set(SETTING, JSON.stringify(kiosk));

export interface SecondKioskOptions {
  readonly kiosk: SecondKiosk & { readonly bundle: ServerBundle };
  /** People with a face, enrolled at the other kiosk. */
  readonly recorded: readonly string[];
  /** File that exists once the server has received the history. */
  readonly sentFile: string;
}

/** Sends its history once, then keeps reporting for as long as the demo runs. Stops when it is revoked. */
export function startSecondKiosk({ kiosk, recorded, sentFile }: SecondKioskOptions): { close(): Promise<void> } {
  const { secret, bundle, epoch, madeAt } = kiosk;
  const { device } = secret;
  // If sending was interrupted, the same events are made again, and the server accepts each only once.
  const source = existsSync(sentFile)
    ? new EventList({ device, bootId: 'demo' })
    : demoHistory({ device, epoch, now: new Date(madeAt), recorded });
  const startedAt = Date.now();
  const engine = new SyncEngine({
    secret,
    bundle,
    source,
    report: () => inventory(startedAt),
    onStatus({ online, queued, problem }) {
      if (problem?.code === 'device-revoked' || problem?.code === 'unknown-device') void engine.stop();
      if (!online || queued > 0 || existsSync(sentFile)) return;
      mkdirSync(dirname(sentFile), { recursive: true });
      writeFileSync(sentFile, '');
    },
  });
  engine.start();
  return { close: () => engine.stop() };
}

/** Its true state: no disk, no camera, no model. */
const inventory = (startedAt: number): Inventory => ({
  version: VERSION,
  commit: '',
  host: 'browser',
  models: { detector: null, embedder: null },
  uptimeSeconds: Math.round((Date.now() - startedAt) / 1000),
  diskFree: null,
  diskTotal: null,
  camera: 'off',
  clockOffsetMs: 0,
  queued: 0,
  photosWaiting: 0,
  temperature: null,
  storeSchema: 1,
  configRevision: null,
  configProblem: null,
});
