import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { searchAudit } from '../../../sync/server/features/audit/search.ts';
import { SYSTEM } from '../../../sync/server/platform/audit/actor.ts';
import { verifyAudit } from '../../../sync/server/platform/audit/verify.ts';
import { writeAudit } from '../../../sync/server/platform/audit/write.ts';
import { type OpenDatabase, openDatabase } from '../../../sync/server/platform/database/open.ts';
import { inTransaction } from '../../../sync/server/platform/database/retry.ts';
import type { Tables } from '../../../sync/server/platform/database/schema.ts';
import type { Keys } from '../../../sync/server/platform/keys/envelope.ts';
import { personBox } from '../../../sync/server/platform/keys/persons.ts';
import { keysOf } from '../../../sync/server/platform/keys/settings.ts';
import { newPair } from '../../kit/keys.ts';
import { openRing } from '../../policy/sealed-people.ts';
import { postgresUnavailable, startPostgres } from '../../services/postgres.ts';
import { benchLine, interleavedMedians } from '../harness.ts';
import type { BenchContext, BenchLine } from '../types.ts';

/** Rows of the log; SMARTPRESENCE_BENCH_AUDIT overrides it. */
const rowsWanted = () => Number(process.env.SMARTPRESENCE_BENCH_AUDIT ?? 20_000);
/** Rows per transaction while the log is filled. The chain has only one writer at a time anyway. */
const BATCH = 1000;
/** Rows of requests, each in its own transaction. */
const REQUESTS = 300;

/**
 * The audit log on this machine's PostgreSQL. Compares writing a row in its own transaction with the bare insert of the same
 * bytes, and verification and a search by person (which opens every sealed list) with reading the same rows.
 * @throws Error if PostgreSQL isn't available here, or the log is incomplete
 */
export async function* auditLines({ note }: BenchContext): AsyncGenerator<BenchLine> {
  const missing = postgresUnavailable();
  if (missing) throw new Error(missing);
  const postgres = await startPostgres();
  try {
    const database = await openDatabase('/nonexistent', { postgres: postgres.address('audit') });
    try {
      const keys = keysOf(newPair());
      await openRing(database.db, keys);
      yield* measured(database, keys, note);
    } finally {
      await database.close();
    }
  } finally {
    await postgres.remove();
  }
}

async function* measured({ db }: OpenDatabase, keys: Keys, note: BenchContext['note']): AsyncGenerator<BenchLine> {
  const people = Array.from({ length: 200 }, () => randomUUID() as string);
  await inTransaction(db, async (tx) => void (await personBox(tx, keys, people, { make: true })));
  const now = new Date();
  const one = (i: number) =>
    ({
      actor: {
        ...SYSTEM,
        role: 'staff',
        id: people[0]!,
        email: 'desk@example.org',
        ip: '192.0.2.1',
        userAgent: 'bench',
      },
      action: 'read',
      route: 'GET /api/people/:person',
      data: ['person.name', 'person.email'],
      subjects: [people[i % people.length]!],
      outcome: 'ok',
    }) as const;
  const rows = rowsWanted();
  for (let from = 0; from < rows; from += BATCH) {
    await inTransaction(db, async (tx) => {
      for (let i = from; i < Math.min(rows, from + BATCH); i++) await writeAudit(tx, keys, one(i), now);
    });
    note(`audit log: ${Math.min(rows, from + BATCH)} of ${rows} rows`);
  }
  const sample = await db.selectFrom('audit').selectAll().orderBy('position').limit(1).executeTakeFirstOrThrow();
  // The peer's rows go into a copy of the table with the same indexes, so that the chain stays intact.
  await sql`create table bench_audit (like audit including all)`.execute(db);
  const bare = db.withTables<{ bench_audit: Tables['audit'] }>();
  const row = await interleavedMedians(
    {
      ours: (round) => inTransaction(db, (tx) => writeAudit(tx, keys, one(round), now)),
      bare: (round) =>
        bare.transaction().execute((tx) =>
          tx
            .insertInto('bench_audit')
            .values({ ...sample, position: rows + round })
            .execute(),
        ),
    },
    { rounds: REQUESTS, warmUp: 0 },
  );
  await sql`drop table bench_audit`.execute(db);
  yield benchLine({
    group: 'server',
    name: 'audit row, each in a transaction of its own',
    unit: 'ms',
    ours: row.ours,
    reference: 'bare insert of the same row',
    referenceValue: row.bare,
    better: 'lower',
    bar: 4,
    leavesOut: 'the request itself; the bare row has no chain, seal or lock',
  });
  const all = await db
    .selectFrom('audit')
    .select((e) => e.fn.countAll().as('n'))
    .executeTakeFirstOrThrow();
  const last = Number(all.n);
  const times = await interleavedMedians(
    {
      read: () => readAll(db),
      verify: async () => {
        const { faults, rows: seen } = await verifyAudit(db, keys);
        if (faults.length > 0 || seen !== last) throw new Error('the log is not whole');
      },
      search: async () => {
        for (let behind: number | undefined; ; ) {
          const page = await searchAudit(db, keys, { affected: people[7]! }, { behind, limit: 200 });
          if (page.next === null) return;
          behind = page.next;
        }
      },
    },
    { rounds: 3, warmUp: 0 },
  );
  const against = {
    group: 'server',
    unit: 'ms',
    reference: 'reading the same rows',
    referenceValue: times.read,
    better: 'lower',
  } as const;
  yield benchLine({ ...against, name: `audit verify: ${last} rows`, ours: times.verify, bar: 6 });
  yield benchLine({
    ...against,
    name: `audit search by person: ${last} rows, each list opened`,
    ours: times.search,
    bar: 12,
  });
}

async function readAll(db: OpenDatabase['db']): Promise<void> {
  for (let after = 0; ; ) {
    const page = await db
      .selectFrom('audit')
      .selectAll()
      .where('position', '>', after)
      .orderBy('position')
      .limit(2000)
      .execute();
    const end = page.at(-1);
    if (!end) return;
    after = Number(end.position);
  }
}
