import { z } from 'zod';
import { listMyDays } from '../../../protocol/api/portal.ts';
import * as api from '../../../protocol/api/reports.ts';
import type { WireEvent } from '../../../protocol/wire/event.ts';
import { self } from '../../core/people/shown.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import type { ChangeOf, Reader } from '../../platform/changes/to-kiosks.ts';
import { findAll, insertNew, update } from '../../platform/database/rows.ts';
import type { Batch, OneEvent } from '../../platform/events.ts';
import { instantOf } from '../../platform/instant.ts';
import type { Reading } from '../../platform/my-data.ts';
import { deleteBy, type ServerModule, UNDER_EVERY_NAME } from '../../platform/server-module.ts';
import { exportRoutes } from './exports/routes.ts';
import { daysOf } from './my-days.ts';
import { forgottenEvacuationsJob, ongoingAt, seenIn, takeRollCall } from './presence/evacuation.ts';
import { presenceRoutes } from './presence/routes.ts';
import { named, namesFor, openReport, rankFor, reportPage } from './report.ts';
import { reportMailsJob, scheduleRoutes } from './schedules.ts';
import { statsRoutes } from './stats/routes.ts';

const reportRoutes: readonly Route[] = [
  implement(api.getReport, {
    before: rankFor,
    async handle({ tx, services: { keys, config }, query, now, about, prepared: rank }) {
      const report = await openReport(tx, query, config.site.timeZone, now, rank);
      // Rows by day or site don't name the person, but are still about them.
      if (query.person) about([query.person]);
      const { id, name, timeZone } = report.site;
      const { items, ...page } = await reportPage(tx, report, query);
      return {
        site: { id, name, timeZone },
        columns: report.columns,
        items: await named(items, namesFor(tx, keys, about)),
        ...page,
      };
    },
  }),
  implement(listMyDays, async ({ tx, actor, query: { from, to }, now, about }) => ({
    items: await daysOf(tx, self(actor, about), from, to, now),
  })),
];

/** Marks of a person in an evacuation that is under way. */
async function* evacuations({ tx, names }: Reading) {
  const rows = await findAll(tx, 'evacuation_mark', { person: names });
  for (const { evacuation, at, device, missing } of rows)
    yield { evacuation, device, ...(missing ? { missingAt: at.toISOString() } : { accountedAt: at.toISOString() }) };
}

async function rollCall({ tx, event, device, scope, person, at, now, publish }: OneEvent<'evacuation'>): Promise<void> {
  publish(await takeRollCall(tx, { ...event.header.open, device, scope, person }, at, now));
  // Marks are deleted when the evacuation ends, so the event must not keep the person.
  if (event.personal.person !== undefined)
    await update(tx, 'event', { id: event.header.id }, { person: null, personal: null, gps: null });
}

/** Returns which of these people were accounted for in the scope's evacuation, for its kiosks. */
async function seenForKiosks(
  { source: { db }, scope }: Reader,
  people: readonly string[],
): Promise<ChangeOf<'accounted'>[]> {
  const evacuation = await ongoingAt(db, scope);
  const seen = evacuation ? await seenIn(db, evacuation.id, people) : new Map();
  return [...seen].map(([person, at]) => ({ kind: 'accounted', evacuation: evacuation!, person, seen: at }));
}

async function missing(person: string, { source: { db }, scope }: Reader): Promise<ChangeOf<'accounted'> | null> {
  const evacuation = await ongoingAt(db, scope);
  return evacuation && { kind: 'accounted', evacuation, person, seen: null };
}

export const reports: ServerModule = {
  onEvents: { health: keepKioskStatistics },
  // Marks are deleted when the evacuation ends, so the event changes nobody's data.
  events: { evacuation: { attendance: 'mark' } },
  onEvent: { evacuation: rollCall },
  kioskChanges: {
    evacuation: {
      state: async ({ source: { db }, scope }) => ({ kind: 'evacuation', evacuation: await ongoingAt(db, scope) }),
    },
    accounted: { people: seenForKiosks, nothing: (person, _, reader) => missing(person, reader) },
  },
  endpoints: [...presenceRoutes, ...reportRoutes, ...statsRoutes, ...exportRoutes, ...scheduleRoutes],
  jobs: [forgottenEvacuationsJob, reportMailsJob],
  tables: {
    evacuation: { notPersonal: 'when a site was cleared, and how many people were inside' },
    evacuation_mark: { exported: 'evacuations', merged: UNDER_EVERY_NAME, erased: deleteBy('person') },
    report_schedule: { notPersonal: 'which report is sent when, and to which accounts' },
    report_mail: { notPersonal: 'which report waits to be sent to which account' },
    kiosk_statistics: { notPersonal: 'counts that kiosks made of themselves, about nobody' },
  },
  myData: { evacuations },
};

/** Code of the `health` events in which kiosks report their statistics (electron/core/statistics). */
const STATISTICS = 'statistics';
/** Valid names of counts. Others are ignored. */
const NAME = /^(method|guide|challenge|other-method|refused|score|wait)\.[a-z0-9+-]{1,60}$/;
const Count = z.number().int().min(0).max(1_000_000);
const Since = z.iso.datetime({ precision: 3 });
/** Longest period that one report is assumed to cover, ms. Reports normally cover an hour. */
const LONGEST_MS = 48 * 3_600_000;

/** Stores the counts of kiosks. Runs inside the ingest's transaction. Counts in another form are ignored without an error. */
async function keepKioskStatistics({ tx, device, site, now }: Batch, events: readonly WireEvent[]): Promise<void> {
  const rows = events.flatMap(({ header }) => {
    const { code, detail } = header.open as { code?: unknown; detail?: Record<string, unknown> };
    if (header.type !== 'health' || code !== STATISTICS || !detail) return [];
    const until = instantOf(header, now);
    const began = Since.safeParse(detail.since).data;
    const since = new Date(
      Math.min(until.getTime(), Math.max(Date.parse(began ?? ''), until.getTime() - LONGEST_MS) || until.getTime()),
    );
    const counts = Object.fromEntries(
      Object.entries(detail).filter(([name, n]) => (name === 'queue' || NAME.test(name)) && Count.safeParse(n).success),
    );
    return [{ event: header.id, device, site, since, until, counts: JSON.stringify(counts) }];
  });
  await insertNew(tx, 'kiosk_statistics', rows);
}
