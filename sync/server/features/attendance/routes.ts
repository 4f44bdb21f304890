import { z } from 'zod';
import {
  AttendancePage,
  AttendanceQuery,
  Duplicate,
  DuplicatePage,
  DuplicateQuery,
  MergeDecision,
  Merged,
} from '../../../protocol/api/attendance.ts';
import { Moment } from '../../../protocol/api/page.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { Problem } from '../../../protocol/wire/problem.ts';
import { namesOf } from '../../core/people/records.ts';
import { pageFrom, readPageCursor } from '../../platform/access/cursor.ts';
import { type RouteSpec, route } from '../../platform/access/route.ts';
import { candidatePair, listCandidates, mergePeople, rejectCandidate } from './merging/merge.ts';
import { searchAttendance, staffOfRecords } from './search.ts';

const After = z.tuple([Moment, Uuid]);

const list = route({
  method: 'GET',
  path: '/api/attendance',
  summary: 'Records of attendance, newest first',
  roles: ['admin', 'dpo', 'staff'],
  data: ['attendance', 'person.name', 'staff.name'],
  action: 'read',
  query: AttendanceQuery,
  answer: AttendancePage,
  errors: ['cursor-unreadable'],
  async handle({ tx, services: { keys }, query: { cursor, limit, ...filter }, about }) {
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
      (r) => ({
        ...r,
        name: (r.person && names.get(r.person)) ?? null,
        by: null,
        voidedBy: null,
        ...staff.get(r.id),
      }),
      (r) => [r.at, r.id],
    );
  },
});

const duplicates = route({
  method: 'GET',
  path: '/api/duplicates',
  summary: 'Pairs of people who may have been enrolled twice, oldest first',
  roles: ['admin', 'staff'],
  data: ['person.name'],
  action: 'read',
  query: DuplicateQuery,
  answer: DuplicatePage,
  errors: ['cursor-unreadable'],
  async handle({ tx, services: { keys }, query: { cursor, limit }, about }) {
    const from = readPageCursor(After, cursor);
    const found = await listCandidates(tx, keys, limit + 1, from && { at: from[0], id: from[1] });
    about(found.slice(0, limit).flatMap((c) => c.people.map((p) => p.id)));
    return pageFrom(
      found,
      limit,
      (c) => Duplicate.parse(c),
      (c) => [c.foundAt, c.id],
    );
  },
});

const Pair = z.strictObject({ candidate: Uuid });

const merge = route({
  method: 'POST',
  path: '/api/duplicates/:candidate/merge',
  summary: 'The two are one person: one becomes another name of the other',
  roles: ['admin', 'staff'],
  data: ['person', 'attendance', 'template', 'consent'],
  action: 'write',
  params: Pair,
  body: MergeDecision,
  answer: Merged,
  errors: ['candidate-unknown', 'merge-not-possible'],
  async handle({ tx, services: { keys }, actor, params, body: { kept }, now, about, notify }) {
    const pair = await candidatePair(tx, params.candidate);
    about(pair);
    const merged = pair.find((id) => id !== kept);
    if (!pair.includes(kept) || !merged)
      throw new Problem('merge-not-possible', 'Who is to stay is not one of the two.', 'Name one of the pair.');
    const done = await mergePeople(tx, keys, { kept, merged, by: actor.id ?? actor.role }, now);
    notify('board');
    notify('change');
    return done;
  },
});

const reject = route({
  method: 'POST',
  path: '/api/duplicates/:candidate/not-duplicates',
  summary: 'The two are two people: they are not asked about again',
  roles: ['admin', 'staff'],
  data: ['person'],
  action: 'write',
  params: Pair,
  answer: 'nothing',
  errors: ['candidate-unknown'],
  async handle({ tx, actor, params, now, about }) {
    about(await candidatePair(tx, params.candidate));
    await rejectCandidate(tx, params.candidate, actor.id ?? actor.role, now);
  },
});

export const attendanceRoutes: readonly RouteSpec[] = [list, duplicates, merge, reject];
