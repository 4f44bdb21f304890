import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import { Moment } from '../../../protocol/api/page.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { unstorable } from './storable.ts';

/**
 * Writes a list's cursor: the sort key of the last row returned, as text that only we read. It grants no access: what a page
 * may show is decided for each request, so a forged cursor shows nothing more.
 */
export function writePageCursor(key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(key), 'utf8').toString('base64url');
}

/**
 * Reads a cursor.
 *
 * @param shape of the list's sort key
 * @param sort what the list is sorted by. The key starts with it, so a cursor of another order is refused
 * @returns null for the first page
 * @throws Problem `cursor-unreadable`
 */
export function readPageCursor<T extends z.ZodType>(
  shape: T,
  text: string | undefined,
  sort?: string,
): z.output<T> | null {
  if (text === undefined) return null;
  let key: unknown;
  try {
    key = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    key = undefined;
  }
  const parsed = shape.safeParse(key);
  const fits = sort === undefined || (key as unknown[] | undefined)?.[0] === sort;
  if (parsed.success && fits && unstorable(key, 'cursor').length === 0) return parsed.data;
  throw new Problem('cursor-unreadable');
}

/** Reads the cursor of a list sorted by id: the id to continue after, or null. @throws Problem `cursor-unreadable` */
export const readIdCursor = (text: string | undefined): string | null => readPageCursor(AfterId, text)?.[0] ?? null;
const AfterId = z.tuple([Uuid]);

export interface Place {
  readonly at: string;
  readonly id: string;
}

/** Reads the cursor of a list sorted by time and id. @throws Problem `cursor-unreadable` */
export function readTimeCursor(text: string | undefined): Place | null {
  const key = readPageCursor(AfterTime, text);
  return key && { at: key[0], id: key[1] };
}
const AfterTime = z.tuple([Moment, Uuid]);

/**
 * Makes a page from rows that were read with a limit of one more than requested.
 *
 * @param keyOf returns the sort key of a row
 * @param item maps a row to the item shown. Default: the row itself
 */
export function pageFrom<R, T = R>(
  rows: readonly R[],
  limit: number,
  keyOf: (row: R) => readonly (string | number)[],
  item: (row: R) => T = (row) => row as unknown as T,
): { items: T[]; next: string | null } {
  const given = rows.slice(0, limit);
  const last = given.at(-1);
  return { items: given.map(item), next: rows.length > limit && last ? writePageCursor(keyOf(last)) : null };
}
