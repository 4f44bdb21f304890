import { sql } from 'kysely';
import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/attendance.ts';
import * as correctionsApi from '../../../protocol/api/corrections.ts';
import { countPerson, getPersonHistory } from '../../../protocol/api/people.ts';
import * as portalApi from '../../../protocol/api/portal.ts';
import { sameAs } from '../../core/people/living.ts';
import { namesOf } from '../../core/people/records.ts';
import { requireShown, self } from '../../core/people/shown.ts';
import { pageOfItems } from '../../platform/access/list.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { nextChange, thisChange } from '../../platform/database/feed.ts';
import { camelCase, count, idsOf, insertNew } from '../../platform/database/rows.ts';
import type { Batch, EventOf } from '../../platform/events.ts';
import { instantOf } from '../../platform/instant.ts';
import { paged, type Reading } from '../../platform/my-data.ts';
import { deleteBy, moveBy, type ServerModule, UNDER_EVERY_NAME } from '../../platform/server-module.ts';
import { attendanceAttention } from './attention.ts';
import { complain, complaintPlace, complaintsOf } from './complaints.ts';
import { correct, listCorrections, reasonPlace, reasonsOf } from './corrections.ts';
import { historyOf } from './history.ts';
import { duplicatesJob } from './merging/candidates.ts';
import {
  candidatePair,
  listCandidates,
  mergeCandidates,
  mergeCheckins,
  mergePeople,
  rejectCandidate,
  reopenCandidate,
} from './merging/merge.ts';
import { partitionsJob } from './partitions.ts';
import { queueDue } from './resolve-due.ts';
import { searchAttendance, staffOfRecords } from './search.ts';

export const attendanceRoutes: readonly Route[] = [
  implement(
    api.listAttendance,
    async ({ tx, services: { keys }, query: { cursor, limit, sort, total, ...filter }, about }) => {
      const found = await searchAttendance(tx, filter, { cursor, limit, sort, total });
      const shown = found.items.flatMap((r) => r.person ?? []);
      about(shown);
      const names = await namesOf(tx, keys, shown);
      const staff = await staffOfRecords(tx, keys, idsOf(found.items));
      const reasons = await reasonsOf(tx, keys, found.items);
      return pageOfItems(found, (r) => ({
        ...r,
        name: (r.person && names.get(r.person)) ?? null,
        by: null,
        voidedBy: null,
        reason: reasons.get(r.id) ?? null,
        ...staff.get(r.id),
      }));
    },
  ),
  implement(api.listDuplicates, async ({ tx, services: { keys }, query, about }) => {
    const page = await listCandidates(tx, keys, query);
    about(page.items.flatMap((c) => c.people.map((p) => p.id)));
    return page;
  }),
  implement(countPerson, async ({ tx, services: { keys }, params: { person } }) => {
    const { templates } = await requireShown(tx, keys, person);
    const names = await sameAs(tx, [person]);
    return {
      records: await count(tx, 'checkin', { person: names }),
      consents: await count(tx, 'consent', { person: names }),
      templates,
      photos: await count(tx, 'enrolment_photo', { person: names }),
      cards: await count(tx, 'credential', { person: names, revoked_at: null }),
    };
  }),
  implement(getPersonHistory, async ({ tx, services: { keys }, params: { person }, now }) => {
    await requireShown(tx, keys, person);
    return { items: await historyOf(tx, keys, person, now) };
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
  implement(api.reopenDuplicate, async ({ tx, params, about }) => {
    about(await candidatePair(tx, params.candidate, 'rejected'));
    await reopenCandidate(tx, params.candidate);
  }),
  implement(correctionsApi.listCorrections, async ({ tx, services: { keys }, query, about }) => {
    const page = await listCorrections(tx, keys, query);
    about(page.items.map((r) => r.person));
    return page;
  }),
  implement(correctionsApi.makeCorrection, async ({ tx, services: { keys }, actor, body, now, about, on, notify }) => {
    const { id, person } = await correct(tx, keys, body, actor.id, now);
    about([person]);
    on(id);
    notify('board');
    return (await listCorrections(tx, keys, { id, limit: 1, sort: '-madeAt' })).items[0];
  }),
];

const complaintRoutes: readonly Route[] = [
  implement(portalApi.listMyComplaints, async ({ tx, services: { keys }, actor, about }) => {
    const person = self(actor, about);
    return { items: await complaintsOf(tx, keys, await sameAs(tx, [person])) };
  }),
  implement(portalApi.addMyComplaint, async ({ tx, services: { keys }, actor, body, now, about, on, notify }) => {
    const person = self(actor, about);
    on(await complain(tx, keys, { person, ...body }, now));
    notify('board');
    return { items: await complaintsOf(tx, keys, await sameAs(tx, [person])) };
  }),
];

async function* records({ tx, names }: Reading) {
  for (const person of names) {
    yield* paged((page) => searchAttendance(tx, { person }, { sort: '-at', ...page }));
  }
}

async function* corrections({ tx, keys, person }: Reading) {
  yield* paged((page) => listCorrections(tx, keys, { person, sort: '-madeAt', ...page }));
}

async function* possibleDuplicates({ tx, names }: Reading) {
  const rows = await tx
    .selectFrom('merge_candidate')
    .select(['reason', 'score', 'found_at', 'status', 'decided_at'])
    .where((e) => e.or([e('first', 'in', names), e('second', 'in', names)]))
    .orderBy('found_at')
    .execute();
  // The other person of the pair is left out: that is someone else’s data.
  for (const r of rows) yield camelCase(r);
}

/** The person's complaints with their answers. */
async function* complaints({ tx, keys, names }: Reading) {
  yield* await complaintsOf(tx, keys, names);
}

const UNLINKED = 'by the step `unlink`: its rows stay, count, and are of nobody';

export const attendance: ServerModule = {
  jobs: [partitionsJob, duplicatesJob],
  events: {
    checkin: { changes: 'attendance', attendance: 'record' },
    void: { changes: 'attendance', attendance: 'record' },
  },
  onEvents: { checkin: takeCheckins, void: takeVoids },
  endpoints: [...attendanceRoutes, ...complaintRoutes],
  attention: attendanceAttention,
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

async function takeCheckins(
  { tx, device, site, people, now }: Batch,
  events: readonly EventOf<'checkin'>[],
): Promise<void> {
  const rows = events.map((event) => {
    const named = event.personal.person?.value;
    const standing = named === undefined ? undefined : people.get(named);
    const { direction, automatic, method, liveness } = event.header.open;
    return {
      id: event.header.id,
      at: instantOf(event.header, now).toISOString(),
      direction,
      automatic: automatic ?? false,
      method,
      liveness,
      person: standing && !standing.erased ? standing.now : null,
    };
  });
  const column = <K extends keyof (typeof rows)[number]>(key: K) => rows.map((r) => r[key]);
  await sql`
    insert into checkin (id, at, received_at, device, site, direction, automatic, method, liveness, person, resolved, change)
    select u.id, u.at, ${now.toISOString()}::timestamptz, ${device}::uuid, ${site}::uuid, u.direction, u.automatic,
           u.method, u.liveness, u.person, u.direction, ${thisChange}
    from unnest(${column('id')}::uuid[], ${column('at')}::timestamptz[], ${column('direction')}::text[],
                ${column('automatic')}::boolean[], ${column('method')}::text[], ${column('liveness')}::text[],
                ${column('person')}::uuid[]) as u (id, at, direction, automatic, method, liveness, person)`.execute(tx);
  const due = rows.flatMap(({ person, at }) => (person ? [{ person, site, at: new Date(at) }] : []));
  await queueDue(tx, due);
}

/** A void only applies to a check-in of the same device. It may arrive before the check-in. */
async function takeVoids({ tx, device, now }: Batch, events: readonly EventOf<'void'>[]): Promise<void> {
  const seen = new Set<string>();
  const rows = events.flatMap((event) => {
    const { target, reason } = event.header.open;
    if (seen.has(target)) return [];
    seen.add(target);
    return [{ target, device, event: event.header.id, reason, at: instantOf(event.header, now), received_at: now }];
  });
  await insertNew(tx, 'checkin_void', rows);
  const { rows: touched } = await sql<{ person: string | null; site: string | null; at: Date }>`
    update checkin set change = ${nextChange}
    where id = any(${[...seen]}::uuid[]) and device = ${device} returning person, site, at`.execute(tx);
  const due = touched.flatMap(({ person, site, at }) => (person ? [{ person, site, at }] : []));
  await queueDue(tx, due);
}
