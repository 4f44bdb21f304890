import { z } from 'zod';
import * as api from '../../../protocol/api/reports.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { namesOf } from '../../core/people/records.ts';
import { calendarOf } from '../../core/sites/sites.ts';
import { readPageCursor, writePageCursor } from '../../platform/access/cursor.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { dayNamed, readDay, reportSite } from './day.ts';

/** Sort key of the report. */
const After = z.tuple([Uuid]);

export const reportRoutes: readonly Route[] = [
  implement(api.getDayReport, async ({ tx, services: { keys, config }, query, now, about }) => {
    const site = await reportSite(tx, query.site, config.site.timeZone);
    const dayOf = calendarOf(site);
    const of = query.day === undefined ? dayOf(now.getTime()) : dayNamed(dayOf, query.day);
    const after = readPageCursor(After, query.cursor)?.[0] ?? null;
    const { rows, last } = await readDay(tx, site, of, query.limit, after);
    const shown = rows.map((r) => r.person);
    about(shown);
    const names = await namesOf(tx, keys, shown);
    return {
      site: { id: site.id, name: site.name, timeZone: site.timeZone },
      day: of.day,
      from: new Date(of.start).toISOString(),
      to: new Date(of.end).toISOString(),
      items: rows.map((r) => ({ ...r, name: names.get(r.person) ?? null })),
      next: last && writePageCursor([last]),
    };
  }),
];
