import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openKeys } from '../../electron/core/keys/index.ts';
import { openStore } from '../../electron/core/store/index.ts';
import { writeServerLink } from '../../electron/core/sync/server-link.ts';
import { updateLayout } from '../../electron/core/update/layout.ts';
import { signedBuilds } from '../../electron/host-browser/update/open-builds.ts';
import { createDeviceIdentity, deviceRequest } from '../../sync/edge/identity.ts';
import { VerifiedAgent } from '../../sync/edge/tls/agent.ts';
import { httpSource } from '../../sync/edge/update/http-source.ts';
import { provisionByFile } from '../../sync/protocol/api/devices.ts';
import { deviceFingerprint } from '../../sync/protocol/seal/fingerprint.ts';
import { openGrant, signJoin } from '../../sync/protocol/seal/join.ts';
import { UPDATES_PATH } from '../../sync/protocol/wire/release.ts';
import { type Link, transportOptions } from '../kit/kiosk.ts';
import type { TestServer } from '../kit/server.ts';
import { type StubKiosk, startStubKiosk, stubBuild } from './stub-kiosk.ts';

/** A stub kiosk that has joined a server, gets its builds from it, and has its own clock for trials. */
export class FleetKiosk {
  readonly device: string;
  readonly #stub: StubKiosk;
  readonly #agent: VerifiedAgent;
  readonly #uptime: string;
  #up = 1000;

  private constructor(device: string, stub: StubKiosk, agent: VerifiedAgent, uptime: string) {
    this.device = device;
    this.#stub = stub;
    this.#agent = agent;
    this.#uptime = uptime;
  }

  /** @param trustedRoot bytes of the root.json that it ships with */
  static async start(server: TestServer, parent: string, name: string, trustedRoot: Uint8Array): Promise<FleetKiosk> {
    const root = join(parent, name.replaceAll(' ', '-'));
    const home = join(root, 'kiosk');
    mkdirSync(home, { recursive: true });
    const open = async () => {
      const keys = await openKeys({ home, deviceSecret: null, allowSecretFile: true });
      return openStore({ home, keys });
    };
    const store = await open();
    const { device } = store;
    const link = await joinedByFile(server, name, device);
    writeServerLink(store, link);
    store.close();
    const agent = new VerifiedAgent(transportOptions(link, server.now), { maxSockets: 1 });
    const layout = updateLayout(root);
    mkdirSync(layout.work, { recursive: true });
    const rootFile = join(root, 'root.json');
    writeFileSync(rootFile, trustedRoot);
    const uptime = join(root, 'uptime');
    writeFileSync(uptime, '1000.00 1.0\n');
    const stub = await startStubKiosk({
      root,
      uptime,
      first: stubBuild('1.0.0'),
      server: true,
      pollSeconds: 2,
      everyMs: 1000,
      openStore: open,
      open: signedBuilds({
        layout,
        trustedRoot: rootFile,
        log: () => undefined,
        sources: async () => [httpSource({ name: 'server', url: `${link.bundle.serverUrl}${UPDATES_PATH}`, agent })],
      }),
    });
    return new FleetKiosk(device, stub, agent, uptime);
  }

  /** Version of the build whose core is up; null between two builds. */
  get version(): string | null {
    return this.#stub.running?.version ?? null;
  }

  get onTrial(): boolean {
    return this.#stub.keeper?.report().slots?.trial ?? true;
  }

  get online(): boolean {
    return this.#stub.online;
  }

  /** Events that the server has not acknowledged; 1 while unknown. */
  get queued(): number {
    return this.#stub.store?.outbox.count() ?? 1;
  }

  /** Records an event at this kiosk, unless it is between two builds. */
  event(n: number): void {
    this.#stub.store?.events.append({ type: 'health', open: { code: 'test-event', detail: { n } }, personal: {} });
  }

  /** Ids of all its events ever: none is trimmed before a backup has it. */
  eventIds(): string[] {
    const rows = this.#stub.store!.session.db.prepare('SELECT hex(id) AS id FROM event').all() as { id: string }[];
    return rows.map(({ id }) => id.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'));
  }

  /** Advances its launcher's clock. */
  pass(seconds: number): void {
    this.#up += seconds;
    writeFileSync(this.#uptime, `${this.#up}.00 1.0\n`);
  }

  async close(): Promise<void> {
    await this.#stub.close();
    this.#agent.destroy();
  }
}

/** Joins with a request carried by hand, since the server rejects fifty codes per minute from one address. */
async function joinedByFile(server: TestServer, name: string, device: string): Promise<Link> {
  const secret = await createDeviceIdentity(device);
  const request = await deviceRequest(secret, name);
  const { grant } = await server.call(provisionByFile, {
    body: {
      request: await signJoin({ secret: null, request }, secret.signing),
      fingerprint: await deviceFingerprint(request),
      name,
    },
  });
  return { secret, bundle: (await openGrant(grant, device, secret.sealing)).bundle };
}
