import { spawn, spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../../../sync/server/app/config.ts';
import { SYSTEM } from '../../../sync/server/platform/audit/actor.ts';
import { writeAudit } from '../../../sync/server/platform/audit/write.ts';
import { openDatabase } from '../../../sync/server/platform/database/open.ts';
import { inTransaction } from '../../../sync/server/platform/database/retry.ts';
import { openKeyring } from '../../../sync/server/platform/keys/keyring.ts';
import { keysOf } from '../../../sync/server/platform/keys/settings.ts';
import { setupBucket } from '../../../sync/server/platform/objects/bucket/setup.ts';
import { motoMissing, startMoto } from '../../services/moto.ts';
import { postgresUnavailable, startPostgres, type TestPostgres } from '../../services/postgres.ts';
import { benchLine, processMemory } from '../harness.ts';
import type { BenchContext, BenchLine } from '../types.ts';

const SP = join(import.meta.dirname, '../../../electron/cli/sp.ts');
const ARTEFACTS = join(import.meta.dirname, '../../artefacts');
/** Memory limit of a backup and of a restore, MB. */
const MEMORY_MB = 512;

/** Check-ins in the database, ten per person. Can be lowered for a quick run. */
const checkins = () => Number(process.env.SMARTPRESENCE_BENCH_CHECKINS ?? 1_000_000);

/**
 * Compares `backup run`, `backup verify` and `backup restore` as separate processes, over HTTPS to an S3 double on this machine,
 * with `pg_dump` and `pg_restore` of the same database in the same run. Then compares every row of every table.
 * @throws Error if PostgreSQL or the double isn't available here, or a row differs
 */
export async function* backupLines({ note }: BenchContext): AsyncGenerator<BenchLine> {
  const missing = postgresUnavailable() ?? motoMissing();
  if (missing) throw new Error(missing);
  mkdirSync(ARTEFACTS, { recursive: true });
  const folder = mkdtempSync(join(ARTEFACTS, 'bench-backup-'));
  const closers: (() => Promise<unknown> | unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  try {
    const postgres = await startPostgres({ settings: ['max_wal_size = 4GB', 'autovacuum = off'] });
    closers.push(() => postgres.remove());
    const moto = await startMoto();
    closers.push(() => moto.remove());
    const env = {
      PATH: process.env.PATH ?? '',
      ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      SECRET_KEY: randomBytes(32).toString('base64'),
      SMARTPRESENCE_SERVER_HOME: folder,
      SMARTPRESENCE_DATABASE_URL: postgres.url('full'),
      ...moto.env('bench'),
    };
    const config = readConfig(env);
    await setupBucket(config.s3!, { checkinPhotos: 90, keyringCopies: 30, backups: 400 }, { withoutPolicy: true });
    const database = await openDatabase(config.home, { postgres: config.database });
    const keys = keysOf(config);
    await openKeyring(database.db, keys, { hostnames: ['localhost'], now: Date.now });
    // The first row gives the audit log its key.
    const entry = { actor: SYSTEM, action: 'operate', route: 'bench', data: [], subjects: [], outcome: 'ok' } as const;
    await inTransaction(database.db, (tx) => writeAudit(tx, keys, entry, new Date()));
    await database.close();
    const count = checkins();
    note(`filling a database with ${count / 10} people and ${count} check-ins`);
    fill(postgres, count);

    const run = await sp(['backup', 'run', '--json'], env);
    const report = JSON.parse(run.out) as { rows: number; bytes: number };
    note(`${report.rows} rows, ${mb(report.bytes).toFixed(0)} MB in the store`);
    const dumped = await pgDump(postgres, folder);
    const verify = await sp(['backup', 'verify', '--json'], env);
    const restore = await sp(['backup', 'restore', '--json'], {
      ...env,
      SMARTPRESENCE_DATABASE_URL: postgres.url('restored'),
    });
    const restored = await pgRestore(postgres, folder);
    compare(postgres, note);

    const size = `${count / 10} people, ${count} check-ins`;
    const line = (name: string, more: Omit<BenchLine, 'group' | 'ratio' | 'name'>) =>
      benchLine({ group: 'server', name: `${name} (${size})`, ...more });
    const beside = (reference: string, referenceValue: number) => ({
      reference,
      referenceValue,
      better: 'lower' as const,
    });
    yield line('backup run, upload and read-back', {
      unit: 's',
      ours: run.seconds,
      ...beside('pg_dump -Fc -Z1 to a file', dumped.seconds),
    });
    yield line('backup, rows', {
      unit: 'rows/s',
      ours: report.rows / run.seconds,
      reference: 'pg_dump',
      referenceValue: report.rows / dumped.seconds,
      better: 'higher',
    });
    yield line('backup in the store', {
      unit: 'MB',
      ours: mb(report.bytes),
      ...beside('pg_dump -Fc -Z1', mb(dumped.bytes)),
    });
    yield line('backup verify', { unit: 's', ours: verify.seconds, ...beside('backup run', run.seconds) });
    yield line('backup restore', { unit: 's', ours: restore.seconds, ...beside('pg_restore', restored.seconds) });
    yield line('restore, rows', {
      unit: 'rows/s',
      ours: report.rows / restore.seconds,
      reference: 'pg_restore',
      referenceValue: report.rows / restored.seconds,
      better: 'higher',
    });
    for (const [name, { peak }] of Object.entries({ run, verify, restore }))
      yield line(`backup ${name}, most memory`, { unit: 'MB', ours: mb(peak), ...beside('limit', MEMORY_MB), bar: 1 });
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

const mb = (bytes: number) => bytes / 1e6;

interface Ran {
  readonly out: string;
  readonly seconds: number;
  /** Peak resident memory that was seen, bytes. */
  readonly peak: number;
}

/** Runs the command line as an operator starts it. */
function sp(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ran> {
  const began = performance.now();
  const child = spawn(process.execPath, [SP, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  let peak = 0;
  const timer = setInterval(() => {
    try {
      peak = Math.max(peak, processMemory(child.pid!).peak);
    } catch {
      // The process has just ended.
    }
  }, 50);
  child.stdout!.on('data', (chunk) => {
    out += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(timer);
      if (code === 0) resolve({ out, seconds: (performance.now() - began) / 1000, peak });
      else reject(new Error(`sp ${args.join(' ')} ended with ${code}`));
    });
  });
}

/** Adds rows as large as real ones: sealed halves, headers, keys. */
function fill(postgres: TestPostgres, count: number): void {
  const [device, epoch] = [randomUUID(), randomUUID()];
  const sql = (text: string) => postgres.sql(text, 'full');
  const person = (n: string) => `md5('person' || ${n})::uuid`;
  sql(
    `select ensure_checkin_partition((date '2027-01-01' + (m || ' months')::interval)::date) from generate_series(0, 11) m`,
  );
  sql(`insert into device (id, name, status, ed25519, x25519, tls_key_hash, registered_at)
       values ('${device}', 'Bench', 'approved', 'x', 'x', 'x', now())`);
  sql(`insert into person (id, profile, row_version, updated_at, number_index)
       select ${person('n')}, gen_random_bytes(280), 1, now(), gen_random_bytes(32)
       from generate_series(1, ${count / 10}) n`);
  sql(`insert into keyring.person_key (person, sealed, key_version, generation, made_at)
       select ${person('n')}, gen_random_bytes(63), 1, 1, now() from generate_series(1, ${count / 10}) n`);
  sql(`insert into template (id, person, model, pose, sealed, added_at)
       select gen_random_uuid(), ${person('n')}, 'bench', 'front', gen_random_bytes(1000) || gen_random_bytes(1000) || gen_random_bytes(100), now()
       from generate_series(1, ${count / 10}) n`);
  sql(`insert into event (device, epoch, seq, id, type, at, received_at, header, header_hash, chain, person, personal)
       select '${device}', '${epoch}', n, md5('event' || n)::uuid, 'checkin', timestamptz '2027-01-01' + n * interval '25 seconds',
              timestamptz '2027-01-01' + n * interval '25 seconds',
              jsonb_build_object('v', 1, 'id', md5('event' || n)::uuid, 'device', '${device}', 'epoch', '${epoch}', 'seq', n,
                'type', 'checkin', 'prev', encode(gen_random_bytes(32), 'base64'),
                'open', jsonb_build_object('direction', 'in', 'method', 'face', 'liveness', 'passed', 'threshold', 0.52, 'model', 'bench'),
                'commitments', jsonb_build_object('person', encode(gen_random_bytes(32), 'base64'), 'score', encode(gen_random_bytes(32), 'base64'))),
              encode(gen_random_bytes(32), 'base64'), 'whole', ${person(`(n % ${count / 10}) + 1`)}, gen_random_bytes(380)
       from generate_series(1, ${count}) n`);
  sql(`insert into checkin (id, at, received_at, device, direction, automatic, method, liveness, person, resolved, change)
       select id, at, received_at, device, 'in', true, 'face', 'passed', person, 'in', 1 from event`);
  sql(
    `insert into ack_mark (device, epoch, committed, safe, updated_at) values ('${device}', '${epoch}', ${count}, 0, now())`,
  );
  sql('analyze');
}

function tool(postgres: TestPostgres, name: string, args: readonly string[]): { seconds: number } {
  const bin = readdirSync('/usr/lib/postgresql')
    .sort((a, b) => Number(b) - Number(a))
    .map((v) => `/usr/lib/postgresql/${v}/bin`)[0]!;
  const began = performance.now();
  const done = spawnSync(
    join(bin, name),
    ['-h', postgres.socketFolder, '-p', String(postgres.port), '-U', 'postgres', ...args],
    {
      encoding: 'utf8',
    },
  );
  if (done.status !== 0) throw new Error(`${name}: ${done.stderr}`);
  return { seconds: (performance.now() - began) / 1000 };
}

async function pgDump(postgres: TestPostgres, folder: string): Promise<{ seconds: number; bytes: number }> {
  const file = join(folder, 'full.dump');
  const { seconds } = tool(postgres, 'pg_dump', ['-Fc', '-Z1', '-f', file, 'full']);
  return { seconds, bytes: statSync(file).size };
}

async function pgRestore(postgres: TestPostgres, folder: string): Promise<{ seconds: number }> {
  postgres.sql('create database peer');
  return tool(postgres, 'pg_restore', ['-d', 'peer', '--single-transaction', join(folder, 'full.dump')]);
}

/** Tables that a restore changes on purpose. */
const CHANGED = new Set([
  'public.meta',
  'public.audit',
  'public.backup',
  'public.ack_mark',
  'public.job',
  'public.kysely_migration',
]);

/** Compares every row of every table by the sum of their hashes, in no order. `change` holds transaction ids. */
function compare(postgres: TestPostgres, note: (message: string) => void): void {
  const tables = postgres
    .sql(
      `select table_schema || '.' || table_name from information_schema.tables
          where table_schema in ('public', 'keyring') and table_type = 'BASE TABLE' order by 1`,
      'full',
    )
    .split('\n')
    .filter((t) => !/checkin_(\d{4}_\d\d|default)$/.test(t) && !/migration/.test(t) && !CHANGED.has(t));
  let rows = 0;
  for (const table of tables) {
    const query = `select count(*), coalesce(sum(hashtextextended((to_jsonb(t) - 'change')::text, 0)::numeric), 0) from ${table} t`;
    const [ours, theirs] = [postgres.sql(query, 'full'), postgres.sql(query, 'restored')];
    if (ours !== theirs) throw new Error(`${table} differs after the restore: ${ours} and ${theirs}`);
    rows += Number(ours.split('|')[0]);
  }
  note(`${rows} rows in ${tables.length} tables are equal in both databases`);
}
