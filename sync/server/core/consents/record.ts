import { v7 } from 'uuid';
import type { Guardian } from '../../../protocol/api/consents.ts';
import { appendChanges } from '../../platform/changes/log.ts';
import { insert } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { requireLiving } from '../people/living.ts';
import { consented } from './consented.ts';
import { requireInForce, requireVersionInForce } from './filled.ts';
import { readMinor, requireGuardian } from './minors/minors.ts';
import { type Said, sealSaid } from './said.ts';
import { latestConsent, type Standing, standingOf } from './standing.ts';
import { requireReviewed } from './texts.ts';

/** Who puts a consent on record here: staff at the person's word, the person, or an import on the operator's. */
export interface RecordedBy {
  readonly via: 'staff' | 'person' | 'import';
  /** Account; null for the person. */
  readonly account: string | null;
}

/**
 * A person agrees, and said so to staff or in the portal, or a guardian for them. Templates are made later.
 *
 * @param text `guardian`: who agreed for a minor; `basis`: of an import, in the operator's words
 * @throws Problem `person-unknown`, `consent-text-not-reviewed`, `consent-outdated`, `privacy-not-set`,
 *   `guardian-required`
 */
export async function giveConsent(
  tx: Tx,
  keys: Keys,
  person: string,
  text: { readonly textVersion: string; readonly language: string } & SaidWith,
  by: RecordedBy,
  now: Date,
): Promise<Standing> {
  await requireLiving(tx, person, 'change');
  await requireReviewed(tx, text.textVersion, text.language);
  // What an import says was read elsewhere, as it stood there: whether it is in force is asked when templates are made.
  if (by.via !== 'import') await requireInForce(tx, person, text.textVersion, text.language);
  const wasMinor = (await readMinor(tx, keys, person, now)) !== null;
  await requireGuardian(tx, keys, person, text.guardian, now);
  const { textVersion, language, guardian, basis } = text;
  const said = { ...(guardian && { guardian }), ...(basis !== undefined && { basis }) };
  // A minor who has come of age says it again, although a consent stands.
  const replaced = wasMinor || guardian !== undefined;
  return record(tx, keys, person, { action: 'given', textVersion, language, said, replaced }, by, now);
}

/** What is said with a consent beside its text. */
interface SaidWith {
  readonly guardian?: Guardian | undefined;
  readonly basis?: string | undefined;
}

/**
 * A person takes their consent back: every template of theirs goes here in this transaction, and every kiosk of their
 * sites is instructed to drop its own. Doing it again changes nothing.
 *
 * @throws Problem `person-unknown`
 */
export async function withdrawConsent(
  tx: Tx,
  keys: Keys,
  person: string,
  by: RecordedBy,
  now: Date,
): Promise<Standing> {
  await requireLiving(tx, person, 'change');
  const last = await latestConsent(tx, person);
  const text = { textVersion: last?.text_version ?? 'none', language: last?.language ?? 'und' };
  return record(tx, keys, person, { action: 'withdrawn', ...text, said: {}, replaced: false }, by, now);
}

/**
 * Whether the consent on record is to the text in force: templates are made under what people read now.
 *
 * @throws Problem `consent-outdated`
 */
export async function requirePresentConsent(tx: Tx, person: string): Promise<void> {
  await requireVersionInForce(tx, (await latestConsent(tx, person))?.text_version);
}

async function record(
  tx: Tx,
  keys: Keys,
  person: string,
  statement: {
    readonly action: 'given' | 'withdrawn';
    readonly textVersion: string;
    readonly language: string;
    readonly said: Said;
    /** Also where it stands already. */
    readonly replaced: boolean;
  },
  by: RecordedBy,
  now: Date,
): Promise<Standing> {
  if (
    statement.replaced ||
    (await standingOf(tx, person)) !== statement.action ||
    (await renews(tx, person, statement, now))
  ) {
    const event = v7();
    const spoken = Object.keys(statement.said).length > 0;
    await insert(tx, 'consent', {
      event,
      person,
      action: statement.action,
      text_version: statement.textVersion,
      language: statement.language,
      said: spoken ? await sealSaid(tx, keys, event, person, statement.said) : null,
      said_of: spoken ? person : null,
      at: await notBefore(tx, person, now),
      received_at: now,
      via: by.via,
      recorded_by: by.account,
    });
  }
  await appendChanges(tx, await consented(tx, keys, person, now), now);
  return standingOf(tx, person);
}

/** Said again within this, it is the same word, ms. */
const SAME_MS = 86_400_000;

/** Whether a consent that stands is given again: of another text, or long enough after to prolong it. */
async function renews(
  db: Db,
  person: string,
  statement: { readonly action: string; readonly textVersion: string; readonly language: string },
  now: Date,
): Promise<boolean> {
  if (statement.action !== 'given') return false;
  const last = await latestConsent(db, person);
  if (!last) return false;
  const other = last.text_version !== statement.textVersion || last.language !== statement.language;
  return other || now.getTime() - last.at.getTime() > SAME_MS;
}

/** Now, or just after the last word on record: a kiosk's event of this very millisecond does not overrule what is said now. */
async function notBefore(tx: Tx, person: string, now: Date): Promise<Date> {
  const last = await latestConsent(tx, person);
  return new Date(Math.max(now.getTime(), (last?.at.getTime() ?? 0) + 1));
}
