import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PostgresAddress, readDatabaseUrl } from '../../sync/server/platform/database/url.ts';
import { reservePorts } from './ports.ts';

const DEBIAN = '/usr/lib/postgresql';

/** The test's own real PostgreSQL: temporary cluster, TLS by a CA made for it, unprivileged user, free port. */
export interface TestPostgres {
  /** `SMARTPRESENCE_DATABASE_URL` of a database. Creates the database if it doesn't exist. */
  url(database?: string): string;
  address(database?: string): PostgresAddress;
  /** Folder with `ca.pem`; `server.pem` and `server.key` belong to the database server. */
  readonly tlsFolder: string;
  readonly dataFolder: string;
  /** Host for connections as the superuser `postgres`, without password and TLS: the folder of its socket. */
  readonly socketFolder: string;
  readonly port: number;
  /** Process id of the postmaster. */
  pid(): number;
  /** Kills the postmaster with kill -9 and waits until it has ended. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Clean shutdown. */
  stop(): Promise<void>;
  /** Appends a line to postgresql.conf, which applies from the next start. */
  configure(line: string): void;
  /** Runs SQL as the superuser over the local socket. */
  sql(text: string, database?: string): string;
  /** Stops it and deletes its folder. */
  remove(): Promise<void>;
}

/** @returns null if PostgreSQL can run here, otherwise why not, in one line */
export function postgresUnavailable(): string | null {
  if (!binFolder()) return `SKIPPED: PostgreSQL suites: no ${DEBIAN}/*/bin (Debian package postgresql)`;
  if (!execFile('openssl', ['version']))
    return 'SKIPPED: PostgreSQL suites: openssl is missing (Debian package openssl)';
  if (!execFile('setpriv', ['--version'])) return 'SKIPPED: PostgreSQL suites: setpriv is missing (package util-linux)';
  if (isRoot() && !account()) return 'SKIPPED: PostgreSQL suites: root needs a user "postgres" to run it as';
  return null;
}

export interface PostgresOptions {
  /** Lines of postgresql.conf. */
  readonly settings?: readonly string[];
  /** Folder for the cluster; a temporary folder by default. */
  readonly parent?: string;
}

/** @throws Error with the end of its log if it doesn't start */
export async function startPostgres({ settings = [], parent = tmpdir() }: PostgresOptions = {}): Promise<TestPostgres> {
  const bin = binFolder();
  if (!bin) throw new Error(postgresUnavailable() ?? 'no PostgreSQL');
  const folder = mkdtempSync(join(parent, 'sp-pg-'));
  chmodSync(folder, 0o755);
  const data = join(folder, 'data');
  const tls = join(folder, 'tls');
  const run = runner();
  own(folder);
  run('mkdir', ['-m', '755', tls]);
  run(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '--auth=trust', '-E', 'UTF8', '--locale=C', '--no-sync']);
  makeCertificates(tls, run);
  const [port] = (await reservePorts(1)) as [number];
  const conf = join(data, 'postgresql.conf');
  const configure = (line: string) => writeFileSync(conf, `${readFileSync(conf, 'utf8')}\n${line}\n`);
  for (const line of [
    `port = ${port}`,
    `listen_addresses = '127.0.0.1'`,
    `unix_socket_directories = '${folder}'`,
    'ssl = on',
    `ssl_cert_file = '${tls}/server.pem'`,
    `ssl_key_file = '${tls}/server.key'`,
    `ssl_min_protocol_version = 'TLSv1.3'`,
    'shared_buffers = 128MB',
    'log_min_messages = warning',
    'wal_recycle = off',
    ...settings,
  ])
    configure(line);
  // Over TCP only TLS with a password; the socket in the folder is for the test itself.
  writeFileSync(join(data, 'pg_hba.conf'), 'local all postgres trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n');

  const pid = () => Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
  const sql = (text: string, database = 'postgres') =>
    run(join(bin, 'psql'), [
      '-h',
      folder,
      '-p',
      String(port),
      '-U',
      'postgres',
      '-XAtq',
      '-v',
      'ON_ERROR_STOP=1',
      '-d',
      database,
      '-c',
      text,
    ]);
  let child: ChildProcess | null = null;
  const running = () => child !== null && child.exitCode === null && child.signalCode === null;
  // In the foreground and tied to this process, so a killed test leaves no database behind.
  const start = async () => {
    if (running()) return;
    const deadline = Date.now() + 60_000;
    for (;;) {
      const log = openSync(join(folder, 'log'), 'a');
      child = spawn(...unprivileged('--pdeathsig=QUIT', [join(bin, 'postgres'), '-D', data]), {
        cwd: '/',
        env: ENVIRONMENT,
        stdio: ['ignore', log, log],
      });
      closeSync(log);
      child.unref();
      while (running() && Date.now() < deadline) {
        if (run.ok(join(bin, 'pg_isready'), ['-q', '-h', folder, '-p', String(port)])) return;
        await sleep(50);
      }
      // After a kill -9 its backends hold the shared memory for another moment.
      if (Date.now() < deadline && readFileSync(join(folder, 'log'), 'utf8').slice(-600).includes('still in use')) {
        await sleep(200);
        continue;
      }
      child.kill('SIGKILL');
      throw new Error(`PostgreSQL does not start:\n${readFileSync(join(folder, 'log'), 'utf8').slice(-2000)}`);
    }
  };
  const end = async (signal: NodeJS.Signals) => {
    if (!running()) return;
    child!.ref();
    const ended = once(child!, 'exit');
    child!.kill(signal);
    await ended;
  };
  const stop = () => end('SIGINT');
  const onExit = () => {
    child?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', onExit);
  await start();
  const password = 'test / pass@word';
  sql(`create role sp login password '${password}'`);
  // As docs/prove/erasure.md requires: an erasure checkpoints the write-ahead log so that old contents are discarded.
  sql('grant pg_checkpoint to sp');
  const made = new Set<string>();
  const url = (database = 'sp') => {
    if (!made.has(database)) {
      if (sql(`select 1 from pg_database where datname = '${database}'`) === '')
        sql(`create database "${database}" owner sp`);
      made.add(database);
    }
    return `postgres://sp:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}?sslmode=verify-full&sslrootcert=${tls}/ca.pem`;
  };
  return {
    url,
    address: (database) => {
      const address = readDatabaseUrl(url(database));
      if (typeof address === 'string') throw new Error(address);
      return address;
    },
    tlsFolder: tls,
    dataFolder: data,
    socketFolder: folder,
    port,
    pid,
    kill: () => end('SIGKILL'),
    start,
    stop,
    configure,
    sql,
    async remove() {
      await stop();
      process.off('exit', onExit);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function makeCertificates(tls: string, run: Run): void {
  const openssl = (args: string[]) => run('openssl', args);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl([
    'req',
    '-x509',
    ...key,
    '-keyout',
    `${tls}/ca.key`,
    '-out',
    `${tls}/ca.pem`,
    '-subj',
    '/CN=Test database CA',
    '-days',
    '2',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
  ]);
  openssl([
    'req',
    '-x509',
    ...key,
    '-keyout',
    `${tls}/server.key`,
    '-out',
    `${tls}/server.pem`,
    '-subj',
    '/CN=database',
    '-days',
    '2',
    '-CA',
    `${tls}/ca.pem`,
    '-CAkey',
    `${tls}/ca.key`,
    '-addext',
    'subjectAltName=IP:127.0.0.1',
    '-addext',
    'basicConstraints=critical,CA:false',
  ]);
  run('chmod', ['600', `${tls}/server.key`, `${tls}/ca.key`]);
  run('chmod', ['644', `${tls}/ca.pem`, `${tls}/server.pem`]);
}

interface Run {
  (command: string, args: readonly string[]): string;
  /** Whether it exited with 0. */
  ok(command: string, args: readonly string[]): boolean;
}

const ENVIRONMENT = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C' };

/** PostgreSQL refuses to run as root, so as root all of it runs as the user `postgres`. */
function unprivileged(option: string | null, command: readonly string[]): [string, string[]] {
  const as = isRoot() ? ['--reuid=postgres', '--regid=postgres', '--clear-groups'] : [];
  return ['setpriv', [...as, ...(option ? [option] : []), ...command]];
}

function runner(): Run {
  const go = (command: string, args: readonly string[]) =>
    spawnSync(...unprivileged(null, [command, ...args]), { encoding: 'utf8', cwd: '/', env: ENVIRONMENT });
  const run = (command: string, args: readonly string[]) => {
    const done = go(command, args);
    if (done.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${done.error ?? done.stderr}`);
    return done.stdout.trim();
  };
  return Object.assign(run, { ok: (command: string, args: readonly string[]) => go(command, args).status === 0 });
}

const isRoot = () => process.getuid?.() === 0;

function account(): { uid: number; gid: number } | null {
  const found = execFile('getent', ['passwd', 'postgres'])?.split(':');
  return found ? { uid: Number(found[2]), gid: Number(found[3]) } : null;
}

function own(folder: string): void {
  const user = account();
  if (isRoot() && user) chownSync(folder, user.uid, user.gid);
}

function execFile(command: string, args: string[]): string | null {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return null;
  }
}

/** Folder of the newest server's programs. */
function binFolder(): string | null {
  if (!existsSync(DEBIAN)) return null;
  const versions = readdirSync(DEBIAN).filter((v) => existsSync(join(DEBIAN, v, 'bin/initdb')));
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  return newest ? join(DEBIAN, newest, 'bin') : null;
}
