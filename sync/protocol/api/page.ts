import { z } from 'zod';

/** What every list of the API has in common: pages by cursor. */

/** A moment that a caller names, with any offset: of the years 1 to 9999, which is what the database can hold. */
export const Moment = z.iso.datetime({ offset: true }).refine((text) => {
  const at = Date.parse(text);
  return at >= Date.parse('0001-01-02T00:00:00Z') && at <= Date.parse('9999-12-30T00:00:00Z');
}, 'must be of the years 1 to 9999');

/** Rows of a page: where nobody says, and at most. */
export const PAGE = 50;
export const MAX_PAGE = 200;

/** Query of a list. `cursor`: the `next` of the page before, opaque; absent: the first page. */
export const pageQuery = {
  cursor: z.string().max(1000).optional(),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(PAGE),
};

/** One page. `next` is null on the last. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({ items: z.array(item), next: z.string().nullable() });

/** A switch in a query: `true` or `false`, nothing else. */
export const QueryFlag = z.enum(['true', 'false']).transform((text) => text === 'true');

/** Rows that a list counts at most: a total above it says only that there are more. */
export const MOST_COUNTED = 10_000;

/** Fields that a list can be sorted by; with `-` before it from the largest on. */
export type SortBy<F extends string> = F | `-${F}`;

/**
 * Query of a list that can be sorted by these fields. Pages follow the order given: a cursor of another is refused. `total`:
 * the first page also says how many there are, for which up to `MOST_COUNTED` rows are counted.
 */
export const sortedQuery = <const F extends string>(fields: readonly F[], byDefault: SortBy<F>) => ({
  ...pageQuery,
  sort: z.enum(fields.flatMap((f): SortBy<F>[] => [f, `-${f}`])).default(byDefault as never),
  total: QueryFlag.optional(),
});

/** One page of such a list. `total`: of all pages, up to `MOST_COUNTED` + 1; null: it was not asked for, or can't be said. */
export const countedPageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({ ...pageOf(item).shape, total: z.number().int().nonnegative().nullable() });
