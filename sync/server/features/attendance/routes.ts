import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/attendance.ts';
import * as correctionsApi from '../../../protocol/api/corrections.ts';
import { namesOf } from '../../core/people/records.ts';
import { pageFrom, readTimeCursor } from '../../platform/access/cursor.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { idsOf } from '../../platform/database/rows.ts';
import { correct } from './corrections/correct.ts';
import { listCorrections } from './corrections/list.ts';
import { candidatePair, listCandidates, mergePeople, rejectCandidate } from './merging/merge.ts';
import { searchAttendance, staffOfRecords } from './search.ts';

export const attendanceRoutes: readonly Route[] = [
  implement(api.listAttendance, async ({ tx, services: { keys }, query: { cursor, limit, ...filter }, about }) => {
    const found = await searchAttendance(tx, filter, limit + 1, readTimeCursor(cursor));
    const shown = found.slice(0, limit).flatMap((r) => r.person ?? []);
    about(shown);
    const names = await namesOf(tx, keys, shown);
    const staff = await staffOfRecords(tx, keys, idsOf(found));
    return pageFrom(
      found,
      limit,
      (r) => [r.at, r.id],
      (r) => ({
        ...r,
        name: (r.person && names.get(r.person)) ?? null,
        by: null,
        voidedBy: null,
        ...staff.get(r.id),
      }),
    );
  }),
  implement(api.listDuplicates, async ({ tx, services: { keys }, query: { cursor, limit }, about }) => {
    const found = await listCandidates(tx, keys, limit + 1, readTimeCursor(cursor));
    about(found.slice(0, limit).flatMap((c) => c.people.map((p) => p.id)));
    return pageFrom(found, limit, (c) => [c.foundAt, c.id]);
  }),
  implement(
    api.mergeDuplicate,
    async ({ tx, services: { keys, modules }, actor, params, body: { kept }, now, about, notify }) => {
      const pair = await candidatePair(tx, params.candidate);
      about(pair);
      const merged = pair.find((id) => id !== kept);
      if (!pair.includes(kept) || !merged) throw new Problem('merge-not-possible');
      const done = await mergePeople({ db: tx, keys, modules }, { kept, merged, by: actor.id ?? actor.role }, now);
      notify('board', 'change');
      return done;
    },
  ),
  implement(api.rejectDuplicate, async ({ tx, actor, params, now, about }) => {
    about(await candidatePair(tx, params.candidate));
    await rejectCandidate(tx, params.candidate, actor.id ?? actor.role, now);
  }),
  implement(
    correctionsApi.listCorrections,
    async ({ tx, services: { keys }, query: { cursor, limit, person }, about }) => {
      const rows = await listCorrections(tx, keys, { person, limit: limit + 1, after: readTimeCursor(cursor) });
      about(rows.slice(0, limit).map((r) => r.person));
      return pageFrom(rows, limit, (r) => [r.madeAt, r.id]);
    },
  ),
  implement(correctionsApi.makeCorrection, async ({ tx, services: { keys }, actor, body, now, about, on, notify }) => {
    const { id, person } = await correct(tx, keys, body, actor.id, now);
    about([person]);
    on(id);
    notify('board');
    return (await listCorrections(tx, keys, { id, limit: 1, after: null }))[0];
  }),
];
