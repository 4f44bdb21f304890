import type { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import { unstorable } from './storable.ts';

/**
 * Cursors of lists: the sort key of the last row that was given, as text that only we read. It is no capability: what a
 * page may show is decided again for each one, so a cursor made by hand shows nothing more.
 */
export function writePageCursor(key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(key), 'utf8').toString('base64url');
}

/**
 * @param shape of the list's own sort key
 * @returns null for the first page
 * @throws Problem `cursor-unreadable`
 */
export function readPageCursor<T extends z.ZodType>(shape: T, text: string | undefined): z.output<T> | null {
  if (text === undefined) return null;
  let key: unknown;
  try {
    key = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    key = undefined;
  }
  const parsed = shape.safeParse(key);
  if (parsed.success && unstorable(key, 'cursor').length === 0) return parsed.data;
  throw new Problem('cursor-unreadable');
}

/**
 * A page from rows that were read with one more than asked for.
 *
 * @param keyOf sort key of a row
 * @param item what is shown of one; absent: the row itself
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
