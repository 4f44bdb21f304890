import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES } from '../../../../test/kit/databases.ts';
import { newKeys } from '../../../../test/kit/keys.ts';
import { inTransaction } from '../database/retry.ts';
import type { Db } from '../database/schema.ts';
import { type Keyring, openKeyring } from '../keys/keyring.ts';
import { SYSTEM } from './actor.ts';
import { makeAnchor } from './anchors.ts';
import { compareAnchors } from './compare.ts';
import type { AuditEntry } from './entry.ts';
import { noteHead } from './head.ts';
import { purgeAudit } from './purge.ts';
import { recordRead } from './reads.ts';
import { verifyAudit, verifyPart } from './verify.ts';
import { prepareRow, renewAuditKey, writeAudit } from './write.ts';

const keys = newKeys();
const NOW = new Date('2027-03-01T10:00:00.123Z');
const DAY = 86_400_000;

const entry = (o: Partial<AuditEntry> = {}): AuditEntry => ({
  actor: { role: 'staff', id: randomUUID(), email: 'ada@example.org', ip: '192.0.2.7', userAgent: 'Firefox' },
  action: 'read',
  route: 'GET /api/people',
  resource: null,
  data: ['person.name'],
  subjects: [randomUUID(), randomUUID()],
  outcome: 'ok',
  ...o,
});

describe.each(DATABASES)('audit log on $name', { timeout: 120_000 }, ({ start, unavailable }) => {
  if (unavailable) return test.skip(unavailable, () => undefined);
  let db: Db;
  let keyring: Keyring;
  let close: () => Promise<void>;
  const home = mkdtempSync(join(tmpdir(), 'sp-audit-'));
  beforeAll(async () => {
    const server = await start();
    const opened = await server.open();
    db = opened.db;
    keyring = await openKeyring(db, keys, { hostnames: ['localhost'], now: () => NOW.getTime() });
    close = async () => {
      await opened.close();
      await server.remove();
    };
  });
  afterAll(async () => {
    await close?.();
    rmSync(home, { recursive: true });
  });
  afterEach(async () => {
    await sql`truncate audit, audit_checkpoint, audit_anchor`.execute(db);
    rmSync(join(home, 'audit-head.json'), { force: true });
  });

  const write = (o: Partial<AuditEntry> = {}, now = NOW) =>
    inTransaction(db, (tx) => writeAudit(tx, keys, entry(o), now));
  const read = async (from: Db) => recordRead(from, keys, await prepareRow(from, keys, entry(), NOW));
  const fill = async (count: number, now = NOW) => {
    for (let i = 0; i < count; i++) await write({}, now);
  };
  const anchor = () => makeAnchor({ db, keys, serverId: keyring.serverId, signing: keyring.signing }, NOW);
  const head = () => noteHead({ db, keys, keyring, home, log: pino({ level: 'silent' }), now: () => NOW });
  const codes = async () => {
    const { faults } = await verifyAudit(db, keys);
    const compared = await compareAnchors(db, keys, { home, store: null });
    return [...faults, ...compared.faults].map((f) => f.code);
  };
  /** Tampers with the table, reads, and rolls back. */
  const tampered = async <T>(how: (tx: Db) => Promise<unknown>, read: (tx: Db) => Promise<T>): Promise<T> => {
    const undo = new Error('undo');
    let seen: T | undefined;
    await db
      .transaction()
      .execute(async (tx) => {
        await how(tx);
        seen = await read(tx);
        throw undo;
      })
      .catch((cause: unknown) => {
        if (cause !== undo) throw cause;
      });
    return seen as T;
  };

  test('rows written concurrently form one complete chain', async () => {
    await Promise.all(Array.from({ length: 40 }, () => write()));
    await expect(verifyAudit(db, keys)).resolves.toEqual({ rows: 40, last: 40, faults: [] });
  });

  test('rows of reads form one chain with those that other transactions and processes write meanwhile', async () => {
    const other: Db = db.withTables();
    await write();
    for (let round = 0; round < 5; round++)
      await Promise.all([...Array.from({ length: 20 }, (_, i) => read(i % 3 ? db : other)), write()]);
    await read(db);
    await read(db);
    await expect(verifyAudit(db, keys)).resolves.toEqual({ rows: 108, last: 108, faults: [] });
    const { count } = await db
      .selectFrom('audit')
      .select((e) => e.fn.countAll().as('count'))
      .where('count', '=', 2)
      .executeTakeFirstOrThrow();
    expect(Number(count)).toBe(108);
  });

  test('reads fail while their rows can’t be written, and go on afterwards', async () => {
    await read(db);
    await sql`alter table audit add constraint closed check (position < 2)`.execute(db);
    try {
      const reads = await Promise.allSettled([read(db), read(db), read(db)]);
      expect(reads.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    } finally {
      await sql`alter table audit drop constraint closed`.execute(db);
    }
    await read(db);
    await expect(verifyAudit(db, keys)).resolves.toEqual({ rows: 2, last: 2, faults: [] });
  });

  test('a row is committed or rolled back with the transaction that it records', async () => {
    await expect(
      inTransaction(db, async (tx) => {
        await writeAudit(tx, keys, entry(), NOW);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await write();
    await expect(verifyAudit(db, keys)).resolves.toEqual({ rows: 1, last: 1, faults: [] });
  });

  test('finds and locates a row that was altered in any column, removed, moved, added or exchanged', async () => {
    const rows = 12;
    await fill(rows);
    const other = await db.selectFrom('audit').selectAll().where('position', '=', 2).executeTakeFirstOrThrow();
    const at = fc.integer({ min: 1, max: rows });
    const set = (column: string, value: ReturnType<typeof sql>) =>
      at.map((position) => ({
        name: `${column} of ${position}`,
        position,
        how: (tx: Db) => sql`update audit set ${sql.ref(column)} = ${value} where position = ${position}`.execute(tx),
      }));
    const tampering = fc.oneof(
      set('at', sql`at + interval '1 millisecond'`),
      set('action', sql`'write'`),
      set('role', sql`'auditor'`),
      set('actor', sql`gen_random_uuid()`),
      set('actor', sql`null`),
      set('route', sql`route || ' '`),
      set('resource', sql`''`),
      set('data', sql`array['person.name', 'person.email']`),
      set('count', sql`count + 1`),
      set('everyone', sql`not everyone`),
      set('outcome', sql`'forbidden'`),
      set('sealed', sql`null`),
      set('sealed', sql`set_byte(sealed, 20, (get_byte(sealed, 20) + 1) % 256)`),
      set('subjects', sql`null`),
      set('subjects', sql`substring(subjects from 1 for length(subjects) - 1)`),
      set('mac', sql`set_byte(mac, 31, (get_byte(mac, 31) + 1) % 256)`),
      set('mac', sql`(select mac from audit where position = 2) || ''::bytea`).filter((t) => t.position !== 2),
      at
        .filter((p) => p < rows)
        .map((position) => ({
          name: `${position} removed`,
          position,
          how: (tx: Db) => sql`delete from audit where position = ${position}`.execute(tx),
        })),
      fc
        .tuple(at, at)
        .filter(([a, b]) => a < b)
        .map(([a, b]) => ({
          name: `${a} and ${b} exchanged`,
          position: a,
          how: async (tx: Db) => {
            await sql`update audit set position = position + 1000 where position in (${a}, ${b})`.execute(tx);
            await sql`update audit set position = ${a + b + 1000}::bigint - position where position > 1000`.execute(tx);
          },
        })),
      // Inserting a copy of row 2 in its own place would change nothing.
      at
        .filter((p) => p !== 1)
        .map((position) => ({
          name: `one put in after ${position}`,
          position: position + 1,
          how: async (tx: Db) => {
            await sql`update audit set position = position + 1000 where position > ${position}`.execute(tx);
            await sql`update audit set position = position - 999 where position > 1000`.execute(tx);
            await tx
              .insertInto('audit')
              .values({ ...other, position: position + 1 })
              .execute();
          },
        })),
      at
        .filter((p) => p < rows)
        .map((position) => ({
          name: `${position} removed and those behind it moved up`,
          position,
          how: async (tx: Db) => {
            await sql`delete from audit where position = ${position}`.execute(tx);
            await sql`update audit set position = position + 1000 where position > ${position}`.execute(tx);
            await sql`update audit set position = position - 1001 where position > 1000`.execute(tx);
          },
        })),
    );
    await fc.assert(
      fc.asyncProperty(tampering, async ({ how, position }) => {
        const { faults } = await tampered(how, (tx) => verifyAudit(tx, keys));
        expect(faults[0]?.position).toBe(position);
      }),
      { numRuns: 150 },
    );
    await expect(verifyAudit(db, keys)).resolves.toEqual({ rows, last: rows, faults: [] });
  });

  test('reports the row whose MAC was altered, not the row after it', async () => {
    await fill(5);
    const { faults } = await tampered(
      (tx) => sql`update audit set mac = decode(repeat('00', 32), 'hex') where position = 3`.execute(tx),
      (tx) => verifyAudit(tx, keys),
    );
    expect(faults).toMatchObject([{ code: 'row-altered', position: 3 }]);
  });

  test('an attacker with only the database cannot write a row that verifies', async () => {
    await fill(3);
    // An attacker who can read the encrypted audit key and every row, but doesn't have the environment's keys.
    const theirs = newKeys();
    await expect(inTransaction(db, (tx) => writeAudit(tx, theirs, entry(), NOW))).rejects.toThrow();
    await expect(verifyAudit(db, keys)).resolves.toMatchObject({ rows: 3, faults: [] });
  });

  test('rows cut off at the end are detected by the anchor and by the copy in the server’s own folder', async () => {
    await fill(6);
    await anchor();
    expect(await codes()).toEqual([]);
    const cut = (tx: Db) => sql`delete from audit where position > 4`.execute(tx);
    const seen = await tampered(cut, (tx) => compareAnchors(tx, keys, { home, store: null }));
    expect(seen.faults).toMatchObject([{ code: 'tail-cut-off', position: 6 }]);
    // If the database's anchors are deleted too, the head in the server home shows it.
    await expect(head()).resolves.toBe(true);
    await sql`delete from audit_anchor`.execute(db);
    await cut(db);
    expect(await codes()).toEqual(['tail-cut-off']);
    await expect(head()).resolves.toBe(false);
    // New rows in place of the deleted ones.
    await fill(4);
    expect(await codes()).toEqual(['anchor-differs']);
    await expect(head()).resolves.toBe(false);
  });

  test('an anchor written by someone else is reported as broken', async () => {
    await fill(2);
    await anchor();
    await sql`update audit_anchor set seal = decode(repeat('00', 32), 'hex')`.execute(db);
    expect(await codes()).toEqual(['anchor-broken']);
  });

  test('a purge refuses to go below 365 days', async () => {
    const old = new Date(NOW.getTime() - 364 * DAY);
    await fill(2, old);
    const purge = (days: number, dryRun = false) =>
      inTransaction(db, (tx) =>
        purgeAudit(
          tx,
          keys,
          { days, dryRun, actor: SYSTEM, serverId: keyring.serverId, signing: keyring.signing },
          NOW,
        ),
      );
    for (const days of [364, 0, -1, Number.NaN]) {
      await expect(purge(days)).rejects.toMatchObject({ code: 'audit-period-too-short' });
    }
    await expect(purge(365)).resolves.toMatchObject({ removed: 0 });
    expect((await verifyAudit(db, keys)).rows).toBe(2);
  });

  test('after a purge the rest verifies from a signed checkpoint, and not without it', async () => {
    await fill(5, new Date(NOW.getTime() - 400 * DAY));
    await fill(3, new Date(NOW.getTime() - 10 * DAY));
    await anchor();
    const o = { days: 365, actor: SYSTEM, serverId: keyring.serverId, signing: keyring.signing };
    await expect(inTransaction(db, (tx) => purgeAudit(tx, keys, { ...o, dryRun: true }, NOW))).resolves.toMatchObject({
      removed: 5,
    });
    expect((await verifyAudit(db, keys)).rows).toBe(8);
    await inTransaction(db, (tx) => purgeAudit(tx, keys, o, NOW));
    expect(await codes()).toEqual([]);
    await expect(verifyAudit(db, keys)).resolves.toMatchObject({ rows: 4, last: 9 });
    const faultsOf = async (how: (tx: Db) => Promise<unknown>) =>
      (await tampered(how, (tx) => verifyAudit(tx, keys))).faults.map((f) => f.code);
    expect(await faultsOf((tx) => sql`delete from audit_checkpoint`.execute(tx))).toEqual(['rows-missing']);
    expect(await faultsOf((tx) => sql`delete from audit where position = 6`.execute(tx))).toEqual(['rows-missing']);
    // Move the checkpoint past a row to hide that it was deleted.
    expect(
      await faultsOf(async (tx) => {
        await sql`update audit_checkpoint set position = 6, mac = (select mac from audit where position = 6)`.execute(
          tx,
        );
        await sql`delete from audit where position = 6`.execute(tx);
      }),
    ).toEqual(['checkpoint-broken', 'rows-missing']);
    // All rows may be purged: the next one follows the checkpoint.
    await inTransaction(db, (tx) => purgeAudit(tx, keys, o, new Date(NOW.getTime() + 800 * DAY)));
    await expect(verifyAudit(db, keys)).resolves.toMatchObject({ rows: 1, last: 10, faults: [] });
  });

  test('rows from before and after a new audit key verify in one chain, each under its own key', async () => {
    await fill(2);
    await expect(
      inTransaction(db, async (tx) => {
        await renewAuditKey(tx, keys, NOW);
        throw new Error('undone');
      }),
    ).rejects.toThrow('undone');
    await fill(1);
    await inTransaction(db, (tx) => renewAuditKey(tx, keys, NOW));
    await fill(2);
    expect(await codes()).toEqual([]);
    const rows = await db.selectFrom('audit').select('key_version').orderBy('position').execute();
    const [first] = rows;
    expect(rows.map((r) => r.key_version - first!.key_version)).toEqual([0, 0, 0, 1, 1]);
    // A row that claims the old key where the new one is used.
    const faults = await tampered(
      (tx) => sql`update audit set key_version = key_version - 1 where position = 5`.execute(tx),
      (tx) => verifyAudit(tx, keys),
    );
    expect(faults.faults).toMatchObject([{ code: 'row-altered', position: 5 }]);
  });

  test('verifying in parts finds the same faults as verifying everything at once', async () => {
    await fill(10);
    await sql`update audit set count = 9 where position in (3, 4, 8)`.execute(db);
    const whole = await verifyAudit(db, keys);
    const found = [];
    for (let from = null as Parameters<typeof verifyPart>[2]; ; ) {
      const part = await verifyPart(db, keys, from, 3);
      found.push(...part.faults);
      if (!part.next) break;
      from = part.next;
    }
    expect(found).toEqual(whole.faults);
    expect(found.map((f) => f.position)).toEqual([3, 4, 8]);
  });
});
