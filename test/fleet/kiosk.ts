import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCore } from '../../electron/core/core.ts';
import type { Core, CoreOptions } from '../../electron/core/interface.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { writeServerLink } from '../../electron/core/sync/server-link.ts';
import { newKiosk } from '../kit/kiosk.ts';
import type { TestServer } from '../kit/server.ts';
import { aCheckin, aPerson } from '../store/samples.ts';

/** Secrets on these kiosks that must never appear in what they send, nor remain on them afterwards. */
export const SECRETS = {
  name: 'Wilhelmine Überall-Sonntag',
  number: '730412',
  pin: '58204617',
  qr: 'SP1:Zq7Yv0nB2mXkR4tWc9PdLs6HfGa1JuEo',
  latitude: '52.520817',
  mail: 'wilhelmine@example.org',
} as const;

export interface Fleeting {
  readonly home: string;
  readonly device: string;
  /** Id of the person who is enrolled, with a photo. */
  readonly person: string;
  /** Starts the real core, which runs until it is closed. */
  start(options?: Partial<CoreOptions>): Promise<Core>;
  remove(): Promise<void>;
}

/** Creates a kiosk of this server with one enrolled person: a face, photos and pending records. */
export async function fleeting(server: TestServer, name: string, records = 3): Promise<Fleeting> {
  const home = mkdtempSync(join(tmpdir(), 'sp-fleet-'));
  ensureKioskFolder(home, false);
  const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  const { store } = kiosk;
  const { secret, bundle } = await newKiosk(server, name, store.device);
  await kiosk.keys.bindProvisioning(randomBytes(32));
  writeServerLink(store, { secret, bundle });
  const { id: person } = await store.people.add(
    aPerson({ name: SECRETS.name, number: SECRETS.number, photo: randomBytes(4000) }),
  );
  for (let i = 0; i < records; i++)
    await store.checkins.record(aCheckin(person, { photo: i === 0 ? randomBytes(4000) : null }));
  await kiosk.close();
  const running: Core[] = [];
  return {
    home,
    device: store.device,
    person,
    async start(options = {}) {
      const core = await startCore({ home, deviceSecret: null, demo: false, log: () => undefined, ...options });
      running.push(core);
      return core;
    },
    async remove() {
      for (const core of running.splice(0)) await core.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

export const setupOf = async (core: Core) => (await core.methods.status({})).setup;
