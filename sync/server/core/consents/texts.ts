import { Problem } from '../../../errors/problem.ts';
import type { ConsentText, NewConsentText } from '../../../protocol/api/consents.ts';
import type { PolicyConsentText } from '../../../protocol/wire/changes.ts';
import { appendChanges } from '../../platform/changes/log.ts';
import { insertNew } from '../../platform/database/rows.ts';
import type { Db, Row, Tx } from '../../platform/database/schema.ts';

/**
 * The customer's own consent texts, by version and language. A text never changes: a fix is a new version. Nobody can consent
 * to a text that was not reviewed, and kiosks are not sent it.
 *
 * The newest version with a reviewed text is in force, in the languages in which it was reviewed. A language still waiting for
 * review has no text meanwhile, rather than that of an older version, which says something else.
 */

/** Most bytes of JSON of all texts in force: they must fit into one page of a kiosk's changes, with its other content. */
const MAX_TEXTS_BYTES = 96 * 1024;

/** Reads all texts, newest first. */
const readTexts = (db: Db): Promise<Row<'consent_text'>[]> =>
  db.selectFrom('consent_text').selectAll().orderBy('made_at', 'desc').orderBy('language').execute();

/** Returns the version in force. A version is as old as its oldest text: adding a language doesn't make it newer. Pure. */
function versionInForce(rows: readonly Row<'consent_text'>[]): string | null {
  const born = new Map<string, number>();
  for (const r of rows)
    born.set(r.version, Math.min(born.get(r.version) ?? Number.POSITIVE_INFINITY, r.made_at.getTime()));
  const reviewed = rows
    .filter((r) => r.reviewed_at !== null)
    .sort((a, b) => born.get(b.version)! - born.get(a.version)!);
  return reviewed[0]?.version ?? null;
}

export async function listTexts(db: Db): Promise<ConsentText[]> {
  const rows = await readTexts(db);
  const current = versionInForce(rows);
  return rows.map((r) => ({
    version: r.version,
    language: r.language,
    title: r.title,
    paragraphs: r.paragraphs,
    reviewed: r.reviewed_at !== null,
    reviewedAt: r.reviewed_at?.toISOString() ?? null,
    madeAt: r.made_at.toISOString(),
    inForce: r.version === current && r.reviewed_at !== null,
  }));
}

/** Returns the texts that kiosks show. Empty: they show their built-in text. */
export async function textsInForce(db: Db): Promise<PolicyConsentText[]> {
  const rows = await readTexts(db);
  const current = versionInForce(rows);
  return rows
    .filter((r) => r.version === current && r.reviewed_at !== null)
    .map(({ version, language, title, paragraphs }) => ({ version, language, title, paragraphs }));
}

/** @throws Problem `consent-text-exists` */
export async function addText(tx: Tx, text: NewConsentText, by: string | null, now: Date): Promise<void> {
  const row = { ...text, paragraphs: JSON.stringify(text.paragraphs), made_at: now, made_by: by };
  if (!(await insertNew(tx, 'consent_text', row))) throw new Problem('consent-text-exists');
}

/**
 * Marks a text as reviewed by someone who knows the language and the law. Kiosks receive it, and people may consent to it.
 *
 * @throws Problem `consent-text-unknown`, `consent-texts-too-long`
 */
export async function reviewText(
  tx: Tx,
  { version, language }: { readonly version: string; readonly language: string },
  by: string | null,
  now: Date,
): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('consent_text')
    .set((e) => ({
      reviewed_at: e.fn.coalesce('reviewed_at', e.val(now)),
      reviewed_by: e.fn.coalesce('reviewed_by', e.val(by)),
    }))
    .where('version', '=', version)
    .where('language', '=', language)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new Problem('consent-text-unknown');
  if (Buffer.byteLength(JSON.stringify(await textsInForce(tx)), 'utf8') > MAX_TEXTS_BYTES)
    throw new Problem('consent-texts-too-long', { max: MAX_TEXTS_BYTES / 1024 });
  await appendChanges(tx, [{ kind: 'policy' }], now);
}

/**
 * Checks that people may consent to this text: a reviewed one of the customer's own, or the built-in one while there is none.
 * The suffix that a kiosk adds to a version for its photos (`….photo-90-days`) is ignored.
 *
 * @throws Problem `consent-text-not-reviewed`
 */
export async function requireReviewed(db: Db, textVersion: string, language: string): Promise<void> {
  const own = await readTexts(db);
  if (!own.some((r) => r.reviewed_at !== null)) return;
  const [version] = textVersion.split('.');
  if (own.some((r) => r.version === version && r.language === language && r.reviewed_at !== null)) return;
  throw new Problem('consent-text-not-reviewed');
}
