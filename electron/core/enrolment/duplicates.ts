import { Problem } from '../../../sync/errors/problem.ts';
import { namesPerson } from '../../../sync/protocol/wire/confirmation.ts';
import type { CoreMethods, DuplicateFace } from '../../contract/methods.ts';
import type { Recogniser } from '../checkin/recogniser.ts';
import { mayDo } from '../staff/rights.ts';
import type { StaffService } from '../staff/service.ts';
import type { Store } from '../store/interface.ts';
import { personRow } from './person-row.ts';

/* A new face that is like someone's here: who it may be, both pictures, and the word that they are two people. */

/** The word of staff that two people are two people. */
export type Overrule = NonNullable<Parameters<CoreMethods['enrolFinish']>[0]['overrule']>;

/** Whether this session may: only a role above the desk's. */
export const mayOverrule = (staff: Pick<StaffService, 'require'>, token: string): boolean =>
  mayDo(staff.require(token).member?.role ?? null, 'overruleDuplicate');

interface Deps {
  readonly store: Pick<Store, 'events' | 'people' | 'photos'>;
  readonly staff: Pick<StaffService, 'require'>;
}

/**
 * Wanted share of new faces that are wrongly held for someone's, for each capture. Above what lets someone in: at the
 * check-in's 0.001 the threshold for 40,000 people is 0.74, and people who are enrolled already would be missed. Not
 * far above: each of them waits for a supervisor. At 4,000 people it gives 0.547, where 1 % of the strangers of the hard
 * set were taken for one of 4,000 people.
 */
const DUPLICATE_FPIR = 0.01;

/**
 * The person a new face may belong to already, if any; only staff is shown who. Asked however large the gallery is:
 * where 1:N is too large to let anybody in by it, it still finds someone who is enrolled already.
 *
 * @param person whose face it is said to be
 * @param others known to be someone else, although their faces are alike
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
    // Whatever the lead over the next one: anyone who is in twice already must not get in a third time.
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

/** What staff see before anyone decides that they are two people. */
export async function showDuplicate(
  { store, staff }: Deps,
  { token, owner, ours }: { readonly token: string; readonly owner: string | null; readonly ours: Uint8Array | null },
): Promise<DuplicateFace> {
  const other = owner === null ? null : store.people.get(owner);
  if (!other) throw new Problem('duplicate-none');
  const address = store.photos.ofEnrolment(other.id);
  // One that can't be opened is as none: name and number say who it is.
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
 * Whose face a new one is not, by the word of staff.
 * @param owner the person it is like, apart from those it was said not to be already
 * @throws Problem `staff-not-allowed`, `person-unknown`, `duplicate-other`, `confirmation-wrong`
 */
export function checkOverrule(
  { store, staff }: Pick<Deps, 'staff'> & { readonly store: Pick<Store, 'people'> },
  { token, overrule, owner }: { readonly token: string; readonly overrule: Overrule; readonly owner: string | null },
): string {
  if (!mayOverrule(staff, token)) throw new Problem('staff-not-allowed');
  const other = store.people.require(overrule.other);
  // Otherwise any two people could be made a pair, and neither would be recognised by face any more.
  if (other.id !== owner) throw new Problem('duplicate-other');
  if (!namesPerson(overrule.typed, other)) throw new Problem('confirmation-wrong');
  return other.id;
}
