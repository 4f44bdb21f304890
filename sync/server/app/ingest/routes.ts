import { z } from 'zod';
import * as api from '../../../protocol/api/quarantine.ts';
import { pageFrom, readPageCursor } from '../../platform/access/cursor.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { listQuarantine, peopleQuarantined, retryQuarantine } from './quarantine.ts';

/** Sort key of the list. */
const After = z.tuple([z.number().int().nonnegative()]);

export const quarantineRoutes: readonly Route[] = [
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
    if (retried.taken > 0) {
      notify('board');
      notify('change');
    }
    return retried;
  }),
];
