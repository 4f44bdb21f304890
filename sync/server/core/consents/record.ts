import { v7 } from 'uuid';
import type { Guardian } from '../../../protocol/api/consents.ts';
import { appendChanges, type NewChange } from '../../platform/changes/log.ts';
import { findAll, insert, insertNew, update } from '../../platform/database/rows.ts';
import type { Row, Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import type { Merge } from '../../platform/server-module.ts';
import { isErasurePending, openRequestOf, requireLiving, sameAs } from '../people/living.ts';
import { lockPeople } from '../people/people.ts';
import type { RecordedBy } from '../people/records.ts';
import { changesOf, modelsOf } from '../people/sites.ts';
import { dropFaces, templatesOfEachScope } from '../templates/forget.ts';
import { applyTemplates, catchUp, dropTemplates, readTemplates } from '../templates/templates.ts';
import { requireInForce, requireVersionInForce } from './filled.ts';
import { readMinor, requireGuardian } from './minors.ts';
import { latestConsent, type Said, type Standing, sealSaid, standingOf } from './standing.ts';
import { requireReviewed } from './texts.ts';

/**
 * Records a consent that a person, or a guardian for them, gave to staff or in the portal. Templates are made later.
 *
 * @param text `guardian`: who consented for a minor; `basis`: basis of an import, as stated by the operator
 * @throws Problem `person-unknown`, `consent-text-not-reviewed`, `consent-outdated`, `privacy-not-set`,
 *   `guardian-required`
 */
export async function giveConsent(
  tx: Tx,
  keys: Keys,
  person: string,
  text: {
    readonly textVersion: string;
    readonly language: string;
    readonly guardian?: Guardian | undefined;
    readonly basis?: string | undefined;
  },
  by: RecordedBy,
  now: Date,
): Promise<Standing> {
  await requireLiving(tx, person, 'change');
  await requireReviewed(tx, text.textVersion, text.language);
  // An import states which text was read elsewhere. Whether it is in force is checked when templates are made.
  if (by.via !== 'import') await requireInForce(tx, person, text.textVersion, text.language);
  const wasMinor = (await readMinor(tx, keys, person, now)) !== null;
  await requireGuardian(tx, keys, person, text.guardian, now);
  const { textVersion, language, guardian, basis } = text;
  const said = { ...(guardian && { guardian }), ...(basis !== undefined && { basis }) };
  // A minor who has come of age must consent themselves, even while a guardian's consent is in force.
  const replaced = wasMinor || guardian !== undefined;
  return record(tx, keys, person, { action: 'given', textVersion, language, said, replaced }, by, now);
}

/**
 * Withdraws a person's consent. All their templates here are deleted in this transaction, and every kiosk of their sites is
 * instructed to delete its own. Withdrawing again changes nothing.
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
 * Records a withdrawal that a restored database lacks. The person may be missing there too: their kiosk then sends them
 * again, with the consent from before.
 *
 * @returns whether it was missing, and nothing newer is on record
 */
export async function repeatWithdrawal(
  tx: Tx,
  keys: Keys,
  person: string,
  { event, at, via, by }: { event: string; at: string; via: Row<'consent'>['via']; by: string | null },
  now: Date,
): Promise<boolean> {
  const { erased, now: current } = (await lockPeople(tx, [person])).get(person)!;
  const last = await latestConsent(tx, person);
  if (erased || current !== person || last?.action === 'withdrawn' || (last && last.at > new Date(at))) return false;
  const text = { text_version: last?.text_version ?? 'none', language: last?.language ?? 'und' };
  const values = { event, person, action: 'withdrawn', ...text, at, received_at: now, via, recorded_by: by } as const;
  if ((await insertNew(tx, 'consent', values)) === 0) return false;
  await appendChanges(tx, await consented(tx, keys, person, now), now);
  return true;
}

/**
 * Checks that the consent on record is to the version in force, before templates are made.
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
    /** Records the statement even if it equals the last one. */
    readonly replaced: boolean;
  },
  by: RecordedBy,
  now: Date,
): Promise<Standing> {
  const last = await latestConsent(tx, person);
  if (statement.replaced || last?.action !== statement.action || renews(last, statement, now)) {
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
      // At least one millisecond after the last statement, so that this one is the newest.
      at: new Date(Math.max(now.getTime(), (last?.at.getTime() ?? 0) + 1)),
      received_at: now,
      via: by.via,
      recorded_by: by.account,
    });
  }
  await appendChanges(tx, await consented(tx, keys, person, now), now);
  return standingOf(tx, person);
}

/** A consent repeated within this time is the same statement, ms. */
const SAME_MS = 86_400_000;

/** Returns whether a consent renews the one in force: it is to another text, or is given long enough after it. */
function renews(
  last: Row<'consent'>,
  {
    action,
    textVersion,
    language,
  }: { readonly action: string; readonly textVersion: string; readonly language: string },
  now: Date,
): boolean {
  if (action !== 'given') return false;
  const other = last.text_version !== textVersion || last.language !== language;
  return other || now.getTime() - last.at.getTime() > SAME_MS;
}

/**
 * Applies a change of a person's consent: takes their waiting templates from the log of events, or deletes all templates.
 *
 * @returns changes for their kiosks
 */
export async function consented(tx: Tx, keys: Keys, person: string, now: Date): Promise<NewChange[]> {
  const given = (await standingOf(tx, person)) === 'given' && !(await isErasurePending(tx, person));
  const { card, pairs } = given
    ? { card: await catchUp(tx, keys, person, now), pairs: [] }
    : await dropFaces(tx, keys, person);
  return [
    ...pairs,
    ...(card ? await changesOf(tx, person, 'cardTemplate') : []),
    ...(await templatesOfEachScope(tx, person, await modelsOf(tx, person))),
  ];
}

/**
 * Merges consents and templates of two people into the kept person's. If there is no consent in force then, or one of the two
 * is to be erased, all face data of both is deleted.
 */
export async function mergeConsents({ tx, keys, opened, kept, merged, now, publish }: Merge): Promise<void> {
  const templates = (await readTemplates(tx, keys, opened, [merged])).get(merged);
  const rows = await findAll(tx, 'template', { person: merged }, ['id', 'quality']);
  const qualities = new Map(rows.map(({ id, quality }) => [id, quality]));
  await dropTemplates(tx, keys, merged);
  await update(tx, 'consent', { person: merged }, { person: kept });
  const erasing = await openRequestOf(tx, await sameAs(tx, [kept, merged]));
  if (erasing || (await standingOf(tx, kept)) !== 'given') {
    for (const person of [kept, merged]) publish((await dropFaces(tx, keys, person)).pairs);
    return;
  }
  for (const [model, list] of templates ?? []) {
    const quality = list.map(({ id }) => qualities.get(id) ?? null);
    const added = { id: kept, device: null, change: 'added', model, templates: list, quality } as const;
    await applyTemplates(tx, keys, kept, added, now);
  }
}
