import type { FacePipeline } from '../../../../../models/node/interface.ts';
import { type FaceQuality, IMPORT_QUALITY, qualityScore } from '../../../../../models/rules/quality.ts';
import { Problem } from '../../../../errors/problem.ts';
import { giveConsent } from '../../../core/consents/record.ts';
import { standingOf } from '../../../core/consents/standing.ts';
import { markInConsole } from '../../../core/lookalikes/store.ts';
import { vectorFrom } from '../../../core/templates/templates.ts';
import type { Services } from '../../../platform/access/route.ts';
import { SYSTEM } from '../../../platform/audit/actor.ts';
import { writeAudit } from '../../../platform/audit/write.ts';
import { inTransaction } from '../../../platform/database/retry.ts';
import { find, findSorted, update } from '../../../platform/database/rows.ts';
import type { Tx } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { judgePicture, presentPipeline } from '../../embedders/faces.ts';
import { addFaces, requireEnrollable } from '../enrol.ts';
import { isDuplicate } from './photos.ts';
import { basisPlace, endImport, importBox } from './runs.ts';

/** Enrols the accepted pictures, one transaction per picture, so that it can resume after any interruption. */
export async function applyAccepted(
  services: Services,
  signal: AbortSignal,
): Promise<{ applied: number; refused: number }> {
  const { db, keys, now } = services;
  let [applied, refused] = [0, 0];
  for (;;) {
    signal.throwIfAborted();
    const at = now();
    const run = await find(db, 'import_run', { state: 'applying' }, ['id']);
    if (!run) break;
    const accepted = { run: run.id, state: 'accepted' } as const;
    const [next] = await findSorted(db, 'import_photo', accepted, ['id'], { columns: ['id'], limit: 1 });
    if (!next) {
      await inTransaction(db, (tx) => endImport(tx, run.id, 'done', at));
      services.notify('board');
      continue;
    }
    const pipeline = await presentPipeline(services);
    try {
      if (await inTransaction(db, (tx) => applyOne(tx, keys, next.id, pipeline, at))) applied += 1;
    } catch (cause) {
      // The person may have withdrawn consent or come of age since the review. The code is recorded, and the rest continues.
      if (!(cause instanceof Problem)) throw cause;
      const change = { state: 'refused', code: cause.code, photo: null, template: null } as const;
      refused += await update(db, 'import_photo', { ...accepted, id: next.id }, change);
    }
    services.notify('change');
  }
  return { applied, refused };
}

/** @returns whether it was applied; false if another replica was faster */
async function applyOne(tx: Tx, keys: Keys, photo: string, pipeline: FacePipeline, now: Date): Promise<boolean> {
  const row = await tx
    .selectFrom('import_photo as p')
    .innerJoin('import_run as r', 'r.id', 'p.run')
    .select(['p.id', 'p.run', 'p.person', 'p.photo', 'p.template', 'p.model', 'p.pose', 'p.state', 'p.decided_by'])
    .select(['p.code', 'p.duplicate_of', 'p.measured'])
    .select(['r.text_version', 'r.language', 'r.basis'])
    .where('p.id', '=', photo)
    .forUpdate()
    .executeTakeFirst();
  if (row?.state !== 'accepted' || !row.person || !row.template || !row.photo) return false;
  const { person } = row;
  if (row.basis && row.text_version && row.language && (await standingOf(tx, person)) === 'none') {
    // Consent as the operator states it. It never overrides a withdrawal, whatever an old form says.
    const basis = String(keys.openJson(basisPlace(row.run), row.basis));
    const statement = { textVersion: row.text_version, language: row.language, basis };
    await giveConsent(tx, keys, person, statement, { via: 'import', account: row.decided_by }, now);
  }
  await requireEnrollable(tx, keys, person, now);
  const box = await importBox(tx, keys, [row]);
  const picture = box.open('photo', row, row.photo);
  const face = {
    model: pipeline.model,
    // If the embedder changed since the picture was checked, its template can't be used and is computed again.
    embedding:
      row.model === pipeline.model
        ? vectorFrom(box.open('template', row, row.template))
        : await remade(pipeline, picture),
    picture,
    pose: row.pose ?? 'photo',
    quality: row.measured ? qualityScore(row.measured as unknown as FaceQuality) : null,
  };
  if (isDuplicate(row))
    await markInConsole(tx, [person, row.duplicate_of], { reason: 'enrolment', by: row.decided_by }, now);
  await addFaces(tx, keys, person, [face], { via: 'import', by: row.decided_by }, now);
  await update(tx, 'import_photo', { id: row.id }, { state: 'applied', photo: null, template: null });
  const entry = {
    actor: SYSTEM,
    action: 'write',
    route: 'job photo-imports',
    resource: row.run,
    data: ['template', 'photo', 'consent'],
    subjects: [person],
    outcome: 'ok',
  } as const;
  await writeAudit(tx, keys, entry, now);
  return true;
}

/** Computes the embedding again from the stored picture. @throws Problem with the reason why this embedder rejects it */
async function remade(pipeline: FacePipeline, picture: Uint8Array): Promise<Float32Array> {
  const judged = await judgePicture(pipeline, picture, IMPORT_QUALITY);
  if (judged.code !== null) throw new Problem('embedder-finds-no-face').withCode(judged.code);
  return judged.embedding;
}
