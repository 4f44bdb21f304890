import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { type Api, newApi } from './api.ts';
import type { TestDatabase } from './databases.ts';
import { SITE } from './services.ts';

type Kind = Pick<TestDatabase, 'unavailable' | 'start'>;
type Host = Awaited<ReturnType<TestDatabase['start']>>;

/** Only ends tests that hang. */
const HANG_MS = 600_000;

/**
 * Opens a database of this kind for all tests of the group, which are skipped if it can’t run.
 * @param opened called once, before the first test. What it passes to `undo` is closed after the last test, before the database.
 * A database that it reopens with `host` is closed then too, unless the test has closed it
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
 * Opens the API on this database for all tests of the group, each of which starts at the time `now`.
 * @param o `other`: also creates a second site, which is not the default
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
