import { randomUUID } from 'node:crypto';
import { SYSTEM } from '../../../sync/server/access/actor.ts';
import { searchAudit } from '../../../sync/server/audit/search.ts';
import { verifyAudit } from '../../../sync/server/audit/verify.ts';
import { writeAudit } from '../../../sync/server/audit/write.ts';
import { type OpenDatabase, openDatabase } from '../../../sync/server/database/open.ts';
import { inTransaction } from '../../../sync/server/database/retry.ts';
import type { Keys } from '../../../sync/server/keys/envelope.ts';
import { personBox } from '../../../sync/server/keys/persons.ts';
import { keysOfPair, newPair, openRing } from '../../policy/rotation-kit.ts';
import { postgresUnavailable, startPostgres } from '../../services/postgres.ts';
import { benchLine, median } from '../harness.ts';
import type { BenchContext, BenchLine } from '../types.ts';

/** Rows of the log; SMARTPRESENCE_BENCH_AUDIT sets another number. */
const rowsWanted = () => Number(process.env.SMARTPRESENCE_BENCH_AUDIT ?? 20_000);
/** Rows written in one transaction while the log is filled: the chain has one writer at a time anyway. */
const BATCH = 1000;
/** Rows of requests: each its own transaction. */
const REQUESTS = 300;

/**
 * The audit log on PostgreSQL of this machine: a row in a transaction of its own beside the bare insert of the same bytes,
 * verification and a search by person (every sealed list is opened) beside reading the same rows.
 *
 * @throws Error when PostgreSQL can't be had here, or the log is not whole
 */
export async function* auditLines({ note }: BenchContext): AsyncGenerator<BenchLine> {
  const missing = postgresUnavailable();
  if (missing) throw new Error(missing);
  const postgres = await startPostgres();
  try {
    const database = await openDatabase('/nonexistent', { postgres: postgres.address('audit') });
    try {
      const keys = keysOfPair(newPair());
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
  const requests = await timed(async () => {
    for (let i = 0; i < REQUESTS; i++) await inTransaction(db, (tx) => writeAudit(tx, keys, one(i), now));
  });
  const sample = await db.selectFrom('audit').selectAll().orderBy('position').limit(1).executeTakeFirstOrThrow();
  const last = Number(
    (await db
      .selectFrom('audit')
      .select((e) => e.fn.max('position').as('p'))
      .executeTakeFirst())!.p,
  );
  const bare = await timed(async () => {
    for (let i = 1; i <= REQUESTS; i++)
      await inTransaction(db, (tx) =>
        tx
          .insertInto('audit')
          .values({ ...sample, position: last + i })
          .execute(),
      );
  });
  await db.deleteFrom('audit').where('position', '>', last).execute();
  yield benchLine({
    group: 'server',
    name: 'audit row, each in a transaction of its own',
    unit: 'ms',
    ours: requests / REQUESTS,
    reference: 'bare insert of the same row',
    referenceValue: bare / REQUESTS,
    better: 'lower',
    bar: 4,
  });
  const read = median(await repeated(() => readAll(db)));
  const verify = median(
    await repeated(async () => {
      const { faults, rows: seen } = await verifyAudit(db, keys);
      if (faults.length > 0 || seen !== last) throw new Error('the log is not whole');
    }),
  );
  const against = {
    group: 'server',
    unit: 'ms',
    reference: 'reading the same rows',
    referenceValue: read,
    better: 'lower',
  } as const;
  yield benchLine({ ...against, name: `audit verify: ${last} rows`, ours: verify, bar: 6 });
  const search = median(
    await repeated(async () => {
      for (let below: number | undefined; ; ) {
        const page = await searchAudit(db, keys, { whom: people[7]! }, { below, limit: 200 });
        if (page.next === null) return;
        below = page.next;
      }
    }),
  );
  yield benchLine({
    ...against,
    name: `audit search by person: ${last} rows, each list opened`,
    ours: search,
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

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

async function repeated(work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < 3; i++) times.push(await timed(work));
  return times;
}
