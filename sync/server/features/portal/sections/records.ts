import { readPairs } from '../../../core/lookalikes/store.ts';
import { openNotes } from '../../../core/people/notes.ts';
import { complaintsOf } from '../../attendance/complaints/complaints.ts';
import { listCorrections } from '../../attendance/corrections/list.ts';
import { searchAttendance } from '../../attendance/search.ts';
import { PAGE, type Place, paged, type Reading } from './section.ts';

/* When a person came and went, and what was said about those records. */

export async function* attendance({ tx, names }: Reading) {
  for (const person of names) {
    const page = (after: Place | null) => searchAttendance(tx, { person }, PAGE, after);
    yield* paged(page, ({ at, id }): Place => ({ at, id }));
  }
}

export async function* corrections({ tx, keys, person }: Reading) {
  const page = (after: Place | null) => listCorrections(tx, keys, { person, limit: PAGE, after });
  yield* paged(page, ({ madeAt, id }): Place => ({ at: madeAt, id }));
}

export async function* possibleDuplicates({ tx, names }: Reading) {
  const rows = await tx
    .selectFrom('merge_candidate')
    .select(['reason', 'score', 'found_at', 'status', 'decided_at'])
    .where((e) => e.or([e('first', 'in', names), e('second', 'in', names)]))
    .orderBy('found_at')
    .execute();
  // Who they were taken for is someone else’s data.
  for (const r of rows)
    yield {
      reason: r.reason,
      score: r.score,
      foundAt: r.found_at.toISOString(),
      status: r.status,
      decidedAt: r.decided_at?.toISOString() ?? null,
    };
}

/** That their face is like someone else's, so that they are asked for a number, code or badge first. */
export async function* lookalikes({ tx, names }: Reading) {
  // Who the other is, is someone else’s data.
  for (const { reason, at, device } of await readPairs(tx, { people: names }))
    yield { reason, at: at.toISOString(), device };
}

/** What someone in charge has noted about a record or a consent of theirs. */
export async function* attention({ tx, keys, names }: Reading) {
  const rows = await tx
    .selectFrom('attention_note')
    .selectAll()
    .where('person', 'in', names)
    .orderBy('resolved_at')
    .execute();
  const notes = await openNotes(tx, keys, rows);
  for (const { kind, ref, resolved_at } of rows)
    yield { kind, about: ref, at: resolved_at.toISOString(), note: notes.get(`${kind} ${ref}`)?.note };
}

/** What they said was wrong with a record of theirs, and what came of it. */
export async function* complaints({ tx, keys, names }: Reading) {
  yield* await complaintsOf(tx, keys, names);
}

/** Where someone saw them outside, while an evacuation goes on. */
export async function* evacuations({ tx, names }: Reading) {
  const rows = await tx.selectFrom('evacuation_mark').selectAll().where('person', 'in', names).execute();
  for (const { evacuation, at, device, missing } of rows)
    yield { evacuation, device, ...(missing ? { missingAt: at.toISOString() } : { accountedAt: at.toISOString() }) };
}
