import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { advanceRotation, beginRotation } from '../../../sync/server/app/key-rotation/rotate.ts';
import { MODULES } from '../../../sync/server/app/modules.ts';
import { findPeople, readPeople } from '../../../sync/server/core/people/records.ts';
import { upsertRows } from '../../../sync/server/core/people/rows.ts';
import { type OpenDatabase, openDatabase } from '../../../sync/server/platform/database/open.ts';
import { inTransaction } from '../../../sync/server/platform/database/retry.ts';
import type { Keys, MasterPair } from '../../../sync/server/platform/keys/envelope.ts';
import { sealHalf } from '../../../sync/server/platform/keys/personal.ts';
import { personBox } from '../../../sync/server/platform/keys/persons.ts';
import { keysOf } from '../../../sync/server/platform/keys/settings.ts';
import { newPair } from '../../kit/keys.ts';
import { openRing } from '../../policy/sealed-people.ts';
import { postgresUnavailable, startPostgres, type TestPostgres } from '../../services/postgres.ts';
import { benchLine, median, quantile, seededRandom } from '../harness.ts';
import type { BenchContext, BenchLine } from '../types.ts';

/** People in the smaller and the larger rotation; SMARTPRESENCE_BENCH_PEOPLE sets the larger number. */
const SMALL = 10_000;
const large = () => Number(process.env.SMARTPRESENCE_BENCH_PEOPLE ?? 100_000);
/** A rotation of ten times as many people may take at most ten times as long, multiplied by this. */
const GROWTH = 1.5;
const random = seededRandom(1);
/** Limit for a look-up by e-mail while keys rotate, ms at the 99th percentile. */
const LOOKUP_MS = 250;

/**
 * `keys rotate`, with and without `--re-encrypt`, for people with one check-in each, on this machine's PostgreSQL, while staff
 * look people up. For comparison, how long the database alone takes to write the same rows once, and a list of 100 people read
 * and decrypted against the bare rows.
 * @throws Error if PostgreSQL isn't available here, or a look-up finds nobody
 */
export async function* rotationLines({ note }: BenchContext): AsyncGenerator<BenchLine> {
  const missing = postgresUnavailable();
  if (missing) throw new Error(missing);
  const postgres = await startPostgres({ settings: ['max_wal_size = 4GB'] });
  try {
    const small = yield* measured(postgres, SMALL, note);
    const count = large();
    const big = yield* measured(postgres, count, note);
    yield benchLine({
      group: 'server',
      name: `rotation: ${count} people against ${SMALL}, a person`,
      unit: 'times',
      ours: big / count / (small / SMALL),
      reference: 'the same',
      referenceValue: 1,
      better: 'lower',
      bar: GROWTH,
    });
  } finally {
    await postgres.remove();
  }
}

async function* measured(
  postgres: TestPostgres,
  people: number,
  note: BenchContext['note'],
): AsyncGenerator<BenchLine, number> {
  const database = await openDatabase('/nonexistent', { postgres: postgres.address(`rotation${people}`) });
  try {
    const { db } = database;
    const pairs = [newPair(), newPair(), newPair()] as const;
    const first = keysOf(pairs[0]);
    await openRing(db, first);
    note(`makes ${people} people`);
    const ids = await fill(database, first, people);
    yield* list(database, first, ids);
    const bare = await bareUpdates(database);
    note(`rotates the keys of ${people} people`);
    const plain = await rotate(database, ids, pairs[0], pairs[1], false);
    const line = (name: string, ours: number, reference: string | null, referenceValue: number | null) =>
      benchLine({
        group: 'server',
        name: `rotation of ${people} people: ${name}`,
        unit: 's',
        ours,
        reference,
        referenceValue,
        better: 'lower',
      });
    yield line('re-encrypted and verified', plain.seconds, 'the same rows written once by SQL', bare);
    yield benchLine({
      group: 'server',
      name: `rotation of ${people} people: look-up by e-mail meanwhile, p99`,
      unit: 'ms',
      ours: quantile(plain.lookups, 0.99),
      reference: 'limit',
      referenceValue: LOOKUP_MS,
      better: 'lower',
      bar: 1,
    });
    if (people > SMALL) return plain.seconds;
    note('and everything of theirs under new keys of their own');
    const renewed = await rotate(database, ids, pairs[1], pairs[2], true);
    yield line('with --re-encrypt', renewed.seconds, 'without', plain.seconds);
    return plain.seconds;
  } finally {
    await database.close();
  }
}

/** @returns ids */
async function fill({ db }: OpenDatabase, keys: Keys, people: number): Promise<string[]> {
  const now = new Date();
  const ids: string[] = [];
  const [device, epoch] = [randomUUID(), randomUUID()];
  await sql`insert into device (id, name, status, ed25519, x25519, tls_key_hash, registered_at)
            values (${device}, 'Door', 'approved', 'x', 'x', 'x', now())`.execute(db);
  for (let from = 0; from < people; from += 1000) {
    const some = Array.from({ length: Math.min(1000, people - from) }, () => randomUUID() as string);
    await inTransaction(db, async (tx) => {
      const rows = some.map((id, i) => ({
        id,
        values: {
          name: `Person ${from + i}`,
          number: `${from + i}`,
          email: `${id}@example.org`,
          phone: '+44 1632 960961',
          language: 'en',
        },
        rowVersion: 1,
        claimedAt: now,
        gpsOptOut: false,
        updatedAt: now,
      }));
      await upsertRows(tx, keys, rows);
      const box = await personBox(tx, keys, some);
      const events = some.map((person, i) => {
        const id = randomUUID();
        const value = (v: unknown) => ({ salt: 'AAAAAAAAAAAAAAAAAAAAAA', value: v });
        const half = { person: value(person), score: value(0.8), gps: value('x'.repeat(300)) };
        const { personal, gps } = sealHalf(keys, box, id, person, half);
        return { id, person, seq: from + i + 1, personal: personal!.toString('base64'), gps: gps!.toString('base64') };
      });
      const column = <K extends keyof (typeof events)[number]>(key: K) => events.map((e) => e[key]);
      await sql`insert into event (device, epoch, seq, id, type, at, received_at, header, header_hash, chain, person, personal, gps)
                select ${device}, ${epoch}, u.seq, u.id, 'checkin', now(), now(), '{}', 'x', 'whole', u.person,
                       decode(u.personal, 'base64'), decode(u.gps, 'base64')
                from unnest(${column('seq')}::bigint[], ${column('id')}::uuid[], ${column('person')}::uuid[],
                            ${column('personal')}::text[], ${column('gps')}::text[]) as u (seq, id, person, personal, gps)`.execute(
        tx,
      );
    });
    ids.push(...some);
  }
  await sql`analyze`.execute(db);
  return ids;
}

/** A page of a list: 100 people with every field decrypted, compared with their bare rows. */
async function* list({ db }: OpenDatabase, keys: Keys, ids: readonly string[]): AsyncGenerator<BenchLine> {
  const [ours, bare]: [number[], number[]] = [[], []];
  for (let round = 0; round < 25; round++) {
    const page = Array.from({ length: 100 }, () => ids[Math.floor(random() * ids.length)]!);
    bare.push(await took(() => sql`select * from person where id = any(${page}::uuid[])`.execute(db)));
    ours.push(await took(() => readPeople(db, keys, page)));
  }
  yield benchLine({
    group: 'server',
    name: `100 of ${ids.length} people read and decrypted`,
    unit: 'ms',
    ours: median(ours),
    reference: 'their rows by bare SQL',
    referenceValue: median(bare),
    better: 'lower',
  });
}

/** Time that PostgreSQL alone takes to write each row of a rotation once. @returns s */
async function bareUpdates({ db }: OpenDatabase): Promise<number> {
  const ms = await took(async () => {
    await sql`update keyring.person_key set key_version = key_version`.execute(db);
    await sql`update person set pii_version = pii_version`.execute(db);
  });
  return ms / 1000;
}

async function rotate(
  { db }: OpenDatabase,
  ids: readonly string[],
  from: MasterPair,
  to: MasterPair,
  reEncrypt: boolean,
): Promise<{ seconds: number; lookups: number[] }> {
  const keys = keysOf({ ...to, previousKeys: from });
  await openRing(db, keys);
  const lookups: number[] = [];
  let running = true;
  const polling = (async () => {
    while (running) {
      const id = ids[Math.floor(random() * ids.length)]!;
      lookups.push(
        await took(async () => {
          if ((await findPeople(db, keys, { email: `${id}@example.org` }))[0] !== id)
            throw new Error('a look-up found nobody');
        }),
      );
      await sleep(20);
    }
  })();
  const ms = await took(async () => {
    await beginRotation(db, keys, { modules: MODULES, reEncrypt, now: new Date() });
    while (
      (await advanceRotation(db, keys, { modules: MODULES, budgetMs: 2000, now: () => new Date() })).phase !==
      'finished'
    );
  });
  running = false;
  await polling;
  return { seconds: ms / 1000, lookups };
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}
