import { Writable } from 'node:stream';
import { SyncEngine } from '../../sync/edge/engine.ts';
import { createDeviceIdentity, type DeviceSecret, deviceRequest } from '../../sync/edge/identity.ts';
import type { Board } from '../../sync/protocol/api/live.ts';
import type { ServerBundle } from '../../sync/protocol/wire/provisioning.ts';
import { type Config, readConfig } from '../../sync/server/app/config.ts';
import { initServer, provisionLocal } from '../../sync/server/app/local.ts';
import { type RunningServer, startServer } from '../../sync/server/app/server.ts';
import { createLogger } from '../../sync/server/platform/logs/logger.ts';
import { call, tokenOf } from '../kit/client.ts';
import { serverHome } from '../kit/folder.ts';
import { MemoryOutbox } from '../kit/outbox.ts';
import { reservePorts } from '../services/ports.ts';

/** A server with its embedded database and one provisioned device, as the tests of its listeners and its process need it. */
export class ServerRig {
  readonly home: Awaited<ReturnType<typeof serverHome>>;
  readonly outbox = new MemoryOutbox();
  readonly env: Record<string, string>;
  readonly config: Config;
  secret!: DeviceSecret;
  bundle!: ServerBundle;
  server!: RunningServer;
  /** What the server's clock is off by, ms. */
  clock = 0;
  /** All that the server in this process has logged. */
  logged = '';
  #cookie: string | null = null;
  readonly log = createLogger(
    'debug',
    new Writable({
      write: (chunk, _encoding, done) => {
        this.logged += chunk;
        done();
      },
    }),
  );

  private constructor(home: ServerRig['home'], env: Record<string, string>) {
    this.home = home;
    this.env = env;
    this.config = readConfig(env);
  }

  static async start(): Promise<ServerRig> {
    const home = await serverHome();
    const [people, devices] = await reservePorts(2);
    const rig = new ServerRig(home, {
      ...initServer(home.path),
      SMARTPRESENCE_PEOPLE_PORT: String(people),
      SMARTPRESENCE_DEVICE_PORT: String(devices),
      SMARTPRESENCE_TIMEZONE: 'Europe/Berlin',
    });
    rig.secret = await createDeviceIdentity(rig.outbox.device);
    const device = await deviceRequest(rig.secret, 'Front door');
    rig.bundle = await provisionLocal({ serverHome: home.path, env: rig.env, device });
    await rig.#open();
    return rig;
  }

  async #open(): Promise<void> {
    this.server = await startServer(this.config, this.log, { now: () => new Date(Date.now() + this.clock) });
  }

  async restart(): Promise<RunningServer> {
    await this.server.close();
    await this.#open();
    return this.server;
  }

  async close(): Promise<void> {
    await this.server.close();
    this.home.remove();
  }

  /** What the console's button sends. */
  redeem(token: string, headers: Record<string, string> = {}): ReturnType<typeof call> {
    return call(`${this.server.peopleUrl}/api/session`, {
      method: 'POST',
      headers: { origin: this.server.peopleUrl, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ token }),
    });
  }

  /** A batch as this device's transport would send it. */
  send(sealed: string): ReturnType<typeof call> {
    return call(`${this.server.deviceUrl}/v1/batches`, {
      method: 'POST',
      headers: { 'content-type': 'application/jose' },
      body: sealed,
      tls: { cert: this.bundle.tlsCertPem, key: this.secret.tlsKeyPem },
    });
  }

  /** Empties an outbox, or comes upon a problem. @returns how it then stands */
  async sync(box = this.outbox, secret = this.secret, bundle = this.bundle): Promise<SyncEngine['status']> {
    const engine = new SyncEngine({ secret, bundle, source: box });
    engine.start();
    const end = Date.now() + 20_000;
    while (Date.now() < end && (engine.status.queued > 0 || !engine.status.online) && !engine.status.problem)
      await new Promise((r) => setTimeout(r, 20));
    await engine.stop();
    return engine.status;
  }

  /** @returns the session's cookie; the first call uses up the admin link of this start */
  async signIn(): Promise<string> {
    this.#cookie ??= cookieOf(await this.redeem(tokenOf(this.server.adminLink)));
    return this.#cookie;
  }

  async board(query = ''): Promise<Board> {
    const headers = { cookie: await this.signIn() };
    return JSON.parse((await call(`${this.server.peopleUrl}/api/checkins${query}`, { headers })).body);
  }
}

/** The cookie that an answer sets, without its attributes. */
export const cookieOf = ({ headers }: Awaited<ReturnType<typeof call>>): string =>
  String(headers['set-cookie']).split(';')[0]!;
