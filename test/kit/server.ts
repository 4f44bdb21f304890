import { Writable } from 'node:stream';
import type { Logger } from 'pino';
import type { Board } from '../../sync/protocol/api/live.ts';
import { type Config, readConfig } from '../../sync/server/app/config.ts';
import { initServer } from '../../sync/server/app/local.ts';
import { call as callAsOperator } from '../../sync/server/app/open.ts';
import type { Call } from '../../sync/server/app/operator-socket.ts';
import { type RunningServer, startServer } from '../../sync/server/app/server.ts';
import { openDatabase } from '../../sync/server/platform/database/open.ts';
import type { Db } from '../../sync/server/platform/database/schema.ts';
import { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { type Keyring, openKeyring } from '../../sync/server/platform/keys/keyring.ts';
import { createLogger } from '../../sync/server/platform/logs/logger.ts';
import { reservePorts } from '../services/ports.ts';
import { type Answer, call, cookieOf, tokenOf } from './client.ts';
import { serverHome, type TemporaryFolder, temporaryFolder } from './folder.ts';
import { until } from './wait.ts';

export interface ServerOptions {
  /** Environment variables in addition to keys, home and ports. */
  readonly env?: Record<string, string>;
  /** Offset of its clock, ms. */
  readonly shift?: number;
  /** Folder of the screens; by default the built ones. */
  readonly pages?: string;
  /** False: created, but not started yet. */
  readonly start?: boolean;
  /** By default the server's own logger, at `debug`. */
  readonly logger?: (to: Writable) => Logger;
  /** Text that its log contains once a start is complete. */
  readonly started?: string;
}

/** Makes a complete server in this process, on free ports, with the embedded database unless its environment names another. */
export async function newServer(options: ServerOptions = {}): Promise<TestServer> {
  const { env = {}, start = true } = options;
  const folder = env.SMARTPRESENCE_DATABASE_URL ? temporaryFolder() : await serverHome();
  const [people, devices] = await reservePorts(2);
  const variables = {
    ...initServer(folder.path),
    SMARTPRESENCE_PEOPLE_PORT: String(people),
    SMARTPRESENCE_DEVICE_PORT: String(devices),
    SMARTPRESENCE_TIMEZONE: 'Europe/Berlin',
    ...env,
  };
  const server = new TestServer(folder, variables, options);
  try {
    if (start) await server.start();
    return server;
  } catch (cause) {
    await server.close();
    throw cause;
  }
}

export class TestServer implements AsyncDisposable {
  /** Read at each start. */
  readonly env: Record<string, string>;
  /** Everything it has logged. */
  logged = '';
  readonly log: Logger;
  readonly #folder: TemporaryFolder;
  readonly #options: ServerOptions;
  #shift: number;
  #running: RunningServer | null = null;
  #cookie: string | null = null;

  constructor(folder: TemporaryFolder, env: Record<string, string>, options: ServerOptions) {
    this.env = env;
    this.#folder = folder;
    this.#options = options;
    this.#shift = options.shift ?? 0;
    const to = new Writable({
      write: (chunk, _encoding, done) => {
        this.logged += chunk;
        done();
      },
    });
    this.log = (options.logger ?? ((stream) => createLogger('debug', stream)))(to);
  }

  get home(): string {
    return this.#folder.path;
  }

  get config(): Config {
    return readConfig(this.env);
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  get running(): RunningServer {
    if (!this.#running) throw new Error('the server does not run');
    return this.#running;
  }

  get peopleUrl(): string {
    return this.running.peopleUrl;
  }

  get deviceUrl(): string {
    return this.running.deviceUrl;
  }

  get adminLink(): string {
    return this.running.adminLink;
  }

  /** The time of its clock, ms. */
  readonly now = (): number => Date.now() + this.#shift;

  /** Sets the offset of its clock, ms. */
  shift(ms: number): void {
    this.#shift = ms;
  }

  /** @param changes to its configuration, for this start */
  async start(changes: Partial<Config> = {}): Promise<RunningServer> {
    const before = this.logged.length;
    const { pages, started } = this.#options;
    this.#running = await startServer({ ...this.config, ...changes }, this.log, {
      now: () => new Date(this.now()),
      ...(pages && { pages }),
    });
    if (started) await until(`it logs “${started}”`, () => this.logged.slice(before).includes(started));
    return this.#running;
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    await running?.close();
  }

  async restart(changes: Partial<Config> = {}): Promise<RunningServer> {
    await this.stop();
    return this.start(changes);
  }

  /** Runs `work` while the server is down. */
  async whileDown<T>(work: () => Promise<T>): Promise<T> {
    const { isRunning } = this;
    await this.stop();
    try {
      return await work();
    } finally {
      if (isRunning) await this.start();
    }
  }

  /** Opens its database and its keyring while it is down. */
  offline<T>(work: (opened: { db: Db; keys: Keys; keyring: Keyring }) => Promise<T>): Promise<T> {
    return this.whileDown(async () => {
      const { config } = this;
      const { db, close } = await openDatabase(config.home, { postgres: config.database });
      try {
        const keys = new Keys(config.encryptionKey, config.secretKey);
        return await work({
          db,
          keys,
          keyring: await openKeyring(db, keys, { hostnames: config.hostnames, now: this.now }),
        });
      } finally {
        await close();
      }
    });
  }

  /** Calls an endpoint as the command line does. */
  readonly call: Call<string> = (...args) => callAsOperator(this.env, ...args);

  /** Does what the console’s button does with the token of a sign-in link. */
  redeem(token: string, headers: Record<string, string> = {}): Promise<Answer> {
    return call(`${this.peopleUrl}/api/session`, {
      method: 'POST',
      headers: { origin: this.peopleUrl, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ token }),
    });
  }

  /** Signs in as the administrator created by the first start. @returns the session’s cookie. The first call uses up the link */
  async signIn(): Promise<string> {
    this.#cookie ??= cookieOf(await this.redeem(tokenOf(this.adminLink)));
    return this.#cookie;
  }

  /** The board of check-ins, as the administrator sees it. */
  async board(query = ''): Promise<Board> {
    const headers = { cookie: await this.signIn() };
    return JSON.parse((await call(`${this.peopleUrl}/api/checkins${query}`, { headers })).body);
  }

  async close(): Promise<void> {
    await this.stop();
    this.#folder.remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
