import { randomBytes } from 'node:crypto';
import type { Transaction } from 'kysely';
import { v7 } from 'uuid';
import type { z } from 'zod';
import { base32, newPaper, paperHash, SECRET_BYTES, technicianUri } from '../../protocol/seal/technician-code.ts';
import { type Change, MAX_TOLD_TECHNICIANS, ToldTechnician } from '../../protocol/wire/changes.ts';
import { Problem } from '../../protocol/wire/problem.ts';
import { appendChanges, type NewChange } from '../changes/log.ts';
import { lockName } from '../database/once.ts';
import type { Db, Tables } from '../database/schema.ts';
import type { Keys, Place } from '../keys/envelope.ts';

/**
 * Technicians of the server: who may enter the technician's menu at the kiosks of a site, or of all. Each has one secret for
 * all of them, so that one app and one sheet of paper serve, offline too; a code on paper that a kiosk tells of is taken out of
 * what the others are told.
 */

/** A removed one is named for so long, until all kiosks have said that they forgot them, ms. */
const REMEMBERED_MS = 90 * 86_400_000;

/** @param scope changes/scope.ts; null: all */
export interface TechnicianRow {
  readonly id: string;
  readonly name: string;
  readonly scope: string | null;
  readonly addedAt: Date;
  readonly by: string;
  readonly removedAt: Date | null;
  readonly paperLeft: number;
}

export const technicianNamePlace = (id: string): Place => ({
  field: 'technician.name',
  person: null,
  record: id,
  rowVersion: 1,
});
/** Each use of a code on paper is another version: of before nothing is put back. */
export const technicianSecretPlace = (id: string, rowVersion: number): Place => ({
  field: 'technician.secret',
  person: null,
  record: id,
  rowVersion,
});

const Sealed = ToldTechnician.pick({ secret: true, paper: true });

/** Those who may enter, and those removed whose kiosks may still have them. */
export async function listTechnicians(db: Db, keys: Keys): Promise<TechnicianRow[]> {
  const rows = await db
    .selectFrom('technician')
    .select(['id', 'scope', 'name', 'paper_left', 'added_at', 'added_by', 'removed_at'])
    .orderBy('removed_at', (o) => o.desc().nullsFirst())
    .orderBy('added_at')
    .orderBy('id')
    .execute();
  return rows.map((r) => ({
    id: r.id,
    name: String(keys.openJson(technicianNamePlace(r.id), r.name)),
    scope: r.scope,
    addedAt: r.added_at,
    by: r.added_by,
    removedAt: r.removed_at,
    paperLeft: r.paper_left,
  }));
}

/**
 * Adds one and tells the kiosks.
 *
 * @param o `by`: account, or `operator`; `label`: what the app shows beside the name
 * @returns what is told once
 * @throws Problem `technician-exists`, `technicians-too-many`
 */
export async function addTechnician(
  tx: Transaction<Tables>,
  keys: Keys,
  o: { readonly name: string; readonly scope: string | null; readonly by: string; readonly label: string },
  now: Date,
): Promise<{ readonly id: string; readonly uri: string; readonly secret: string; readonly paper: string[] }> {
  const { name, scope, by, label } = o;
  // Two at once would both find room, or the name free.
  await lockName(tx, 'technicians');
  const there = (await listTechnicians(tx, keys)).filter((t) => t.removedAt === null);
  const meeting = there.filter((t) => t.scope === null || scope === null || t.scope === scope);
  if (meeting.some((t) => t.name.toLocaleLowerCase() === name.toLocaleLowerCase()))
    throw new Problem('technician-exists', 'There is a technician of this name already.', 'Remove them first.');
  if (fullest(meeting, scope) >= MAX_TOLD_TECHNICIANS)
    throw new Problem(
      'technicians-too-many',
      `A site has ${MAX_TOLD_TECHNICIANS} technicians at most, those of all sites among them.`,
      'Remove one first.',
    );
  const id = v7();
  const secret = randomBytes(SECRET_BYTES);
  const paper = newPaper(randomBytes);
  const sealed: z.infer<typeof Sealed> = {
    secret: secret.toString('base64url'),
    paper: paper.map((code, i) => ({ n: i + 1, hash: paperHash(code) })),
  };
  await tx
    .insertInto('technician')
    .values({
      id,
      row_version: 1,
      scope,
      name: keys.sealJson(technicianNamePlace(id), name),
      sealed: keys.sealJson(technicianSecretPlace(id, 1), sealed),
      paper_left: paper.length,
      added_at: now,
      added_by: by,
    })
    .execute();
  await appendChanges(tx, [tellAt(scope)], now);
  return { id, uri: technicianUri(secret, `${name} (${label})`), secret: base32(secret), paper };
}

/** How many the fullest of the scopes has that one more would be told at. */
function fullest(there: readonly TechnicianRow[], scope: string | null): number {
  const everywhere = there.filter((t) => t.scope === null).length;
  const own = Map.groupBy(
    there.filter((t) => t.scope !== null),
    (t) => t.scope,
  );
  const most =
    scope === null ? Math.max(0, ...[...own.values()].map((of) => of.length)) : (own.get(scope)?.length ?? 0);
  return everywhere + most;
}

/**
 * Removes one: secret and codes are gone from here at once, and from each kiosk with its next change.
 *
 * @throws Problem `technician-unknown`
 */
export async function removeTechnician(tx: Transaction<Tables>, id: string, by: string, now: Date): Promise<void> {
  const row = await tx
    .updateTable('technician')
    .set({ sealed: null, paper_left: 0, removed_at: now, removed_by: by })
    .where('id', '=', id)
    .where('removed_at', 'is', null)
    .returning('scope')
    .executeTakeFirst();
  if (!row) throw new Problem('technician-unknown', 'There is no such technician.', 'Read the list again.');
  await appendChanges(tx, [tellAt(row.scope)], now);
}

/**
 * A kiosk says that a code on paper was used there: the others are told that it counts no more. One that is known as used
 * already, at this kiosk or at another that was offline too, tells nothing new.
 *
 * @returns what kiosks are to be told
 */
export async function usedPaper(tx: Transaction<Tables>, keys: Keys, id: string, n: number): Promise<NewChange[]> {
  const row = await tx
    .selectFrom('technician')
    .select(['scope', 'row_version', 'sealed'])
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (!row?.sealed) return [];
  const held = Sealed.parse(keys.openJson(technicianSecretPlace(id, row.row_version), row.sealed));
  const paper = held.paper.filter((one) => one.n !== n);
  if (paper.length === held.paper.length) return [];
  const version = row.row_version + 1;
  await tx
    .updateTable('technician')
    .set({
      row_version: version,
      sealed: keys.sealJson(technicianSecretPlace(id, version), { ...held, paper }),
      paper_left: paper.length,
    })
    .where('id', '=', id)
    .execute();
  return [tellAt(row.scope)];
}

/** What the kiosks of a scope are told: all who may enter there. */
export async function techniciansChange(
  db: Db,
  keys: Keys,
  scope: string,
): Promise<Extract<Change, { kind: 'technicians' }>> {
  const rows = await db
    .selectFrom('technician')
    .select(['id', 'name', 'row_version', 'sealed'])
    .where('removed_at', 'is', null)
    .where((e) => e.or([e('scope', 'is', null), e('scope', '=', scope)]))
    .orderBy('added_at')
    .orderBy('id')
    .limit(MAX_TOLD_TECHNICIANS)
    .execute();
  const technicians = rows.map(({ id, name, row_version, sealed }) => ({
    id,
    name: String(keys.openJson(technicianNamePlace(id), name)),
    ...Sealed.parse(keys.openJson(technicianSecretPlace(id, row_version), sealed!)),
  }));
  return { kind: 'technicians', technicians };
}

/** Who was removed long ago is forgotten, name and all. @returns how many */
export async function forgetTechnicians(tx: Transaction<Tables>, now: Date): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('technician')
    .where('removed_at', '<', new Date(now.getTime() - REMEMBERED_MS))
    .executeTakeFirst();
  return Number(numDeletedRows);
}

const tellAt = (scope: string | null): NewChange => ({ kind: 'technicians', ...(scope !== null && { site: scope }) });
