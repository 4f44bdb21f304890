import { sql } from 'kysely';
import type { Db, Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { dropPrevious, relayPeople, renewPeople } from './people.ts';
import type { SealedTables } from './sealed.ts';
import { verifyOfPersons, verifyPeople, verifySealed } from './verify.ts';
import { otherThan, type Position, reseal, type Walked } from './walk.ts';

/** Steps of a rotation, in order, with the number of rows of each when the rotation was planned. */
export type Plan = { readonly step: string; readonly rows: number }[];

type Work = (tx: Tx, keys: Keys, after: Position, limit: number) => Promise<Walked>;

/** People per transaction whose data is re-encrypted. */
const PEOPLE_AT_ONCE = 20;

const steps = (tables: SealedTables): [string, Work][] => [
  ...tables.environment.map((table): [string, Work] => [
    `seal ${table.table}`,
    (tx, keys, after, limit) => reseal(tx, keys, table, after, limit),
  ]),
  ['seal people', relayPeople],
  ['renew person keys', (tx, keys, after) => renewPeople(tx, keys, tables, after, PEOPLE_AT_ONCE)],
  ...tables.environment.map((table): [string, Work] => [
    `open ${table.table}`,
    (tx, keys, after, limit) => verifySealed(tx, keys.alone(), table, after, limit),
  ]),
  ['open people', (tx, keys, after, limit) => verifyPeople(tx, keys.alone(), after, limit)],
  ...tables.persons.map((table): [string, Work] => [
    `open ${table.table} of people`,
    (tx, keys, after, limit) => verifyOfPersons(tx, keys.alone(), table, after, limit * 4),
  ]),
  ['destroy person keys before', (tx, _keys, after, limit) => dropPrevious(tx, after, limit * 4)],
];

/** @throws TypeError for a step that this build doesn't have */
export function workOf(tables: SealedTables, step: string): Work {
  const work = new Map(steps(tables)).get(step);
  if (!work) throw new TypeError(`unknown step: ${step}`);
  return work;
}

/** Returns the steps of a rotation from this version, and how many rows each has. Only reads. */
export async function planOf(db: Db, tables: SealedTables, from: number, reEncrypt: boolean): Promise<Plan> {
  const count = async (of: ReturnType<typeof sql<{ n: number }>>) => (await of.execute(db)).rows[0]!.n;
  const plan: Plan = [];
  for (const table of tables.environment)
    plan.push({
      step: `seal ${table.table}`,
      rows: await count(
        sql<{ n: number }>`select count(*)::int as n from ${sql.table(table.table)}
          where (${otherThan(table, from + 1)}) and ${sql.raw(table.where ?? 'true')}`,
      ),
    });
  const people = await count(
    sql<{ n: number }>`select count(*)::int as n from person where pii_version = ${from}::int`,
  );
  plan.push({ step: 'seal people', rows: people });
  const keysOf = plan.find((s) => s.step === 'seal keyring.person_key')?.rows ?? 0;
  const values: Plan = [];
  for (const table of tables.persons)
    values.push({
      step: `open ${table.table} of people`,
      rows: await count(
        sql<{ n: number }>`select count(*)::int as n from ${sql.table(table.table)}
          where ${sql.ref(table.person)} is not null
            and (${sql.join(
              Object.keys(table.columns).map((c) => sql`${sql.ref(c)} is not null`),
              sql` or `,
            )})`,
      ),
    });
  if (reEncrypt)
    plan.push({ step: 'renew person keys', rows: keysOf + people + values.reduce((sum, v) => sum + v.rows, 0) });
  for (const { step, rows } of plan.filter((s) => s.step.startsWith('seal ')))
    values.push({ step: step.replace('seal ', 'open '), rows });
  plan.push(...values);
  if (reEncrypt) plan.push({ step: 'destroy person keys before', rows: keysOf });
  return plan;
}
