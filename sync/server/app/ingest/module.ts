import { sql } from 'kysely';
import { z } from 'zod';
import * as api from '../../../protocol/api/quarantine.ts';
import { pageFrom, readPageCursor } from '../../platform/access/cursor.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { update } from '../../platform/database/rows.ts';
import { halfPlace, quarantinePlace } from '../../platform/keys/personal.ts';
import { type ServerModule, UNDER_EVERY_NAME } from '../../platform/server-module.ts';
import { events, photos, quarantined } from './my-data.ts';
import { listQuarantine, peopleQuarantined, retryQuarantine } from './quarantine.ts';
import { forgetUnattributed } from './unattributed.ts';

/** Cursor of the list: id of the last entry. */
const After = z.tuple([z.number().int().nonnegative()]);

const quarantineRoutes: readonly Route[] = [
  implement(api.listQuarantine, async ({ tx, query: { cursor, limit, ...filter } }) => {
    const from = readPageCursor(After, cursor);
    const rows = await listQuarantine(tx, { ...filter, after: from?.[0], limit: limit + 1 });
    return pageFrom(rows, limit, (r) => [r.id]);
  }),
  implement(api.retryQuarantine, async ({ tx, services: { keys, modules, config }, body, now, notify, about }) => {
    about(await peopleQuarantined(tx, body));
    const retried = await retryQuarantine({ db: tx, keys, modules }, body, now, {
      undoDays: config.retention.erasureUndoDays,
    });
    if (retried.taken > 0) notify('board', 'change');
    return retried;
  }),
];

export const ingest: ServerModule = {
  endpoints: quarantineRoutes,
  attention: {
    quarantine: {
      items: () => sql`
        select 'quarantine' as kind, q.id::text as ref, q.received_at as at, q.reason as code, q.person,
               null::uuid as other, q.device, null::real as score
        from quarantine q where q.content is not null`,
    },
  },
  tables: {
    event: {
      sealed: {
        by: 'person-or-environment',
        columns: {
          personal: (cell, person) => halfPlace('event.personal', cell('id'), person),
          gps: (cell, person) => halfPlace('event.gps', cell('id'), person),
        },
      },
      exported: 'events',
      merged: UNDER_EVERY_NAME,
      // The step `unlink` removes the person's id. The chain of the remaining headers stays whole.
      erased: ({ tx, people }) => update(tx, 'event', { person: people }, { personal: null, gps: null }),
    },
    quarantine: {
      sealed: {
        by: 'person-or-environment',
        id: { id: 'bigint' },
        reads: ['digest'],
        columns: { content: (cell, person) => quarantinePlace(cell('digest'), person) },
      },
      exported: 'quarantined',
      merged: UNDER_EVERY_NAME,
      async erased({ tx, keys, people }) {
        await forgetUnattributed(tx, keys, people);
        await update(tx, 'quarantine', { person: people }, { content: null, person: null });
      },
    },
    ack_mark: { notPersonal: 'how far a kiosk’s log has been taken' },
  },
  myData: { events, quarantined, photos },
};
