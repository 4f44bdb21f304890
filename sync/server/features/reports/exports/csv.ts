import { stringify } from 'csv-stringify/sync';
import type { Cell, Table } from './table.ts';

/** What a spreadsheet takes for the start of a formula, also in its wide forms and behind blanks (OWASP, CSV injection). */
const FORMULA = /^[\s\p{Cc}]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/u;

/**
 * A text that no spreadsheet takes for a formula: one that begins like one gets an apostrophe before it. Pure. Programs
 * that read the file take it off again.
 */
export function guarded(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

/** RFC 4180 in UTF-8 with a byte order mark, by which spreadsheets know it; a piece a page. */
export async function* toCsv({ columns, pages }: Table): AsyncGenerator<string> {
  yield `\uFEFF${lines([columns.map(guarded)])}`;
  for await (const rows of pages) if (rows.length > 0) yield lines(rows.map((row) => row.map(textOf)));
}

const lines = (rows: readonly (readonly string[])[]): string =>
  stringify(rows as string[][], { record_delimiter: '\r\n', quote_record_delimiter: true, eof: true });

function textOf(cell: Cell): string {
  if (cell === null) return '';
  if (cell instanceof Date) return cell.toISOString();
  // A number is one: `-5` is no formula.
  return typeof cell === 'number' ? String(cell) : guarded(cell);
}
