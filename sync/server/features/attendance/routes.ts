import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/attendance.ts';
import { Duplicate } from '../../../protocol/api/attendance.ts';
import { Moment } from '../../../protocol/api/page.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { namesOf } from '../../core/people/records.ts';
import { pageFrom, readPageCursor } from '../../platform/access/cursor.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { candidatePair, listCandidates, mergePeople, rejectCandidate } from './merging/merge.ts';
import { searchAttendance, staffOfRecords } from './search.ts';

const After = z.tuple([Moment, Uuid]);

export const attendanceRoutes: readonly Route[] = [
  implement(api.listAttendance, async ({ tx, services: { keys }, query: { cursor, limit, ...filter }, about }) => {
    const from = readPageCursor(After, cursor);
    const found = await searchAttendance(tx, filter, limit + 1, from && { at: from[0], id: from[1] });
    const shown = found.slice(0, limit).flatMap((r) => r.person ?? []);
    about(shown);
    const names = await namesOf(tx, keys, shown);
    const staff = await staffOfRecords(
      tx,
      keys,
      found.map((r) => r.id),
    );
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
    const from = readPageCursor(After, cursor);
    const found = await listCandidates(tx, keys, limit + 1, from && { at: from[0], id: from[1] });
    about(found.slice(0, limit).flatMap((c) => c.people.map((p) => p.id)));
    return pageFrom(
      found,
      limit,
      (c) => [c.foundAt, c.id],
      (c) => Duplicate.parse(c),
    );
  }),
  implement(
    api.mergeDuplicate,
    async ({ tx, services: { keys, modules }, actor, params, body: { kept }, now, about, notify }) => {
      const pair = await candidatePair(tx, params.candidate);
      about(pair);
      const merged = pair.find((id) => id !== kept);
      if (!pair.includes(kept) || !merged) throw new Problem('merge-not-possible');
      const done = await mergePeople({ db: tx, keys, modules }, { kept, merged, by: actor.id ?? actor.role }, now);
      notify('board');
      notify('change');
      return done;
    },
  ),
  implement(api.rejectDuplicate, async ({ tx, actor, params, now, about }) => {
    about(await candidatePair(tx, params.candidate));
    await rejectCandidate(tx, params.candidate, actor.id ?? actor.role, now);
  }),
];
