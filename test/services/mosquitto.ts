import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MosquittoOptions } from '../../sync/server/app/mqtt/mosquitto.ts';
import { writeMosquitto } from '../../sync/server/app/mqtt/mosquitto.ts';

const BINARY = '/usr/sbin/mosquitto';

/** Null if a Mosquitto can be started here, otherwise why not, in one plain line. */
export function mosquittoMissing(): string | null {
  return existsSync(BINARY) ? null : `${BINARY} is missing (Debian package mosquitto)`;
}

export interface Mosquitto {
  readonly port: number;
  readonly wssPort: number;
  readonly pid: number;
  /** Folder with its configuration and access rules. */
  readonly folder: string;
  /** Makes it reread its access rules. */
  reload(): void;
  /** Its log so far, over all starts. */
  log(): string;
  /** Ends it with this signal and waits until it has ended. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Restarts it after `kill`, with the state on its disk. */
  start(): Promise<void>;
  /** Deletes its state on disk, as if a broker lost what it had acknowledged. It must not be running. */
  forget(): void;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

/** Starts a real Mosquitto on these ports of 127.0.0.1, with the configuration and access rules that the server generates. */
export async function startMosquitto(
  options: Omit<MosquittoOptions, 'folder' | 'dataFolder' | 'bind' | 'user' | 'wssPort'> & { wssPort: number },
  extra: { acl?: string; withoutOpensslConf?: boolean } = {},
): Promise<Mosquitto> {
  const folder = mkdtempSync(join(tmpdir(), 'sp-mosquitto-'));
  const dataFolder = join(folder, 'data');
  const { config, openssl } = writeMosquitto({
    ...options,
    folder,
    dataFolder,
    bind: '127.0.0.1',
    // Root would become the user `mosquitto`, who can't read a private folder of root's.
    ...(process.getuid?.() === 0 && { user: 'root' }),
  });
  if (extra.acl) {
    const { appendFileSync } = await import('node:fs');
    appendFileSync(join(folder, 'acl'), extra.acl);
  }
  let child: ChildProcess;
  let log = '';
  const start = async () => {
    child = spawn(BINARY, ['-c', config], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...(!extra.withoutOpensslConf && { OPENSSL_CONF: openssl }) },
    });
    child.stderr!.on('data', (chunk) => {
      log += chunk;
    });
    await Promise.all([
      untilListening(options.port, child, () => log),
      untilListening(options.wssPort, child, () => log),
    ]);
  };
  // A test process that ends without `remove`, such as after a failed set-up, leaves no broker behind.
  const onExit = () => child.kill('SIGKILL');
  process.once('exit', onExit);
  const kill = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  };
  await start();
  return {
    port: options.port,
    wssPort: options.wssPort,
    get pid() {
      return child.pid!;
    },
    folder,
    reload: () => void child.kill('SIGHUP'),
    log: () => log,
    kill,
    start,
    forget: () => {
      rmSync(dataFolder, { recursive: true, force: true });
      mkdirSync(dataFolder, { mode: 0o700 });
    },
    remove: async () => {
      await kill('SIGTERM');
      process.off('exit', onExit);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilListening(port: number, child: ChildProcess, log: () => string): Promise<void> {
  const end = Date.now() + 60_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`mosquitto ended: ${log()}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (open) return;
    if (Date.now() > end) throw new Error(`mosquitto does not listen on ${port}: ${log()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
