import { sql } from 'kysely';
import { Problem } from '../../../errors/problem.ts';
import type { Guardian } from '../../../protocol/api/consents.ts';
import { comesOfAge, DEFAULT_CONSENT_AGE, isOfAge } from '../../../protocol/wire/age.ts';
import { SYSTEM } from '../../platform/audit/actor.ts';
import { writeAudit } from '../../platform/audit/write.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { exists, find, findLocked, findSorted, not, remove, update, upsert } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import type { Job } from '../../platform/jobs/job.ts';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';
import { type PersonBox, peopleOf, personBox } from '../../platform/keys/persons.ts';
import { policyIn } from '../sites/policy.ts';

/**
 * People below the age of consent, and who speaks for them. Of an adult there is no day of birth here: the row goes with the
 * first consent of their own.
 */

export const minorPlace = (person: string, rowVersion: number): Place =>
  placeOf('person.minor', person, { person, rowVersion });

interface Held {
  /** `YYYY-MM-DD`. */
  readonly bornOn: string;
  readonly guardian: Guardian | null;
}

export interface Minor extends Held {
  readonly person: string;
  readonly state: 'minor' | 'soon' | 'of-age';
  readonly comesOfAge: string;
}

/** The age from which people consent themselves: the highest in their sites' policies. */
export async function consentAgeOf(db: Db, person: string): Promise<number> {
  const { rows } = await sql<{ age: number | null }>`
    select max((${policyIn(sql`s.site`)}->>'consentAge')::int) as age
    from person_site s where s.person = ${person}::uuid`.execute(db);
  return rows[0]?.age ?? DEFAULT_CONSENT_AGE;
}

/** Null: nobody said that this person is one. */
export async function readMinor(db: Db, keys: Keys, person: string, now: Date): Promise<Minor | null> {
  const row = await find(db, 'person_minor', { person });
  if (!row) return null;
  const box = await personBox(db, keys, [person]);
  const held = opened(box, row);
  const age = await consentAgeOf(db, person);
  return { person, ...held, state: stateOn(held.bornOn, age, now), comesOfAge: comesOfAge(held.bornOn, age) };
}

function opened(box: PersonBox, row: { person: string; row_version: number; sealed: Uint8Array }): Held {
  return box.openJson(minorPlace(row.person, row.row_version), row.sealed) as Held;
}

/**
 * Puts down that a person is below the age of consent. Of anyone else, the day of birth is not kept.
 *
 * @throws Problem `not-a-minor`, `birth-in-future`
 */
export async function setMinor(tx: Tx, keys: Keys, person: string, held: Held, now: Date): Promise<void> {
  if (held.bornOn > now.toISOString().slice(0, 10)) throw new Problem('birth-in-future');
  const age = await consentAgeOf(tx, person);
  const state = stateOn(held.bornOn, age, now);
  if (state === 'of-age') throw new Problem('not-a-minor', { age });
  await write(tx, keys, person, held, state, now);
}

async function write(tx: Tx, keys: Keys, person: string, held: Held, state: Minor['state'], now: Date): Promise<void> {
  const row = await findLocked(tx, 'person_minor', { person }, ['row_version']);
  const version = (row?.row_version ?? 0) + 1;
  const box = await personBox(tx, keys, [person], { make: true });
  const values = {
    sealed: box.sealJson(minorPlace(person, version), held),
    row_version: version,
    state,
    updated_at: now,
    ...(held.guardian && { alone_at: null }),
  };
  await upsert(tx, 'person_minor', 'person', { person, ...values }, values);
}

/** Nobody's minor any more. */
export async function forgetMinor(tx: Tx, person: string): Promise<void> {
  await remove(tx, 'person_minor', { person });
}

/**
 * Before a person's consent: a minor's is given by a guardian, who is named; with the first one of their own a person who
 * has come of age is a minor no more.
 *
 * @param guardian who speaks for them; undefined: they speak themselves
 * @throws Problem `guardian-required`
 */
export async function requireGuardian(
  tx: Tx,
  keys: Keys,
  person: string,
  guardian: Guardian | undefined,
  now: Date,
): Promise<void> {
  const minor = await readMinor(tx, keys, person, now);
  if (!minor) return;
  if (minor.state === 'of-age') {
    if (!guardian) await forgetMinor(tx, person);
    return;
  }
  if (!guardian) throw new Problem('guardian-required');
  await write(tx, keys, person, { bornOn: minor.bornOn, guardian }, minor.state, now);
}

/**
 * A person agreed at a kiosk, and no guardian for them. Of a minor that counts for nothing, and is put before staff; with the
 * first word of their own a person who has come of age is a minor no more.
 *
 * @param at when they did
 * @returns whether it counts
 */
export async function countsAlone(
  tx: Tx,
  keys: Keys,
  person: string,
  at: Date,
  standing: 'given' | 'withdrawn' | 'none',
): Promise<boolean> {
  const minor = await readMinor(tx, keys, person, at);
  if (!minor) return true;
  if (minor.state === 'of-age') {
    await forgetMinor(tx, person);
    return true;
  }
  // A guardian's word stands, and carries it.
  if (standing !== 'given') await update(tx, 'person_minor', { person }, { alone_at: at });
  return false;
}

/** Whether a kiosk recorded that this minor consented without a guardian, and no guardian has since. */
export async function agreedAlone(db: Db, person: string): Promise<boolean> {
  return exists(db, 'person_minor', { person, alone_at: not(null) });
}

/** Two people are merged: what is known of the merged one's age and guardian moves to the kept one. */
export async function moveMinor(tx: Tx, keys: Keys, kept: string, merged: string, now: Date): Promise<void> {
  const [theirs, own] = [await readMinor(tx, keys, merged, now), await readMinor(tx, keys, kept, now)];
  if (!theirs) return;
  const alone = await agreedAlone(tx, merged);
  await forgetMinor(tx, merged);
  const bornOn = own?.bornOn ?? theirs.bornOn;
  const state = stateOn(bornOn, await consentAgeOf(tx, kept), now);
  await write(tx, keys, kept, { bornOn, guardian: own?.guardian ?? theirs.guardian }, state, now);
  if (alone && !own?.guardian && !theirs.guardian)
    await update(tx, 'person_minor', { person: kept }, { alone_at: now });
}

/** A consent on which this person's templates may rest now. @throws Problem `guardian-required` when they have come of age since */
export async function requireOwnConsent(db: Db, keys: Keys, person: string, now: Date): Promise<void> {
  const minor = await readMinor(db, keys, person, now);
  if (minor?.state === 'of-age') throw new Problem('own-consent-required');
}

/**
 * Looks at every minor again.
 *
 * @returns how many stand otherwise than before
 */
export async function reviewMinors(tx: Tx, keys: Keys, now: Date): Promise<{ minors: number; changed: number }> {
  const rows = await findSorted(tx, 'person_minor', {}, ['person']);
  const box = await personBox(tx, keys, peopleOf(rows));
  let changed = 0;
  for (const row of rows) {
    if (!box.has(row.person)) continue;
    const state = stateOn(opened(box, row).bornOn, await consentAgeOf(tx, row.person), now);
    if (state === row.state) continue;
    await update(tx, 'person_minor', { person: row.person }, { state, updated_at: now });
    changed += 1;
  }
  return { minors: rows.length, changed };
}

/** Where a minor stands. Pure; days are `YYYY-MM-DD`. */

/** How long before a person comes of age it is said, days. */
const SOON_DAYS = 30;

const DAY_MS = 86_400_000;

/** `of-age` from that day on, by UTC's calendar. */
function stateOn(born: string, age: number, now: Date): 'minor' | 'soon' | 'of-age' {
  if (isOfAge(born, age, now.getTime())) return 'of-age';
  const left = Date.parse(`${comesOfAge(born, age)}T00:00:00Z`) - now.getTime();
  return left <= SOON_DAYS * DAY_MS ? 'soon' : 'minor';
}

/** People who come of age soon, or have, are put into the attention queue. */
export const minorsJob: Job = {
  name: 'minors',
  everyMs: DAY_MS,
  async run({ db, keys, now, notify }) {
    const at = now();
    const report = await inTransaction(db, async (tx) => {
      const done = await reviewMinors(tx, keys, at);
      const entry = {
        actor: SYSTEM,
        action: 'read',
        route: 'job minors',
        data: ['person.minor'],
        outcome: 'ok',
      } as const;
      if (done.minors > 0)
        await writeAudit(tx, keys, { ...entry, subjects: [], count: done.minors, everyone: true }, at);
      return done;
    });
    if (report.changed > 0) notify('board');
    return report;
  },
};
