import { z } from 'zod';

/** Common to all lists of the API: pages with a cursor. */

/** A time given by a caller, with any offset, in the years 1 to 9999, which the database can store. */
export const Moment = z.iso.datetime({ offset: true }).refine((text) => {
  const at = Date.parse(text);
  return at >= Date.parse('0001-01-02T00:00:00Z') && at <= Date.parse('9999-12-30T00:00:00Z');
}, 'must be of the years 1 to 9999');

/** Rows per page: default and maximum. */
export const PAGE = 50;
export const MAX_PAGE = 200;

/** Query of a list. `cursor`: the `next` of the previous page, opaque; absent: the first page. */
export const pageQuery = {
  cursor: z.string().max(1000).optional(),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(PAGE),
};

/** One page. `next` is null on the last. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({ items: z.array(item), next: z.string().nullable() });

/** A boolean in a query: `true` or `false` only. */
export const QueryFlag = z.enum(['true', 'false']).transform((text) => text === 'true');

/** Maximum number of rows counted. A total above it only means that there are more. */
export const MOST_COUNTED = 10_000;

/** A field that a list can be sorted by; with `-`, in descending order. */
export type SortBy<F extends string> = F | `-${F}`;

/**
 * Query of a list that can be sorted by these fields. Pages follow the requested order: a cursor of another order is rejected.
 * With `total`, the first page also has the number of rows, counted up to `MOST_COUNTED`.
 */
export const sortedQuery = <const F extends string>(fields: readonly F[], byDefault: SortBy<F>) => ({
  ...pageQuery,
  sort: z.enum(fields.flatMap((f): SortBy<F>[] => [f, `-${f}`])).default(byDefault as never),
  total: QueryFlag.optional(),
});

/** One page of such a list. `total`: over all pages, up to `MOST_COUNTED` + 1; null: not requested, or unknown. */
export const countedPageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({ ...pageOf(item).shape, total: z.number().int().nonnegative().nullable() });
