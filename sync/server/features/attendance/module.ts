import { PAGE, type Place, paged, type Reading } from '../../platform/my-data.ts';
import { deleteBy, moveBy, type ServerModule, UNDER_EVERY_NAME } from '../../platform/server-module.ts';
import { complaintPlace, complaintsOf } from './complaints/complaints.ts';
import { complaintRoutes } from './complaints/routes.ts';
import { reasonPlace } from './corrections/correct.ts';
import { listCorrections } from './corrections/list.ts';
import { correctionRoutes } from './corrections/routes.ts';
import { takeCheckins, takeVoids } from './events.ts';
import { mergeCandidates, mergeCheckins } from './merging/merge.ts';
import { attendanceRoutes } from './routes.ts';
import { searchAttendance } from './search.ts';

async function* records({ tx, names }: Reading) {
  for (const person of names) {
    const page = (after: Place | null) => searchAttendance(tx, { person }, PAGE, after);
    yield* paged(page, ({ at, id }): Place => ({ at, id }));
  }
}

async function* corrections({ tx, keys, person }: Reading) {
  const page = (after: Place | null) => listCorrections(tx, keys, { person, limit: PAGE, after });
  yield* paged(page, ({ madeAt, id }): Place => ({ at: madeAt, id }));
}

async function* possibleDuplicates({ tx, names }: Reading) {
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

/** What they said was wrong with a record of theirs, and what came of it. */
async function* complaints({ tx, keys, names }: Reading) {
  yield* await complaintsOf(tx, keys, names);
}

const UNLINKED = 'by the step `unlink`: its rows stay, count, and are of nobody';

export const attendance: ServerModule = {
  events: {
    checkin: { changes: 'attendance', attendance: 'record' },
    void: { changes: 'attendance', attendance: 'record' },
  },
  onEvents: { checkin: takeCheckins, void: takeVoids },
  endpoints: [...attendanceRoutes, ...complaintRoutes, ...correctionRoutes],
  tables: {
    checkin: { exported: 'attendance', merged: mergeCheckins, erased: UNLINKED },
    checkin_void: {
      exported: 'attendance',
      merged: 'names a record, and so the person it is about',
      erased: UNLINKED,
    },
    attendance_due: {
      notExported: 'a queue of days to be resolved, emptied within seconds; its times are those of the records',
      merged: moveBy('person'),
      erased: deleteBy('person'),
    },
    correction: {
      sealed: { by: 'person', columns: { reason: (cell, person) => reasonPlace(cell('id'), person) } },
      exported: 'corrections',
      merged: UNDER_EVERY_NAME,
      erased: UNLINKED,
    },
    complaint: {
      sealed: { by: 'person', columns: { sealed: (cell, person) => complaintPlace(cell('id'), person) } },
      exported: 'complaints',
      merged: UNDER_EVERY_NAME,
      erased: deleteBy('person'),
    },
    merge_candidate: { exported: 'possibleDuplicates', merged: mergeCandidates, erased: deleteBy('first', 'second') },
  },
  myData: { attendance: records, corrections, possibleDuplicates, complaints },
};
