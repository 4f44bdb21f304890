import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { NIL } from 'uuid';
import { z } from 'zod';
import { replaceFile } from '../../../../disk/replace.ts';
import { Problem } from '../../../../errors/problem.ts';
import { idsOf } from '../../../platform/database/rows.ts';
import type { Db } from '../../../platform/database/schema.ts';
import type { Job, JobContext } from '../../../platform/jobs/job.ts';
import { PREFIX } from '../../../platform/objects/sealed/layout.ts';
import { readTombstones, requireTombstoneKey, tombstoneMarks } from '../../../platform/objects/sealed/tombstones.ts';
import { type ObjectStore, withObjectStore } from '../../../platform/objects/store.ts';
import { requestErasure } from './request.ts';

/**
 * What has to be erased again after a restore. It is stored where restoring the database can't revert it: in the object store
 * if there is one (features/backup/), else in files of the server home. The files hold the person's id, a random number that
 * reveals nothing alone.
 */
const Tombstone = z.strictObject({
  v: z.literal(1),
  request: z.uuid(),
  people: z.array(z.uuid()).min(1),
  requestedAt: z.iso.datetime({ precision: 3 }),
  /** A time at which no legal hold named these people. A hold in a backup that was set earlier has ended. */
  noHoldAt: z.iso.datetime({ precision: 3 }),
});
export type Tombstone = z.infer<typeof Tombstone>;

const folderOf = (home: string): string => join(home, 'tombstones');

/** Writes the file durably before it returns. Safe to call again. */
export function writeTombstoneFile(home: string, tombstone: Tombstone): void {
  const folder = folderOf(home);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const text = `${JSON.stringify(Tombstone.parse(tombstone))}\n`;
  replaceFile(join(folder, `${tombstone.request}.json`), text, { byMany: true });
}

/** Reads every tombstone of this server home. @throws Problem `tombstone-unreadable` */
export function readTombstoneFiles(home: string): Tombstone[] {
  const folder = folderOf(home);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => {
      try {
        return Tombstone.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')));
      } catch (cause) {
        throw new Problem('tombstone-unreadable', { file: join(folder, name), cause });
      }
    });
}

const HOUR_MS = 3_600_000;
const PAGE = 1000;

/**
 * Finds erasures that this database has no record of, because an older copy was restored by other means than ours. The people
 * they name are erased again.
 */
export const tombstonesJob: Job = {
  name: 'tombstones',
  everyMs: HOUR_MS,
  async run(context) {
    const { db, keys, config, now, log, notify } = context;
    const stored = await withObjectStore(config.s3, async (store) => (store ? fromStore(context, store) : []));
    const people = [...(await fromFiles(context)), ...stored];
    for (const person of people) await requestErasure(db, keys, { person, origin: 'restore', undoDays: 0 }, now());
    if (people.length > 0) {
      const fields = { code: 'erasures-repeated', count: people.length };
      log.warn(fields, 'the database is older than some erasures; they are being repeated');
      notify('change');
    }
    return { repeated: people.length };
  },
};

/** Returns people who exist here although a tombstone in the server home names them, and its request is missing here. */
async function fromFiles({ db, config }: JobContext): Promise<string[]> {
  const tombstones = readTombstoneFiles(config.home);
  const requests = tombstones.map((t) => t.request);
  const unknown = await unknownRequests(db, requests);
  const named = tombstones.filter((t) => unknown.has(t.request)).flatMap((t) => t.people);
  if (named.length === 0) return [];
  const { rows } = await sql<{ id: string }>`
    select id from person where id = any(${named}::uuid[]) and deleted_at is null order by id`.execute(db);
  return idsOf(rows);
}

/** Does the same for tombstones in the object store. They are only read if one of their requests is missing here. */
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
  for (let after: string = NIL; ; ) {
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
