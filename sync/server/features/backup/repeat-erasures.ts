import { sql } from 'kysely';
import { NIL } from 'uuid';
import { isHeld } from '../../core/people/holds.ts';
import { sameAs } from '../../core/people/living.ts';
import { writeAudit } from '../../platform/audit/write.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { below, remove } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import { openKeyring } from '../../platform/keys/keyring.ts';
import { destroyPersonKeys } from '../../platform/keys/persons.ts';
import { readTombstones, tombstoneMarks } from '../../platform/objects/sealed/tombstones.ts';
import { requestErasure } from '../privacy/erasure/request.ts';
import type { RestoreContext } from './restore.ts';

const PAGE = 1000;

export interface RepeatedErasures {
  /** Number of people who were erased since the backup and are erased again. */
  readonly erasuresRepeated: number;
  /** Number of people whose erasure had started and waits for the release of a legal hold. */
  readonly erasuresHeld: number;
}

/**
 * Erases the people named by tombstones again. Their keys are destroyed at once, so that none of their data can be read from
 * here on. The usual steps do the rest when the server runs, and also notify the kiosks and delete photos from the object
 * store. A person under a legal hold set after the tombstone keeps their key, and the erasure waits for its release, as
 * before.
 */
export async function repeatErasures({
  db,
  store,
  keys,
  now,
  actor,
  progress,
}: RestoreContext): Promise<RepeatedErasures> {
  /** By mark of a person, the latest time at which a tombstone says that there was no hold. */
  const erased = new Map<string, Date>();
  for await (const { people, noHoldAt } of readTombstones(store))
    for (const mark of people) if (!(erased.get(mark)! > noHoldAt)) erased.set(mark, noHoldAt);
  if (erased.size === 0) return { erasuresRepeated: 0, erasuresHeld: 0 };
  const markOf = await tombstoneMarks(store, keys);
  // Determines which keys the restored database is under.
  await openKeyring(db, keys, { hostnames: ['localhost'], now: () => now().getTime() });
  const found: { person: string; noHoldAt: Date }[] = [];
  for await (const person of everybody(db)) {
    const noHoldAt = erased.get(markOf(person));
    if (noHoldAt) found.push({ person, noHoldAt });
  }
  let erasuresHeld = 0;
  for (const [done, { person, noHoldAt }] of found.entries()) {
    const held = await inTransaction(db, async (tx) => {
      const names = await sameAs(tx, [person]);
      // Holds in the backup set before that time had been released by then.
      await remove(tx, 'retention_hold', { person: names, set_at: below(noHoldAt) });
      if (await isHeld(tx, names)) return true;
      await destroyPersonKeys(tx, [person]);
      const entry = { actor, action: 'delete', route: 'backup restore', data: ['everything'] } as const;
      await writeAudit(tx, keys, { ...entry, subjects: [], count: 1, outcome: 'ok' }, now());
      return false;
    });
    if (held) erasuresHeld += 1;
    await requestErasure(db, keys, { person, origin: 'restore', undoDays: 0 }, now());
    progress?.(done + 1, found.length, 'people');
  }
  return { erasuresRepeated: found.length - erasuresHeld, erasuresHeld };
}

async function* everybody(db: Db): AsyncGenerator<string> {
  for (let after: string = NIL; ; ) {
    const { rows } = await sql<{ id: string }>`
      select id from (select id from person union select person from keyring.person_key) p
      where id > ${after}::uuid order by id limit ${PAGE}`.execute(db);
    for (const { id } of rows) yield id;
    if (rows.length < PAGE) return;
    after = rows.at(-1)!.id;
  }
}
