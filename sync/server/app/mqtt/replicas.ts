import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Db } from '../../platform/database/schema.ts';

/**
 * Names of the servers that use brokers, for their access rules. A name is kept when its server stops, since a server that is
 * being updated must not lose its rights meanwhile.
 */

/** Days after which an unused name is left out of the rules. */
const KEPT_DAYS = 30;
const NOTED_EVERY_MS = 3_600_000;

/**
 * Stores the name that this server uses at its brokers, now and regularly.
 *
 * @param name SMARTPRESENCE_REPLICA; empty: a server without a name
 * @returns a function that stops it
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

/** Returns names of the servers that used brokers recently. An empty name is a server without a name. */
export async function brokerReplicas(db: Db): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select name from broker_replica where seen_at > now() - make_interval(days => ${KEPT_DAYS}::int) order by name`.execute(
    db,
  );
  return rows.map(({ name }) => name);
}
