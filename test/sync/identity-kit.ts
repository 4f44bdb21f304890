import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { pino } from 'pino';
import { createDeviceIdentity, type DeviceSecret } from '../../sync/edge/identity.ts';
import { type Joining, startJoining } from '../../sync/edge/provisioning/join.ts';
import type { ServerBundle } from '../../sync/protocol/wire/provisioning.ts';
import { readConfig } from '../../sync/server/config.ts';
import { initServer } from '../../sync/server/local.ts';
import { operate } from '../../sync/server/operator/open.ts';
import type { ArgsOf, OperationName, ResultOf } from '../../sync/server/operator/operations.ts';
import { type RunningServer, startServer } from '../../sync/server/server.ts';
import { freePorts, temporaryHome } from './kit.ts';

export interface TestServer {
  readonly env: Record<string, string>;
  readonly home: string;
  /** Moves the server's clock, ms. */
  shift(ms: number): void;
  now(): number;
  /** What the command line does. */
  operate<N extends OperationName>(name: N, args: ArgsOf<N>): Promise<ResultOf<N>>;
  url(): string;
  restart(): Promise<void>;
  /** Does something while the server is down, and starts it again. */
  whileDown<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** A server of its own, embedded database, free ports, a clock that can be moved. */
export async function testServer(): Promise<TestServer> {
  const home = temporaryHome();
  const [people, devices] = await freePorts(2);
  const env = {
    ...initServer(home.path),
    SMARTPRESENCE_PEOPLE_PORT: String(people),
    SMARTPRESENCE_DEVICE_PORT: String(devices),
    SMARTPRESENCE_TIMEZONE: 'Europe/Berlin',
  };
  let shift = 0;
  const start = () =>
    startServer(readConfig(env), pino({ level: 'silent' }), { now: () => new Date(Date.now() + shift) });
  let server: RunningServer = await start();
  return {
    env,
    home: home.path,
    shift: (ms) => {
      shift = ms;
    },
    now: () => Date.now() + shift,
    operate: (name, args) => operate(env, name, args),
    url: () => server.deviceUrl,
    async restart() {
      await server.close();
      server = await start();
    },
    async whileDown(work) {
      await server.close();
      try {
        return await work();
      } finally {
        server = await start();
      }
    },
    async close() {
      await server.close();
      home.remove();
    },
  };
}

export const never = new AbortController().signal;

/** A kiosk that has joined and was approved. */
export async function joined(
  server: TestServer,
  name = 'Front door',
): Promise<{ secret: DeviceSecret; bundle: ServerBundle }> {
  const secret = await createDeviceIdentity(crypto.randomUUID());
  const { code } = await server.operate('device provision', { name });
  const joining = startJoining({ secret, name: 'kiosk', code, trustedNow: server.now });
  try {
    const { fingerprint } = await joining.ask(never);
    await server.operate('device approve', { device: secret.device, fingerprint });
    const grant = await joining.poll(never);
    return { secret, bundle: grant!.bundle };
  } finally {
    joining.close();
  }
}

export const joiningWith = (server: TestServer, secret: DeviceSecret, code: string): Joining =>
  startJoining({ secret, name: 'kiosk', code, trustedNow: server.now });

/** A bare TLS connection to the server; the caller closes it. */
export function tls(url: string, options: ConnectionOptions): Promise<TLSSocket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false, ...options }, () =>
      resolve(socket),
    );
    socket.on('error', reject);
  });
}
