import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { type Api, newApi } from './api.ts';
import type { TestDatabase } from './databases.ts';
import { SITE } from './services.ts';

type Kind = Pick<TestDatabase, 'unavailable' | 'start'>;
type Host = Awaited<ReturnType<TestDatabase['start']>>;

/** Only so that something that hangs ends. */
const HANG_MS = 600_000;

/**
 * A database of this kind for all tests of the group, which are skipped where it can’t run.
 *
 * @param opened called once, before the first test; what it hands to `undo` is closed after the last one, before the database.
 *   A database that it opens again, with `host`, is closed then too, unless the test has done so
 */
export function withDatabase(
  { unavailable, start }: Kind,
  opened: (database: OpenDatabase, undo: AsyncDisposableStack, host: Host) => Promise<void> | void,
): void {
  const undo = new AsyncDisposableStack();
  beforeAll(async () => {
    if (unavailable) return;
    const host = await start();
    undo.defer(() => host.remove());
    const open = async () => {
      const database = await host.open();
      let closed: Promise<void> | undefined;
      const close = () => (closed ??= database.close());
      undo.defer(close);
      return { ...database, close };
    };
    await opened(await open(), undo, { ...host, open });
  }, HANG_MS);
  afterAll(() => undo.disposeAsync(), HANG_MS);
  beforeEach((context) => {
    if (unavailable) context.skip(unavailable);
  });
}

export const OTHER_SITE = '22222222-2222-4222-8222-222222222222';

export interface Opened {
  readonly api: Api;
  readonly database: OpenDatabase;
}

/**
 * The API on this database for all tests of the group, each at the same moment.
 *
 * @param o `other`: a second site is there, which is not the default one
 */
export function withApi(
  kind: Kind,
  { now, other }: { readonly now: Date; readonly other?: boolean },
  opened: (made: Opened) => Promise<void> | void,
): void {
  let api: Api;
  withDatabase(kind, async (database, undo) => {
    api = undo.use(await newApi(database, now));
    if (other)
      await database.db.insertInto('site').values({ id: OTHER_SITE, name: 'Bonn', time_zone: SITE.timeZone }).execute();
    await opened({ api, database });
  });
  beforeEach(() => {
    if (!kind.unavailable) api.now = now;
  });
}
