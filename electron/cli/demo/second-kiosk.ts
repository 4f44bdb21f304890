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

/** What both kiosks of the demo are called wherever kiosks are listed. */
export const KIOSK_NAME = 'Main entrance (demo)';
export const SECOND_NAME = 'Side entrance (demo)';

/** Setting in the store of the demo's kiosk; encrypted like everything in it. */
const SETTING = 'demo-second-kiosk';

/**
 * The demo's second kiosk: no machine, but keys and a place in the server's list like any other, so that what it says
 * comes to the server as everything does.
 */
export const SecondKiosk = z.strictObject({
  secret: DeviceSecret,
  /** Null: it is not registered yet, or the server is no demo any more. */
  bundle: ServerBundle.nullable(),
  epoch: Uuid,
  /** When it was made: its history is of the month before. */
  madeAt: Instant,
});
export type SecondKiosk = z.infer<typeof SecondKiosk>;

/** The second kiosk of this store, created at the first call. */
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
  /** File that is there once the server has the history. */
  readonly sentFile: string;
}

/** Sends its history once, and reports that it is there for as long as the demo runs; stops when it is revoked. */
export function startSecondKiosk({ kiosk, recorded, sentFile }: SecondKioskOptions): { close(): Promise<void> } {
  const { secret, bundle, epoch, madeAt } = kiosk;
  const { device } = secret;
  // Broken off, the same events are made again, and the server takes each once.
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

/** What is true of it: it has neither disk nor camera, and no model. */
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
