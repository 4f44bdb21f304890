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
 * People below the age of consent, and their guardians. No day of birth is kept for adults: the row is deleted with the
 * first consent that the person gives themselves.
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

/** Returns the age from which a person consents themselves: the highest in their sites' policies. */
export async function consentAgeOf(db: Db, person: string): Promise<number> {
  const { rows } = await sql<{ age: number | null }>`
    select max((${policyIn(sql`s.site`)}->>'consentAge')::int) as age
    from person_site s where s.person = ${person}::uuid`.execute(db);
  return rows[0]?.age ?? DEFAULT_CONSENT_AGE;
}

/** Returns what is stored of a minor; null if nobody recorded this person as one. */
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
 * Records that a person is below the age of consent. Nobody else's day of birth is kept.
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

/** Deletes what is stored of a person as a minor. */
export async function forgetMinor(tx: Tx, person: string): Promise<void> {
  await remove(tx, 'person_minor', { person });
}

/**
 * Checks who gives a consent, before it is stored. A minor's consent needs a named guardian. With the first consent of their
 * own, a person who has come of age is no longer recorded as a minor.
 *
 * @param guardian who consents for the person; undefined: the person themselves
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
 * Decides whether a consent counts that a person gave at a kiosk without a guardian. A minor's does not, and staff are asked
 * to look into it. A person who has come of age is no longer recorded as a minor.
 *
 * @param at when they consented
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
  // If a guardian's consent is already in force, there is nothing for staff to do.
  if (standing !== 'given') await update(tx, 'person_minor', { person }, { alone_at: at });
  return false;
}

/** Returns whether this minor consented at a kiosk without a guardian, and no guardian has consented since. */
export async function agreedAlone(db: Db, person: string): Promise<boolean> {
  return exists(db, 'person_minor', { person, alone_at: not(null) });
}

/** Moves what is known of a merged person's age and guardian to the kept person. */
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

/** Checks that a guardian's consent is still enough. @throws Problem `own-consent-required` once the person is of age */
export async function requireOwnConsent(db: Db, keys: Keys, person: string, now: Date): Promise<void> {
  const minor = await readMinor(db, keys, person, now);
  if (minor?.state === 'of-age') throw new Problem('own-consent-required');
}

/**
 * Updates the state of every minor.
 *
 * @returns the number of minors, and how many changed their state
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

/** A minor's state by date of birth. Pure; days are `YYYY-MM-DD`. */

/** How long before a person comes of age staff are notified, days. */
const SOON_DAYS = 30;

const DAY_MS = 86_400_000;

/** Returns the state at `now`. `of-age` from the birthday on, in UTC. */
function stateOn(born: string, age: number, now: Date): 'minor' | 'soon' | 'of-age' {
  if (isOfAge(born, age, now.getTime())) return 'of-age';
  const left = Date.parse(`${comesOfAge(born, age)}T00:00:00Z`) - now.getTime();
  return left <= SOON_DAYS * DAY_MS ? 'soon' : 'minor';
}

/** Puts people who come of age soon, or already have, into the attention queue. */
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
