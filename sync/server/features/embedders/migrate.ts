import { sql } from 'kysely';
import { v7 } from 'uuid';
import type { z } from 'zod';
import { embedderOf } from '../../../../models/node/embedders.ts';
import { ModelProblem } from '../../../../models/node/problem.ts';
import { Problem } from '../../../errors/problem.ts';
import type { EmbedderMove } from '../../../protocol/api/embedders.ts';
import { policyOf, setPolicy } from '../../core/sites/policy.ts';
import { DEFAULT_SCOPE } from '../../core/sites/sites.ts';
import { templatesOfEachScope } from '../../core/templates/forget.ts';
import { appendChanges, type NewChange } from '../../platform/changes/log.ts';
import { count, findLocked, findSorted, insertNew, update } from '../../platform/database/rows.ts';
import type { Db, Row, Tx } from '../../platform/database/schema.ts';
import { presentEmbedder } from './faces.ts';

/**
 * Moving to another embedder. Everyone's templates are computed again from the stored pictures of their enrolment. Kiosks keep
 * using the old templates until they are switched. At most one move is open.
 */

const openStates = ['working', 'ready', 'switched'] as const;

/** Returns the open move, else the last one completed, since kiosks may still send templates of the old embedder. */
export async function presentMove(db: Db) {
  const [move] = await findSorted(db, 'model_migration', { state: [...openStates, 'done'] }, ['made_at'], {
    descending: true,
    limit: 1,
  });
  return move;
}

/** Starts a move, and returns its id. @throws Problem `migration-open`, `model-present`, `model-unknown` */
export async function beginMove(
  tx: Tx,
  { to, weights, by }: { readonly to: string; readonly weights: string; readonly by: string },
  now: Date,
): Promise<string> {
  try {
    embedderOf(weights, to);
  } catch (cause) {
    if (!(cause instanceof ModelProblem)) throw cause;
    throw Problem.from(cause, cause);
  }
  const from = await presentEmbedder(tx);
  if (from === to) throw new Problem('model-present', { embedder: to });
  const id = v7();
  const row = { id, from_model: from, to_model: to, state: 'working', made_by: by, made_at: now } as const;
  // A unique index allows only one open move (baseline/enrolment.ts).
  if ((await insertNew(tx, 'model_migration', row)) === 0) throw new Problem('migration-open');
  return id;
}

/**
 * Selects people with templates of the old embedder who were not processed yet, and people marked for re-enrolment whose
 * picture arrived later: that of an enrolment at a kiosk follows its event, and may take long.
 */
export const leftOf = (db: Db, { id, from_model, to_model }: Row<'model_migration'>) =>
  db
    .selectFrom(
      sql<{ person: string }>`(
        select t.person from template t
        where t.model = ${from_model} and not exists (
          select from model_migration_person p where p.person = t.person and p.migration = ${id}::uuid)
        union
        select p.person from model_migration_person p join person n on n.id = p.person and n.deleted_at is null
        where p.migration = ${id}::uuid and p.outcome = 'reenrol'
          and not exists (select from template t where t.person = p.person and t.model = ${to_model})
          and (exists (select from enrolment_photo x where x.person = p.person and x.made_at > p.at)
            or exists (select from photo x where x.person = p.person and x.kind = 'enrolment' and x.complete_at > p.at)))`.as(
        't',
      ),
    )
    .select('t.person');

/** Returns the progress of the last move. Null if there never was one. */
export async function progressOf(db: Db): Promise<z.output<typeof EmbedderMove> | null> {
  const [move] = await findSorted(db, 'model_migration', {}, ['made_at'], { descending: true, limit: 1 });
  if (!move) return null;
  const left = await leftOf(db, move).execute();
  return {
    id: move.id,
    from: move.from_model,
    to: move.to_model,
    state: move.state,
    moved: await count(db, 'model_migration_person', { migration: move.id, outcome: 'moved' }),
    reenrol: await count(db, 'model_migration_person', { migration: move.id, outcome: 'reenrol' }),
    left: move.state === 'done' || move.state === 'cancelled' ? 0 : left.length,
  };
}

async function lockMove(tx: Tx, states: readonly string[]) {
  const move = await findLocked(tx, 'model_migration', { state: openStates });
  if (!move || !states.includes(move.state))
    throw new Problem('migration-not-ready', { state: move?.state ?? 'not open' });
  return move;
}

/** Switches every kiosk to the new embedder. Kiosks have its templates already. @throws Problem `migration-not-ready` */
export async function switchKiosks(tx: Tx, by: string, now: Date): Promise<void> {
  const move = await lockMove(tx, ['ready']);
  const own = await tx.selectFrom('site_policy').select('site').execute();
  for (const site of new Set([DEFAULT_SCOPE, ...own.map((r) => r.site)]))
    await setPolicy(tx, site, { ...(await policyOf(tx, site)), embedder: move.to_model }, now, by);
  await update(tx, 'model_migration', { id: move.id }, { state: 'switched' });
}

/** Deletes the old embedder's templates, here and on every kiosk. @returns number of people who had some */
export async function finishMove(tx: Tx, now: Date): Promise<number> {
  const { id, from_model } = await lockMove(tx, ['switched']);
  return endMove(tx, id, 'done', from_model, now);
}

/** Cancels a move before kiosks were switched: deletes the new embedder's templates. @throws Problem `migration-not-ready` */
export async function cancelMove(tx: Tx, now: Date): Promise<void> {
  const { id, to_model } = await lockMove(tx, ['working', 'ready']);
  await endMove(tx, id, 'cancelled', to_model, now);
}

async function endMove(tx: Tx, id: string, state: 'done' | 'cancelled', model: string, now: Date): Promise<number> {
  const gone = await tx.deleteFrom('template').where('model', '=', model).returning('person').execute();
  const people = new Set(gone.map((g) => g.person));
  const newChanges: NewChange[] = [];
  for (const person of people) newChanges.push(...(await templatesOfEachScope(tx, person, [model])));
  await appendChanges(tx, newChanges, now);
  await update(tx, 'model_migration', { id }, { state, ended_at: now });
  return people.size;
}
