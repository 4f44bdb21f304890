import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KyselyPlugin, PluginTransformQueryArgs, PluginTransformResultArgs, RootOperationNode } from 'kysely';
import { sql } from 'kysely';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import type { Db } from '../../sync/server/platform/database/schema.ts';

/** Two pieces of work on one database, one of them held after a statement that the test chooses. */

/** When to hold a piece of work: after its n-th statement, or after the one by which an erasure destroys keys. */
export type HoldAt = { readonly statement: number } | 'keys-destroyed';

class Watch {
  readonly #at: HoldAt | null;
  readonly #reached = Promise.withResolvers<'reached'>();
  readonly #go = Promise.withResolvers<void>();
  statements = 0;

  constructor(at: HoldAt | null) {
    this.#at = at;
  }

  async after(destroysKeys: boolean): Promise<void> {
    this.statements += 1;
    const here =
      this.#at === 'keys-destroyed' ? destroysKeys : this.#at !== null && this.#at.statement === this.statements;
    if (!here) return;
    this.#reached.resolve('reached');
    await this.#go.promise;
  }

  get reached(): Promise<'reached'> {
    return this.#reached.promise;
  }

  release(): void {
    this.#go.resolve();
  }
}

const watched = new AsyncLocalStorage<Watch>();

const destroysKeys = (node: RootOperationNode): boolean =>
  node.kind === 'DeleteQueryNode' && JSON.stringify(node.from).includes('"person_key"');

class Held implements KyselyPlugin {
  readonly #keys = new WeakSet<object>();

  transformQuery({ node, queryId }: PluginTransformQueryArgs): RootOperationNode {
    if (destroysKeys(node)) this.#keys.add(queryId);
    return node;
  }

  async transformResult({ result, queryId }: PluginTransformResultArgs): ReturnType<KyselyPlugin['transformResult']> {
    await watched.getStore()?.after(this.#keys.has(queryId));
    return result;
  }
}

/** The same database, on which work can be held. */
export const heldUp = (database: OpenDatabase): OpenDatabase => ({
  ...database,
  db: database.db.withPlugin(new Held()) as Db,
});

type Settled<T> = { readonly value: T } | { readonly thrown: unknown };

const settle = <T>(work: Promise<T>): Promise<Settled<T>> =>
  work.then(
    (value) => ({ value }),
    (thrown: unknown) => ({ thrown }),
  );

/** Counts the statements of a piece of work. */
export async function countStatements(work: () => Promise<unknown>): Promise<number> {
  const watch = new Watch(null);
  await watched.run(watch, work);
  return watch.statements;
}

/**
 * Runs `first` until it is held, then `second` until it has ended or waits for a lock, then both to their ends. The embedded
 * database has one connection, so there the second waits for it instead.
 */
export async function interleave<A, B>(
  database: OpenDatabase,
  first: { readonly work: () => Promise<A>; readonly at: HoldAt },
  second: () => Promise<B>,
): Promise<{ readonly first: Settled<A>; readonly second: Settled<B>; readonly waited: boolean }> {
  const watch = new Watch(first.at);
  const one = settle(watched.run(watch, first.work));
  await Promise.race([watch.reached, one]);
  let ended = false;
  const two = settle(second()).finally(() => {
    ended = true;
  });
  let waited = false;
  if (database.kind === 'embedded') {
    // By then its statements are in the queue of the one connection.
    await sleep(5);
    waited = !ended;
  } else while (!ended && !waited) waited = await isWaiting(database.db, () => sleep(2));
  watch.release();
  return { first: await one, second: await two, waited };
}

/** Whether a connection waits for a lock that another one holds, now and a moment later. */
async function isWaiting(db: Db, moment: () => Promise<unknown>): Promise<boolean> {
  await moment();
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from pg_locks where not granted`.execute(db);
  return rows[0]!.n > 0;
}
