import { z } from 'zod';
import { Instant, Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';
import { pageOf, pageQuery } from './page.ts';

/** `/api/quarantine`: events that the server could not accept. Their content stays sealed. */

const filter = { device: Uuid.optional(), reason: z.string().max(60).optional() };

export const QuarantineQuery = z.strictObject({
  ...pageQuery,
  ...filter,
  id: z.coerce.number().int().positive().optional(),
});
export const QuarantineRow = z.strictObject({
  id: z.number().int(),
  device: Uuid,
  epoch: Uuid,
  seq: z.number().int(),
  reason: z.string(),
  /** Why its content was not kept (`quarantine-full`), so it can't be retried. Null: it was kept. */
  notRetained: z.string().nullable(),
  receivedAt: Instant,
  retriedAt: Instant.nullable(),
});
export const QuarantineRetry = z.strictObject({ ...filter, id: z.number().int().positive().optional() });
export const QuarantineRetried = z.strictObject({
  taken: z.number().int(),
  waiting: z.record(z.string(), z.number().int()),
});

export const listQuarantine = endpoint('GET /api/quarantine', {
  summary: 'List quarantined events in order of arrival; their content stays encrypted',
  roles: ['admin', 'auditor', 'operator'],
  data: [],
  query: QuarantineQuery,
  answer: pageOf(QuarantineRow),
});

export const retryQuarantine = endpoint('POST /api/quarantine/retry', {
  summary: 'Retry quarantined events; each is taken once, in its original order',
  roles: ['admin', 'operator'],
  data: ['event'],
  action: 'operate',
  body: QuarantineRetry,
  answer: QuarantineRetried,
});
