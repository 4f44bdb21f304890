import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../../sync/server/app/config.ts';
import { createCa, issueServerCertificate } from '../../sync/server/platform/keys/certificates.ts';
import type { S3Settings } from '../../sync/server/platform/objects/settings.ts';
import { reservePorts } from './ports.ts';

/** Debian's own interpreter: another Python in the PATH has no moto. */
const PYTHON = '/usr/bin/python3';
const SERVER = '/usr/bin/moto_server';
/** What the program needs besides Debian's python3-moto, which only suggests it. */
const MODULES = 'import moto.server, flask_cors';

let missing: string | null | undefined;

/** Null if an S3 double can be started here, otherwise why not, in one plain line. */
export function motoMissing(): string | null {
  missing ??= find();
  if (missing && process.env.TESTS_MUST_RUN) throw new Error(missing);
  return missing || null;
}

function find(): string {
  const packages = 'Debian packages python3-moto and python3-flask-cors';
  if (!existsSync(SERVER)) return `SKIPPED: S3 suites: ${SERVER} is missing (${packages})`;
  try {
    execFileSync(PYTHON, ['-W', 'ignore', '-c', MODULES], { stdio: 'ignore' });
    return '';
  } catch {
    return `SKIPPED: S3 suites: moto's server does not load (${packages})`;
  }
}

/** An S3 double (moto) over HTTPS, with the test's own CA. Its contents are lost when it ends. */
export interface Moto {
  /** `https://host:port` */
  readonly endpoint: string;
  readonly caFile: string;
  /** The server's variables for a bucket. */
  env(bucket: string): Record<string, string>;
  settings(bucket: string, more?: Record<string, string>): S3Settings;
  /** The end of its output, for a test that fails. */
  log(): string;
  /** Ends it. Requests meanwhile get no answer. */
  stop(): Promise<void>;
  /** Restarts it, empty. */
  start(): Promise<void>;
  remove(): Promise<void>;
}

/** @param host the name by which clients reach this machine; other than 127.0.0.1, it is served on all addresses */
export async function startMoto(host = '127.0.0.1'): Promise<Moto> {
  const folder = mkdtempSync(join(tmpdir(), 'sp-moto-'));
  const [port] = (await reservePorts(1)) as [number];
  const ca = await createCa('moto-test', Date.now());
  const leaf = await issueServerCertificate(ca, [host], Date.now(), 'moto');
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const caFile = file('ca.pem', ca.certPem);
  const args = [
    '-H',
    host === '127.0.0.1' ? host : '0.0.0.0',
    '-p',
    String(port),
    '-c',
    file('server.pem', leaf.certPem),
  ];
  args.push('-k', file('server.key', leaf.keyPem));
  let child: ChildProcess | null = null;
  let log = '';
  const stop = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  const start = async () => {
    child = spawn(PYTHON, ['-W', 'ignore', SERVER, ...args], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      // Otherwise a host name with dots is taken for a bucket's.
      env: { PATH: '/usr/bin:/bin', MOTO_S3_DEFAULT_MAX_KEYS: '1000', S3_IGNORE_SUBDOMAIN_BUCKETNAME: 'true' },
    });
    child.stderr!.on('data', (chunk) => {
      log = `${log}${chunk}`.slice(-4000);
    });
    const end = Date.now() + 60_000;
    while (!(await answers(port))) {
      if (child.exitCode !== null || Date.now() > end) throw new Error(`moto does not start: ${log}`);
      await sleep(100);
    }
  };
  const onExit = () => child?.kill('SIGKILL');
  process.once('exit', onExit);
  await start();
  const endpoint = `https://${host}:${port}`;
  const env = (bucket: string) => ({
    S3_BUCKET_NAME: bucket,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test-key',
    AWS_SECRET_ACCESS_KEY: 'test-secret-access-key',
    S3_ENDPOINT_URL: endpoint,
    S3_CA_FILE: caFile,
  });
  return {
    endpoint,
    caFile,
    env,
    settings: (bucket, more = {}) => {
      const key = () => randomBytes(32).toString('hex');
      const own = { SMARTPRESENCE_SERVER_HOME: folder, ENCRYPTION_KEY: key(), SECRET_KEY: key() };
      return readConfig({ ...own, ...env(bucket), ...more }).s3!;
    },
    log: () => log,
    stop,
    start,
    async remove() {
      await stop();
      process.off('exit', onExit);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
