import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openKeys } from '../../../electron/core/keys/index.ts';
import { openKiosk } from '../../../electron/core/open-kiosk.ts';
import { ensureKioskFolder } from '../../../electron/core/provision.ts';
import { systemClock } from '../../../electron/core/store/clock.ts';
import { createStore } from '../../../electron/core/store/index.ts';
import type { Store } from '../../../electron/core/store/interface.ts';
import { writeServerLink } from '../../../electron/core/sync/server-link.ts';
import { CORE_NODE_OPTIONS } from '../../../electron/host-browser/core-fork.ts';
import { createDeviceIdentity, deviceRequest } from '../../../sync/edge/identity.ts';
import type { ServerBundle } from '../../../sync/protocol/wire/provisioning.ts';
import { type Child, startNode } from '../harness.ts';
import { nodeOptions, type Registration } from './server-and-broker.ts';

const PEOPLE = 200;
/** Check-ins per person and day. */
const A_DAY = 2;
const DAY_MS = 86_400_000;
const PATIENCE_MS = 600_000;
const RAM_DISK = '/dev/shm';

export type Transport = 'https' | 'mqtt';

/** Nothing listens on this port, so the transport that uses it is closed. */
const NOWHERE = 'https://127.0.0.1:9';

/** The same server, reachable by one transport only. */
export function throughOneTransport(bundle: ServerBundle, transport: Transport): ServerBundle {
  return transport === 'https' ? { ...bundle, mqttUrls: [] } : { ...bundle, serverUrl: NOWHERE };
}

/** The real kiosk of the bench: a folder, with one process at a time on it. */
export class KioskEnd {
  readonly home: string;
  readonly device: string;
  readonly epoch: string;
  /** Sequence number of the last event before the check-ins. */
  readonly before: number;
  readonly registration: Registration;
  readonly #secret;
  #bundle: ServerBundle | null = null;
  #child: Child | null = null;

  private constructor(o: Pick<KioskEnd, 'home' | 'device' | 'epoch' | 'before'> & Made) {
    this.home = o.home;
    this.device = o.device;
    this.epoch = o.epoch;
    this.before = o.before;
    this.#secret = o.secret;
    this.registration = {
      request: o.request,
      registered: (bundle) => {
        this.#bundle = bundle;
      },
    };
  }

  /**
   * Makes the folder with people and check-ins, none with a photo, in one epoch. It is filled on a RAM disk if there is one,
   * since it would otherwise take 50,000 flushes, and then moved to `folder`.
   */
  static async make(folder: string, checkins: number): Promise<KioskEnd> {
    const quick = mkdtempSync(join(existsSync(RAM_DISK) ? RAM_DISK : tmpdir(), 'sp-bench-'));
    const home = join(folder, 'kiosk');
    try {
      ensureKioskFolder(quick, false);
      const keys = await openKeys({ home: quick, deviceSecret: null, allowSecretFile: true });
      const time = { ms: Date.now() - days(checkins) * DAY_MS };
      const store = await createStore({ home: quick, keys, clock: { ...systemClock(), now: () => time.ms } });
      const { device } = store;
      await addPeople(store);
      const before = store.outbox.count();
      await addCheckins(store, checkins, time);
      const { epoch } = store.outbox.marks().findLast(({ made }) => made > 0)!;
      store.close();
      cpSync(quick, home, { recursive: true });
      const secret = await createDeviceIdentity(device);
      const request = await deviceRequest(secret, 'Bench kiosk');
      return new KioskEnd({ home, device, epoch, before, secret, request });
    } finally {
      rmSync(quick, { recursive: true, force: true });
    }
  }

  /** Links the kiosk to its server. Call it once. */
  async link(): Promise<void> {
    const kiosk = await openKiosk({ home: this.home, deviceSecret: null, allowSecretFile: true });
    writeServerLink(kiosk.store, { secret: this.#secret, bundle: this.#bundle! });
    await kiosk.close();
  }

  async start(): Promise<void> {
    const file = join(import.meta.dirname, 'kiosk-child.ts');
    this.#child = startNode(file, [this.home], { ...process.env, ...nodeOptions('KIOSK') }, CORE_NODE_OPTIONS);
    await this.#said('ready');
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    child?.write('end\n');
    await child?.ended();
  }

  /** @returns how many events are pending now */
  async rewind(seq: number): Promise<number> {
    this.#child!.write(`rewind ${this.epoch} ${seq}\n`);
    return Number((await this.#said('rewound ')).slice('rewound '.length));
  }

  /** @returns ms until everything was acknowledged */
  async drain(transport: Transport): Promise<number> {
    this.#child!.write(`drain ${transport}\n`);
    return Number((await this.#said('drained ')).slice('drained '.length));
  }

  get process(): Child {
    return this.#child!;
  }

  #said(word: string): Promise<string> {
    return this.#child!.line((line) => line.startsWith(word), PATIENCE_MS);
  }
}

interface Made {
  readonly secret: Awaited<ReturnType<typeof createDeviceIdentity>>;
  readonly request: Registration['request'];
}

async function addPeople(store: Store): Promise<void> {
  for (let i = 0; i < PEOPLE; i++)
    await store.people.add({
      id: randomUUID(),
      name: `Bench Person ${i}`,
      number: String(1000 + i),
      language: 'en',
      consent: { textVersion: '1', language: 'en' },
      templates: [],
      photo: null,
      pinHash: null,
    });
}

/** Number of days over which this many check-ins are spread. */
const days = (checkins: number) => Math.ceil(checkins / (PEOPLE * A_DAY));

/** Everyone checks in and out once per day, one person every 20 s, until now. */
async function addCheckins(store: Store, count: number, time: { ms: number }): Promise<void> {
  const people = store.people.all().map((p) => p.id);
  const began = time.ms;
  for (let i = 0; i < count; i++) {
    const day = Math.floor(i / (PEOPLE * A_DAY));
    time.ms = began + day * DAY_MS + (i % (PEOPLE * A_DAY)) * 20_000;
    await store.checkins.record({
      person: people[i % people.length]!,
      open: {
        direction: i % (PEOPLE * A_DAY) < PEOPLE ? 'in' : 'out',
        method: 'face',
        liveness: 'passed',
        model: 'fr_feature@0123456789ab',
        threshold: 0.5213,
        gallery: { people: people.length, templates: 5 * people.length },
      },
      score: 0.6 + (i % 1000) / 4000,
      second: 0.2114,
      photo: null,
      gps: null,
    });
  }
}
