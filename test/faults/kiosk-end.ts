import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { readServerLink, writeServerLink } from '../../electron/core/sync/server-link.ts';
import { createDeviceIdentity, type DeviceSecret, deviceRequest } from '../../sync/edge/identity.ts';
import type { ServerBundle } from '../../sync/protocol/wire/provisioning.ts';
import { seededRandom } from '../bench/harness.ts';
import { type ChaosProxy, chaosProxy } from './chaos-proxy.ts';
import { type Disk, makeDisk } from './disks.ts';
import type { Order, Report } from './kiosk.ts';
import { NodeProcess } from './node-process.ts';

const PEOPLE = 12;

/** One kiosk of a run: its folder on a separate disk, its process, its two transports. */
export class KioskEnd {
  readonly device: string;
  readonly disk: Disk;
  readonly home: string;
  readonly broker: ChaosProxy;
  readonly https: ChaosProxy;
  /** Ids of check-ins that it reported as durable, in that order. */
  readonly confirmed: string[] = [];
  report: (Report & { readonly at: number }) | null = null;
  /** Offset of its wall clock at its next start, ms. */
  skewMs = 0;
  readonly #process: NodeProcess;
  #starts = 0;

  constructor(o: {
    device: string;
    disk: Disk;
    home: string;
    broker: ChaosProxy;
    https: ChaosProxy;
    seed: number;
  }) {
    this.device = o.device;
    this.disk = o.disk;
    this.home = o.home;
    this.broker = o.broker;
    this.https = o.https;
    this.#process = new NodeProcess(
      {
        file: join(import.meta.dirname, 'kiosk.ts'),
        args: () => [o.home, String(this.skewMs), String(o.seed + this.#starts++)],
        env: process.env,
        ready: (line) => line === 'ready',
      },
      (line) => {
        if (line.startsWith('c ')) this.confirmed.push(line.slice(2));
      },
      (message) => {
        this.report = { ...(message as Report), at: performance.now() };
      },
    );
  }

  get complaints(): readonly string[] {
    return this.#process.complaints;
  }

  get running(): boolean {
    return this.#process.running;
  }

  async start(): Promise<void> {
    this.report = null;
    await this.#process.start();
  }

  order(order: Order): void {
    this.#process.send(order);
  }

  /** Reads its output to the end, so that `confirmed` holds everything it ever confirmed. */
  end(signal: NodeJS.Signals): Promise<void> {
    return this.#process.end(signal);
  }

  /** Number of check-ins since its start that it could not record, or only without their photo, with this code. */
  refused(code: string): number {
    return this.report?.refused[code] ?? 0;
  }

  /** Events that it has and the server has not acknowledged, by a recent report; 0 if there is none. */
  get inFlight(): number {
    return this.report && performance.now() - this.report.at < 200 ? this.report.pending : 0;
  }
}

/**
 * Makes a kiosk with people and provisions it.
 * @param register registers the device with the server
 */
export async function makeKiosk(o: {
  folder: string;
  index: number;
  seed: number;
  /** Ports of the broker and of this kiosk's server. */
  brokerPort: number;
  serverPort: number;
  register: (secret: DeviceSecret, name: string) => Promise<ServerBundle>;
}): Promise<KioskEnd> {
  const disk = makeDisk(join(o.folder, `kiosk-${o.index}`), 512);
  const home = join(disk.path, 'home');
  ensureKioskFolder(home, false);
  const broker = await chaosProxy({ host: '127.0.0.1', port: o.brokerPort });
  const https = await chaosProxy({ host: '127.0.0.1', port: o.serverPort });
  const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  try {
    const { store } = kiosk;
    const random = seededRandom(o.seed + o.index);
    for (let i = 0; i < PEOPLE; i++) {
      await store.people.add({
        id: randomUUID(),
        name: `Person ${o.index}-${i}`,
        number: String(1000 * (o.index + 1) + i),
        language: 'en',
        consent: { textVersion: '1', language: 'en' },
        templates: [{ pose: 'front', model: 'test', embedding: unitVector(random) }],
        photo: i === 0 ? randomBytes(2000) : null,
        pinHash: null,
      });
    }
    const secret = await createDeviceIdentity(store.device);
    const bundle = await o.register(secret, `Kiosk ${o.index}`);
    writeServerLink(store, {
      secret,
      bundle: {
        ...bundle,
        serverUrl: `https://127.0.0.1:${https.port}`,
        mqttUrls: [`mqtts://127.0.0.1:${broker.port}`],
      },
    });
    return new KioskEnd({ device: store.device, disk, home, broker, https, seed: o.seed + 1000 * o.index });
  } finally {
    await kiosk.close();
  }
}

/** Replaces the kiosk's certificate by one from `issue`. Its process must not be running. */
export async function replaceCertificate(kiosk: KioskEnd, issue: (csr: string) => Promise<string>): Promise<void> {
  const opened = await openKiosk({ home: kiosk.home, deviceSecret: null, allowSecretFile: true });
  try {
    const link = readServerLink(opened.store)!;
    const { csr } = await deviceRequest(link.secret, 'renewal');
    writeServerLink(opened.store, { ...link, bundle: { ...link.bundle, tlsCertPem: await issue(csr) } });
  } finally {
    await opened.close();
  }
}

function unitVector(random: () => number): Float32Array {
  const vector = Float32Array.from({ length: 512 }, () => random() - 0.5);
  const norm = Math.hypot(...vector);
  return vector.map((v) => v / norm);
}
