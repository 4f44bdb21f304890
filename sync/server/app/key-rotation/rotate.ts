import { sql } from 'kysely';
import type { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import type { KeyRotation } from '../../../protocol/api/keys.ts';
import { renewAuditKey } from '../../platform/audit/write.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { insert, update } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { liveReplicas, settleKeys } from '../../platform/keys/versions.ts';
import type { ServerModule } from '../../platform/server-module.ts';
import { type SealedTables, sealedTables } from './sealed.ts';
import { type Plan, planOf, workOf } from './steps.ts';
import { leftOver } from './verify.ts';

/**
 * Online rotation of the environment's keys. First, every process of the server is given the new keys beside the old ones.
 *
 * 1. announced: the new version is known, and data is still written under the old one. Ends once every process holds both.
 * 2. switched: data is written under the new version from now on. Ends once every process reports that it does so. Then the
 *    database itself refuses envelopes of the old version (`guard`), no matter who writes them.
 * 3. working: existing data is re-encrypted in small transactions, then everything is opened with the new keys alone.
 * 4. finished: nothing of the old version is left, and the old keys open nothing.
 *
 * Each transaction records its progress, so the next caller continues a rotation that was killed.
 */

export type RotationState = z.output<typeof KeyRotation>;

type Rotation = {
  readonly to_version: number;
  readonly from_version: number;
  readonly re_encrypt: boolean;
  readonly phase: RotationState['phase'];
  readonly plan: Plan;
  readonly step: number;
  readonly position: string | null;
  readonly done: number;
  readonly scrubbed_at: Date | null;
};

/** Rows per transaction: few enough that no one waits for long. */
const BATCH = 250;

/** Returns the latest rotation; null if there was none. */
export async function readRotation(db: Db): Promise<RotationState | null> {
  const row = await latest(db);
  return row && stateOf(row, null);
}

async function latest(db: Db, lock = false): Promise<Rotation | null> {
  const { rows } = await sql<Rotation>`
    select to_version, from_version, re_encrypt, phase, plan, step, position, done::float8 as done, scrubbed_at
    from keyring.rotation order by to_version desc limit 1 ${lock ? sql`for update` : sql``}`.execute(db);
  return rows[0] ?? null;
}

function stateOf(row: Rotation, waitsFor: string | null): RotationState {
  return {
    from: row.from_version,
    to: row.to_version,
    reEncrypt: row.re_encrypt,
    phase: row.phase,
    step: row.phase === 'working' ? (row.plan[row.step]?.step ?? 'looking for what is left') : null,
    done: row.done,
    total: row.plan.reduce((sum, s) => sum + s.rows, 0),
    waitsFor,
  };
}

/**
 * Starts a rotation to the keys in ENCRYPTION_KEY and SECRET_KEY, or returns the unfinished one to these keys.
 *
 * @throws Problem `no-new-keys` (these keys are in use already), `previous-keys-missing`, `keys-used-before`,
 *   `replicas-lack-keys`, `rotation-other`, `rotation-without-re-encrypting`
 */
export async function beginRotation(
  db: Db,
  keys: Keys,
  o: { readonly modules: readonly ServerModule[]; readonly reEncrypt: boolean; readonly now: Date },
): Promise<RotationState> {
  const { reEncrypt, now } = o;
  await requireReplicas(db, keys);
  return inTransaction(db, async (tx) => {
    await sql`select from keyring.identity for update`.execute(tx);
    const state = (await settleKeys(tx, keys))!;
    const known = state.versions.find((v) => v.check === keys.check());
    const open = await latest(tx, true);
    if (open && open.phase !== 'finished') {
      if (known?.version !== open.to_version) throw new Problem('rotation-other', { version: open.to_version });
      if (reEncrypt && !open.re_encrypt) throw new Problem('rotation-without-re-encrypting');
      return stateOf(open, null);
    }
    // Finished except for dead rows of the keyring (scrub.ts): a process was killed there, or a transaction was reading.
    if (known?.state === 'active' && open?.to_version === known.version && open.scrubbed_at === null)
      return stateOf(open, null);
    if (known?.state === 'active') throw new Problem('no-new-keys');
    if (known) throw new Problem('keys-used-before');
    const from = state.writes;
    const to = Math.max(...state.versions.map((v) => v.version)) + 1;
    await insert(tx, 'keyring.key_version', { version: to, key_check: keys.check(), state: 'incoming', made_at: now });
    const row = { to_version: to, from_version: from, re_encrypt: reEncrypt, phase: 'announced' } as const;
    const plan = await planOf(tx, sealedTables(o.modules), from, reEncrypt);
    await insert(tx, 'keyring.rotation', {
      ...row,
      plan: JSON.stringify(plan),
      step: 0,
      position: null,
      done: 0,
      started_at: now,
      finished_at: null,
    });
    return stateOf({ ...row, plan, step: 0, position: null, done: 0, scrubbed_at: null }, null);
  });
}

/** @throws Problem `replicas-lack-keys`, `previous-keys-missing` */
async function requireReplicas(db: Db, keys: Keys): Promise<void> {
  const lacking = (await liveReplicas(db)).filter((r) => !r.holds.includes(keys.check()));
  if (lacking.length > 0) throw new Problem('replicas-lack-keys', { count: lacking.length });
}

/**
 * Works on the rotation for about `budgetMs`.
 *
 * @param budgetMs 0: one transaction
 * @throws Problem `no-rotation`, `rotation-left-over` (a column that is not registered holds envelopes of the old version), and
 *   the error of a value that can't be opened; the rotation then stays at that step
 */
export async function advanceRotation(
  db: Db,
  keys: Keys,
  o: { readonly modules: readonly ServerModule[]; readonly budgetMs: number; readonly now: () => Date },
): Promise<RotationState> {
  const tables = sealedTables(o.modules);
  const end = performance.now() + o.budgetMs;
  for (;;) {
    await settleKeys(db, keys);
    const state = await oneTransaction(db, keys, tables, o.now()).catch((cause: unknown) => patience(db, cause));
    if (state.phase === 'finished' || state.waitsFor || performance.now() >= end) return state;
  }
}

/** Another transaction held a lock for longer than `guard` waits: nothing was changed, and the caller tries again. */
async function patience(db: Db, cause: unknown): Promise<RotationState> {
  const row = (cause as { code?: string }).code === '55P03' ? await latest(db) : null;
  if (!row) throw cause;
  return stateOf(row, 'a transaction that locks a table');
}

async function oneTransaction(db: Db, keys: Keys, tables: SealedTables, now: Date): Promise<RotationState> {
  return inTransaction(db, async (tx) => {
    const row = await latest(tx, true);
    if (!row) throw new Problem('no-rotation');
    switch (row.phase) {
      case 'announced':
        return announced(tx, keys, row);
      case 'switched':
        return switched(tx, tables, row);
      case 'working':
        return row.step < row.plan.length ? work(tx, keys, tables, row) : finish(tx, keys, row, now);
      case 'finished':
        return stateOf(row, null);
    }
  });
}

async function announced(tx: Tx, keys: Keys, row: Rotation): Promise<RotationState> {
  const lacking = (await liveReplicas(tx)).filter((r) => !r.holds.includes(keys.check()));
  if (lacking.length > 0) return stateOf(row, `server processes that do not have the new keys: ${lacking.length}`);
  await tx.updateTable('keyring.identity').set({ write_version: row.to_version }).execute();
  return to(tx, row, { phase: 'switched' });
}

/** Waits until every process writes the new version, then has the database refuse the old one. */
async function switched(tx: Tx, tables: SealedTables, row: Rotation): Promise<RotationState> {
  const behind = (await liveReplicas(tx)).filter((r) => r.writes !== row.to_version);
  if (behind.length > 0) return stateOf(row, `server processes to start using the new keys: ${behind.length}`);
  await guard(tx, tables, row.to_version);
  return to(tx, row, { phase: 'working' });
}

async function work(tx: Tx, keys: Keys, tables: SealedTables, row: Rotation): Promise<RotationState> {
  const { step } = row.plan[row.step]!;
  const { count, next } = await workOf(tables, step)(tx, keys, row.position, BATCH);
  const done = row.done + count;
  return to(tx, row, next === null ? { step: row.step + 1, position: null, done } : { position: next, done });
}

/** Retires the old keys, but only once no data anywhere is encrypted under them. */
async function finish(tx: Tx, keys: Keys, row: Rotation, now: Date): Promise<RotationState> {
  const left = await leftOver(tx, row.from_version);
  if (Object.keys(left).length > 0)
    throw new Problem('rotation-left-over', {
      version: row.from_version,
      left: Object.entries(left)
        .map(([column, n]) => `${column} (${n})`)
        .join(', '),
    });
  await update(tx, 'keyring.key_version', { state: 'active' }, { state: 'retired', retired_at: now });
  await update(tx, 'keyring.key_version', { version: row.to_version }, { state: 'active' });
  await tx.updateTable('keyring.identity').set({ key_check: keys.check() }).execute();
  await update(tx, 'keyring.rotation', { to_version: row.to_version }, { finished_at: now });
  // Anyone with the old keys and a copy of the database has the audit key too.
  await renewAuditKey(tx, keys, now);
  return to(tx, row, { phase: 'finished' });
}

async function to(
  tx: Tx,
  row: Rotation,
  change: Partial<Pick<Rotation, 'phase' | 'step' | 'position' | 'done'>>,
): Promise<RotationState> {
  await update(tx, 'keyring.rotation', { to_version: row.to_version }, change);
  return stateOf({ ...row, ...change }, null);
}

/**
 * Makes the database refuse envelopes of older versions in every registered column, from the commit of this transaction on.
 * Waits for every transaction that is writing one now.
 */
async function guard(tx: Tx, { environment }: SealedTables, version: number): Promise<void> {
  // If a table stays locked for long, others must not queue behind us: we give up and try again later.
  await sql`set local lock_timeout = '5s'`.execute(tx);
  for (const { table, columns, versionColumn } of environment) {
    const found = versionColumn
      ? `($1).${versionColumn}`
      : `least(${Object.keys(columns)
          .map((c) => `keyring.envelope_version(($1).${c})`)
          .join(', ')})`;
    await trigger(tx, table, Object.keys(columns), found);
  }
  await trigger(tx, 'person', ['pii_version', 'profile'], 'nullif(($1).pii_version, 0)');
  await sql`select pg_advisory_xact_lock(hashtextextended('key-version', 0))`.execute(tx);
  await tx.updateTable('keyring.identity').set({ least_version: version }).execute();
}

/** @param found SQL for the key version of a row `$1`; yields null if it has none */
async function trigger(tx: Tx, table: string, columns: readonly string[], found: string): Promise<void> {
  const { rows } = await sql<{ there: boolean }>`
    select exists (select from pg_trigger where tgrelid = ${table}::regclass and tgname = 'refuse_old_key') as there`.execute(
    tx,
  );
  if (rows[0]!.there) return;
  await sql`create trigger refuse_old_key before insert or update of ${sql.join(columns.map((c) => sql.ref(c)))}
            on ${sql.table(table)} for each row execute function keyring.refuse_old_key(${sql.lit(found)})`.execute(tx);
}
