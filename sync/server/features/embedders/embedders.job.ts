import { IMPORT_QUALITY } from '../../../../models/rules/quality.ts';
import { standingOf } from '../../core/consents/standing.ts';
import { sameAs } from '../../core/people/living.ts';
import { templatesOfEachScope } from '../../core/templates/forget.ts';
import { enrolmentPictures } from '../../core/templates/photos.ts';
import { applyTemplates, madeHere } from '../../core/templates/templates.ts';
import { SYSTEM } from '../../platform/audit/actor.ts';
import { audited } from '../../platform/audit/opened.ts';
import { appendChanges } from '../../platform/changes/log.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { remove, update, upsert } from '../../platform/database/rows.ts';
import type { Tx } from '../../platform/database/schema.ts';
import type { Job } from '../../platform/jobs/job.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { judgePicture, sharedPipeline, type UsableFace } from './faces.ts';
import { leftOf, presentMove } from './migrate.ts';

/**
 * Computes everyone's templates with the new embedder, one person per transaction, so that it resumes after a kill. It also
 * runs after kiosks were switched, for people enrolled with the old embedder meanwhile, and after the end of the move, for
 * people enrolled at a kiosk that didn't know of the switch yet.
 */
export const embeddersJob: Job = {
  name: 'embedders',
  everyMs: 5000,
  wanted: async ({ db }) => {
    const move = await presentMove(db);
    return (
      move !== undefined &&
      (move.state === 'working' || (await leftOf(db, move).limit(1).executeTakeFirst()) !== undefined)
    );
  },
  async run({ db, keys, config, now, signal, notify }) {
    let [moved, reenrol] = [0, 0];
    let move = await presentMove(db);
    // Read each time, since the move may be cancelled or finished meanwhile.
    for (; move; move = await presentMove(db)) {
      signal.throwIfAborted();
      const { id, to_model: model } = move;
      const next = await leftOf(db, move).orderBy('t.person').limit(1).executeTakeFirst();
      if (!next) break;
      const at = now();
      const pipeline = await sharedPipeline(config.weights, model);
      const why = { actor: SYSTEM, route: 'job embedders', resource: id };
      const names = await sameAs(db, [next.person]);
      const pictures = await audited(db, keys, why, at, (opened) => enrolmentPictures(db, keys, opened, names));
      const faces: UsableFace[] = [];
      let code = 'no-photo';
      for (const picture of pictures) {
        const judged = await judgePicture(pipeline, picture, IMPORT_QUALITY);
        if (judged.code === null) faces.push(judged);
        else code = judged.code;
      }
      const done = await inTransaction(db, (tx) => settle(tx, keys, id, next.person, faces, code, at));
      if (done === 'moved') moved += 1;
      if (done === 'reenrol') reenrol += 1;
      notify('change');
    }
    if (move) await update(db, 'model_migration', { id: move.id, state: 'working' }, { state: 'ready' });
    notify('board');
    return { moved, reenrol };
  },
};

/** Stores the result for one person. @returns null if the move was cancelled or the person erased */
async function settle(
  tx: Tx,
  keys: Keys,
  id: string,
  person: string,
  faces: readonly UsableFace[],
  code: string,
  now: Date,
): Promise<'moved' | 'reenrol' | null> {
  // Locks the move, so that it can't end before these templates are stored and would be deleted with the rest.
  const move = await tx
    .selectFrom('model_migration')
    .select(['from_model', 'to_model', 'state'])
    .where('id', '=', id)
    .forShare()
    .executeTakeFirstOrThrow();
  if (move.state === 'cancelled') return null;
  const living = await tx
    .selectFrom('person')
    .select('id')
    .where('id', '=', person)
    .where('deleted_at', 'is', null)
    .forNoKeyUpdate()
    .executeTakeFirst();
  // The person was erased meanwhile: there is nothing to move and nothing to record.
  if (!living) return null;
  const may = (await standingOf(tx, person)) === 'given';
  const outcome = may && faces.length > 0 ? 'moved' : 'reenrol';
  const moved = outcome === 'moved';
  if (moved) {
    await applyTemplates(tx, keys, person, madeHere(move.to_model, faces), now);
  }
  const noted = {
    outcome,
    code: moved ? null : may ? code : 'consent-missing',
    templates: moved ? faces.length : 0,
    at: now,
  } as const;
  const whose = { migration: id, person };
  await upsert(tx, 'model_migration_person', ['migration', 'person'], { ...whose, ...noted }, noted);
  const changed = moved ? [move.to_model] : [];
  // Deletes the old templates, as the end of the move has done for everyone else.
  if (move.state === 'done' && (await remove(tx, 'template', { person, model: move.from_model })) > 0)
    changed.push(move.from_model);
  await appendChanges(tx, await templatesOfEachScope(tx, person, changed), now);
  return outcome;
}
