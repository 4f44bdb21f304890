import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { SqlStore } from '../../electron/core/store/store.ts';
import type { Change } from '../../sync/protocol/wire/changes.ts';
import { readChanges } from '../../sync/server/app/downstream/read.ts';
import { ingest } from '../../sync/server/app/ingest/ingest.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import type { TestDatabase } from '../kit/databases.ts';
import { type Api, apiOn, SITE } from './api-kit.ts';

/** The API on a database with a site or two, and what kiosks of theirs hear from it. */

export const OTHER_SITE = '22222222-2222-4222-8222-222222222222';

export interface Opened {
  readonly api: Api;
  readonly database: OpenDatabase;
}

/**
 * The API on this database for every test of the group, each at the same moment; skipped where the database is missing.
 *
 * @param o `other`: a second site is there, which is not the default one
 * @param opened called once, before the first test
 */
export function withApi(
  { unavailable, start }: Pick<TestDatabase, 'unavailable' | 'start'>,
  o: { readonly now: Date; readonly other?: boolean },
  opened: (made: Opened) => void,
): void {
  let home: Awaited<ReturnType<TestDatabase['start']>> | undefined;
  let made: Opened | undefined;
  beforeAll(async () => {
    if (unavailable) return;
    home = await start();
    const database = await home.open();
    const api = await apiOn(database, o.now);
    made = { api, database };
    if (o.other)
      await database.db.insertInto('site').values({ id: OTHER_SITE, name: 'Bonn', time_zone: SITE.timeZone }).execute();
    opened(made);
  }, 120_000);
  afterAll(async () => {
    made?.api.close();
    await made?.database.close();
    await home?.remove();
  });
  beforeEach((context) => {
    if (!made) return context.skip(unavailable ?? undefined);
    made.api.now = o.now;
  });
}

const sourceOf = ({ api, database }: Opened) => ({
  db: api.db,
  keys: api.keys,
  logEpoch: database.logEpoch,
  modules: MODULES,
  publicKeys: async () => api.keyring.publicKeys,
});

/**
 * What a kiosk gets from a cursor to the end of the log.
 *
 * @param o `cursor`: where it reads on; by default it knows nothing yet
 */
export async function notified(
  made: Opened,
  device: string,
  o: { readonly cursor?: string } = {},
): Promise<{ readonly cursor: string; readonly changes: Change[] }> {
  const changes: Change[] = [];
  for (let cursor = o.cursor ?? ''; ; ) {
    const ask = { cursor, limit: 200, presenceAfter: null, newestKey: true };
    const page = await readChanges(sourceOf(made), device, ask, made.api.now);
    changes.push(...page.changes);
    ({ cursor } = page);
    if (!page.more) return { cursor, changes };
  }
}

/** What a real store has made reaches the server. */
export async function sendFrom({ api }: Opened, store: SqlStore): Promise<void> {
  for (let events = store.outbox.pending(500); events.length > 0; events = store.outbox.pending(500)) {
    const { epoch, seq } = events[0]!.header;
    const from = { iss: store.device, aud: randomUUID(), epoch, first: seq, last: seq + events.length - 1 };
    const header = { alg: 'EdDSA', typ: 'sp-batch+jws', ...from, spv: 1 } as const;
    const { ack } = await ingest(
      { db: api.db, keys: api.keys, modules: MODULES },
      header,
      { sentAt: api.now.toISOString(), events },
      api.now,
    );
    store.outbox.acknowledge(epoch, { committed: ack.committed, safe: 0 });
  }
}

/** A real store takes over what the server sends, to the log's end. */
export async function readInto(made: Opened, store: SqlStore): Promise<Change[]> {
  const changes: Change[] = [];
  for (let more = true; more; ) {
    const ask = {
      cursor: store.roster.cursor,
      limit: 200,
      presenceAfter: null,
      newestKey: true,
    };
    const page = await readChanges(sourceOf(made), store.device, ask, made.api.now);
    changes.push(...page.changes);
    await store.roster.apply({ ...page, first: page.first });
    ({ more } = page);
  }
  return changes;
}
