import { z } from 'zod';
import {
  QuarantinePage,
  QuarantineQuery,
  QuarantineRetried,
  QuarantineRetry,
} from '../../../protocol/api/quarantine.ts';
import { pageFrom, readPageCursor } from '../../platform/access/cursor.ts';
import { type RouteSpec, route } from '../../platform/access/route.ts';
import { listQuarantine, peopleQuarantined, retryQuarantine } from './quarantine.ts';

/** Sort key of the list. */
const After = z.tuple([z.number().int().nonnegative()]);

const list = route({
  method: 'GET',
  path: '/api/quarantine',
  summary: 'Events that could not be taken, in their order of arrival; their content stays sealed',
  roles: ['admin', 'auditor'],
  data: [],
  action: 'read',
  query: QuarantineQuery,
  answer: QuarantinePage,
  errors: ['cursor-unreadable'],
  async handle({ tx, query: { cursor, limit, ...filter } }) {
    const from = readPageCursor(After, cursor);
    const rows = await listQuarantine(tx, { ...filter, after: from?.[0], limit: limit + 1 });
    return pageFrom(
      rows,
      limit,
      (r) => r,
      (r) => [r.id],
    );
  },
});

const retry = route({
  method: 'POST',
  path: '/api/quarantine/retry',
  summary: 'Take them again with the code of today, each in its place and once',
  roles: ['admin'],
  data: ['event'],
  action: 'operate',
  body: QuarantineRetry,
  answer: QuarantineRetried,
  async handle({ tx, services: { keys, config }, body, now, notify, about }) {
    about(await peopleQuarantined(tx, body));
    const retried = await retryQuarantine(tx, keys, body, now, { undoDays: config.retention.erasureUndoDays });
    if (retried.taken > 0) {
      notify('board');
      notify('change');
    }
    return retried;
  },
});

export const quarantineRoutes: readonly RouteSpec[] = [list, retry];
