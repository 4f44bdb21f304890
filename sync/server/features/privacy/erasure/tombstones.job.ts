import { sql } from 'kysely';
import type { Db } from '../../../platform/database/schema.ts';
import type { Job, JobContext } from '../../../platform/jobs/job.ts';
import { PREFIX } from '../../../platform/objects/sealed/layout.ts';
import { readTombstones, requireTombstoneKey, tombstoneMarks } from '../../../platform/objects/sealed/tombstones.ts';
import { type ObjectStore, openObjectStore } from '../../../platform/objects/store.ts';
import { requestErasure } from './request.ts';
import { readTombstoneFiles } from './tombstones.ts';

const HOUR_MS = 3_600_000;
const PAGE = 1000;

/**
 * Finds erasures that this database knows nothing of: someone has put back an older copy of it by other means than
 * ours. The people they name are erased again.
 */
export const tombstonesJob: Job = {
  name: 'tombstones',
  everyMs: HOUR_MS,
  async run(context) {
    const { db, keys, config, now, log, notify } = context;
    const store = config.s3 ? openObjectStore(config.s3) : null;
    try {
      const people = [...(await fromFiles(context)), ...(store ? await fromStore(context, store) : [])];
      for (const person of people) await requestErasure(db, keys, { person, origin: 'restore', undoDays: 0 }, now());
      if (people.length > 0) {
        log.warn(
          { code: 'erasures-repeated', count: people.length },
          'the database was older than erasures: they are repeated',
        );
        notify('change');
      }
      return { repeated: people.length };
    } finally {
      store?.close();
    }
  },
};

/** People who are here and who a tombstone in the server home names. */
async function fromFiles({ db, config }: JobContext): Promise<string[]> {
  const tombstones = readTombstoneFiles(config.home);
  const unknown = await unknownRequests(
    db,
    tombstones.map((t) => t.request),
  );
  const named = tombstones.filter((t) => unknown.has(t.request)).flatMap((t) => t.people);
  if (named.length === 0) return [];
  const { rows } = await sql<{ id: string }>`
    select id from person where id = any(${named}::uuid[]) and deleted_at is null order by id`.execute(db);
  return rows.map((r) => r.id);
}

/** People who are here and who a tombstone in the object store names. Read only when one is not known here. */
async function fromStore({ db, keys, signal }: JobContext, store: ObjectStore): Promise<string[]> {
  await requireTombstoneKey(store, keys);
  const requests: string[] = [];
  for await (const { key } of store.list(PREFIX.tombstones)) requests.push(key.slice(PREFIX.tombstones.length));
  const unknown = await unknownRequests(db, requests);
  if (unknown.size === 0) return [];
  const marks = new Set<string>();
  for await (const { request, people } of readTombstones(store)) {
    signal.throwIfAborted();
    if (unknown.has(request)) for (const mark of people) marks.add(mark);
  }
  const markOf = await tombstoneMarks(store, keys);
  const found: string[] = [];
  for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
    const { rows } = await sql<{ id: string }>`
      select id from person where id > ${after}::uuid and deleted_at is null order by id limit ${PAGE}`.execute(db);
    for (const { id } of rows) if (marks.has(markOf(id))) found.push(id);
    const last = rows.at(-1);
    if (!last) return found;
    after = last.id;
  }
}

async function unknownRequests(db: Db, requests: readonly string[]): Promise<Set<string>> {
  if (requests.length === 0) return new Set();
  const { rows } = await sql<{ request: string }>`
    select request from unnest(${[...new Set(requests)]}::uuid[]) as t (request)
    where not exists (select from erasure e where e.request = t.request)`.execute(db);
  return new Set(rows.map((r) => r.request));
}
