import { sql } from 'kysely';
import { writeAudit } from '../audit/write.ts';
import { inTransaction } from '../database/retry.ts';
import type { Db } from '../database/schema.ts';
import { requestErasure } from '../erasure/request.ts';
import { openKeyring } from '../keys/keyring.ts';
import { destroyPersonKeys } from '../keys/persons.ts';
import type { RestoreContext } from './restore.ts';
import { readTombstones, tombstoneMarks } from './tombstones.ts';

const PAGE = 1000;

/**
 * Erases again whom the tombstones name: their keys at once, so that nothing of theirs can be read from here on; the rest
 * by the usual steps when the server runs, which also tell the kiosks and delete photos from the object store.
 *
 * @returns how many people
 */
export async function eraseAgain({ db, store, keys, now, actor, progress }: RestoreContext): Promise<number> {
  const erased = new Set<string>();
  for await (const tombstone of readTombstones(store)) for (const mark of tombstone.people) erased.add(mark);
  if (erased.size === 0) return 0;
  const markOf = await tombstoneMarks(store, keys);
  // Settles which keys the restored database is under.
  await openKeyring(db, keys, { hostnames: ['localhost'], now: () => now().getTime() });
  const found: string[] = [];
  for await (const person of everybody(db)) if (erased.has(markOf(person))) found.push(person);
  for (const [done, person] of found.entries()) {
    await inTransaction(db, async (tx) => {
      await destroyPersonKeys(tx, [person]);
      const entry = { actor, action: 'delete', route: 'backup restore', data: ['everything'] } as const;
      await writeAudit(tx, keys, { ...entry, subjects: [], count: 1, outcome: 'ok' }, now());
    });
    await requestErasure(db, keys, { person, origin: 'restore', undoDays: 0 }, now());
    progress?.(done + 1, found.length, 'people');
  }
  return found.length;
}

/** Everybody who has a row or a key. */
async function* everybody(db: Db): AsyncGenerator<string> {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const { rows } = await sql<{ id: string }>`
      select id from (select id from person union select person from keyring.person_key) p
      where id > ${after}::uuid order by id limit ${PAGE}`.execute(db);
    for (const { id } of rows) yield id;
    if (rows.length < PAGE) return;
    after = rows.at(-1)!.id;
  }
}
