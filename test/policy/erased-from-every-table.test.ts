import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { writePerson } from '../../sync/server/core/people/records.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { keysOf } from '../../sync/server/platform/keys/settings.ts';
import { fillEveryTable } from '../backup/fill.ts';
import { DATABASES } from '../kit/databases.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { newPair } from '../kit/keys.ts';
import { withDatabase } from '../kit/suite.ts';
import { erasing } from '../sync/erasing.ts';
import { tablesNaming } from './erasure-search.ts';

/**
 * Every column of ids in the database is set to one person, who is then erased. This finds a table added later that an erasure
 * doesn't cover.
 */

/** Columns with ids of something other than people, in every table or in one. All others count as a person's. */
const OF_OTHERS: ReadonlySet<string> = new Set([
  'adopted_by',
  'account',
  'author',
  'started_by',
  'by',
  'by_id',
  'checkin.duplicate_of',
  // Accounts.
  'credential.issued_by',
  'credential.revoked_by',
  'decided_by',
  'device',
  'epoch',
  'event',
  // A site, or a kiosk.
  'fleet_settings.scope',
  'id',
  'log',
  'made_by',
  'object',
  'part_of',
  'recorded_by',
  'request',
  'resolved_by',
  'reviewed_by',
  'runner',
  'site',
  // The newest entry of its history.
  'site.change',
  // A site; a kiosk.
  'staff_member.device',
  'staff_member.scope',
  'superseded_by',
  'target',
  'undone_by',
  // A site, or a kiosk.
  'update_window.scope',
  // A record; or a person who was erased, until a receiver was notified (docs/operate/webhooks.md).
  'webhook_delivery.subject',
]);
/** Tables that never name anyone, or whose rows belong to the erasure itself. */
const LEFT = /^(audit|backup|erasure|job|meta|kysely)/;

const home = temporaryFolder();
let database: OpenDatabase;

withDatabase(DATABASES[0]!, (opened, undo) => {
  database = opened;
  undo.defer(() => home.remove());
});

test('no table keeps the id of an erased person, whichever column it was in', async () => {
  const { db } = database;
  const keys = keysOf(newPair());
  const erasures = await erasing(db, keys, home.path);
  const own = /^public\.(audit.*|meta|backup|erasure.*|job.*)$|^keyring\./;
  expect(await fillEveryTable(db, 12, (table) => own.test(table))).toEqual({});
  // All of them over, since the filler's dates are in the future.
  await sql`update retention_hold set set_at = now() - interval '2 hours', released_at = now() - interval '1 hour'`.execute(
    db,
  );
  // Between the filler's ids, as an ordered pair requires.
  const person = `10008000${randomUUID().slice(8)}`;
  await inTransaction(db, (tx) => writePerson(tx, keys, { id: person, patch: { name: 'Ada' } }, new Date()));

  const { rows: columns } = await sql<{ table: string; column: string }>`
    select c.relname as table, a.attname as column
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition and a.atttypid = 'uuid'::regtype
      and a.attnum > 0 and not a.attisdropped
      -- Exclude foreign keys to tables other than person: they don't refer to people.
      and not exists (select from pg_constraint f where f.contype = 'f' and f.conrelid = c.oid
                      and a.attnum = any(f.conkey) and f.confrelid <> 'person'::regclass)
    order by 1, 2`.execute(db);
  const named = columns.filter(
    ({ table, column }) => !OF_OTHERS.has(column) && !OF_OTHERS.has(`${table}.${column}`) && !LEFT.test(table),
  );
  const taken = new Map<string, number>();
  for (const { table, column } of named) {
    if (table === 'person' && column === 'id') continue;
    // One row per column of a table.
    const row = taken.get(table) ?? 0;
    taken.set(table, row + 1);
    const place = sql`(select ctid from ${sql.table(table)} where ${sql.ref(column)} is not null order by ctid offset ${row} limit 1)`;
    await sql`update ${sql.table(table)} set ${sql.ref(column)} = ${person}::uuid where ctid = ${place}`.execute(db);
  }
  const before = await tablesNaming(db, person);
  expect(before).toEqual(expect.arrayContaining([...taken.keys()]));
  expect(before.length).toBeGreaterThan(15);

  await erasures.erase(person);
  const { rows: done } = await sql<{ step: string }>`select step from erasure_step where done_at is not null`.execute(
    db,
  );
  expect(done.map((r) => r.step)).toEqual(expect.arrayContaining(['close', 'unlink', 'objects']));
  // It is recorded that someone with this id was erased, and kiosks and webhook receivers are notified; nothing else.
  expect(await tablesNaming(db, person)).toEqual(['change', 'erasure', 'person', 'webhook_delivery']);
});
