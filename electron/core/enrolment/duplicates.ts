import { Problem } from '../../../sync/errors/problem.ts';
import { namesPerson } from '../../../sync/protocol/wire/confirmation.ts';
import type { CoreMethods, DuplicateFace } from '../../contract/methods.ts';
import type { Recogniser } from '../checkin/recogniser.ts';
import { mayDo } from '../staff/rights.ts';
import type { StaffService } from '../staff/service.ts';
import type { Store } from '../store/interface.ts';
import { personRow } from './person-row.ts';

/* A new face that is similar to someone's here: who it may be, both pictures, and staff's statement that they are two people. */

/** Staff's statement that two people are two people. */
export type Overrule = NonNullable<Parameters<CoreMethods['enrolFinish']>[0]['overrule']>;

/** Returns whether this session may overrule: only roles above the desk's. */
export const mayOverrule = (staff: Pick<StaffService, 'require'>, token: string): boolean =>
  mayDo(staff.require(token).member?.role ?? null, 'overruleDuplicate');

interface Deps {
  readonly store: Pick<Store, 'events' | 'people' | 'photos'>;
  readonly staff: Pick<StaffService, 'require'>;
}

/**
 * Accepted rate of new faces wrongly held to be someone's, per capture. Higher than for admitting people: at the check-in's 0.001
 * the threshold for 40,000 people is 0.74, and people who are already enrolled would be missed. Not much higher: each case waits
 * for a supervisor. At 4,000 people it gives 0.547, at which 1 % of the strangers of the hard set were taken for one of 4,000
 * people.
 */
const DUPLICATE_FPIR = 0.01;

/**
 * Returns the person a new face may already belong to, if any; shown only to staff. Works for any gallery size: even when it is
 * too large to admit anyone by 1:N, this still finds people who are already enrolled.
 *
 * @param person the person whose face it is said to be
 * @param others people known to be different although their faces are similar
 */
export function duplicateOf(
  recogniser: Recogniser,
  embeddings: readonly Float32Array[],
  person: string | null = null,
  others: readonly string[] = [],
): string | null {
  for (const embedding of embeddings) {
    const { match, decision } = recogniser.search(embedding, {
      targetFpir: DUPLICATE_FPIR,
      calibratedPeople: Number.POSITIVE_INFINITY,
    });
    // The margin to the next person doesn't matter: a person who is in twice must not be enrolled a third time.
    for (const found of [match.best, match.second]) {
      if (!found || found.score < decision.threshold || found.person === person) break;
      if (!others.includes(found.person)) return found.person;
    }
  }
  return null;
}

/** @throws Problem `duplicate-face` (params: name) */
export function refuseDuplicate(store: Pick<Store, 'people'>, owner: string): never {
  throw new Problem('duplicate-face', { name: store.people.get(owner)?.name ?? '' });
}

/** Returns what staff see before they decide whether they are two people. */
export async function showDuplicate(
  { store, staff }: Deps,
  { token, owner, ours }: { readonly token: string; readonly owner: string | null; readonly ours: Uint8Array | null },
): Promise<DuplicateFace> {
  const other = owner === null ? null : store.people.get(owner);
  if (!other) throw new Problem('duplicate-none');
  const address = store.photos.ofEnrolment(other.id);
  // A picture that can't be opened counts as missing: name and number identify the person.
  const theirs = address === null ? null : await store.photos.open(address).catch(() => null);
  store.events.reportIfSpace('duplicate-shown', { picture: theirs !== null });
  return {
    other: personRow(other),
    theirs: theirs && Uint8Array.from(theirs),
    ours: ours && Uint8Array.from(ours),
    mayOverrule: mayOverrule(staff, token),
  };
}

/**
 * Returns the person that staff declares to be a different one.
 * @param owner the person the face is similar to, except those already declared different
 * @throws Problem `staff-not-allowed`, `person-unknown`, `duplicate-other`, `confirmation-wrong`
 */
export function checkOverrule(
  { store, staff }: Pick<Deps, 'staff'> & { readonly store: Pick<Store, 'people'> },
  { token, overrule, owner }: { readonly token: string; readonly overrule: Overrule; readonly owner: string | null },
): string {
  if (!mayOverrule(staff, token)) throw new Problem('staff-not-allowed');
  const other = store.people.require(overrule.other);
  // Otherwise any two people could be marked as a pair, and neither would be recognised by face any more.
  if (other.id !== owner) throw new Problem('duplicate-other');
  if (!namesPerson(overrule.typed, other)) throw new Problem('confirmation-wrong');
  return other.id;
}
