import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Db } from '../../platform/database/schema.ts';

/**
 * Which servers come to the broker, for its access rules. The names are kept when a server ends: one that is being updated must
 * not lose its rights meanwhile.
 */

/** A name that no server has used for this long is out of the rules, days. */
const KEPT_DAYS = 30;
const NOTED_EVERY_MS = 3_600_000;

/**
 * Notes the name under which this server comes to its brokers, now and from time to time.
 *
 * @param name SMARTPRESENCE_REPLICA; empty: a server without a name
 * @returns how to stop
 */
export async function keepNoted(db: Db, name: string, log: Logger): Promise<() => void> {
  const note = () =>
    sql`insert into broker_replica (name, seen_at) values (${name}, now())
        on conflict (name) do update set seen_at = excluded.seen_at`.execute(db);
  await note();
  const timer = setInterval(
    () => void note().catch((err: unknown) => log.warn({ err }, 'the name of this replica could not be stored')),
    NOTED_EVERY_MS,
  );
  timer.unref();
  return () => clearInterval(timer);
}

/** Names of the servers that have come to a broker lately; empty: one without a name. */
export async function brokerReplicas(db: Db): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select name from broker_replica where seen_at > now() - make_interval(days => ${KEPT_DAYS}::int) order by name`.execute(
    db,
  );
  return rows.map(({ name }) => name);
}
