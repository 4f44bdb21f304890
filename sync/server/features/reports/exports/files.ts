import { stringify } from 'csv-stringify/sync';
import writeXlsxFile, { type SheetData } from 'write-excel-file/node';
import { Problem } from '../../../../errors/problem.ts';
import { MAX_XLSX_ROWS } from '../../../../protocol/api/exports.ts';

/** A table on its way into a file, a page of rows at a time: never held whole. */
export interface Table {
  /** Of the sheet. */
  readonly title: string;
  readonly columns: readonly string[];
  readonly pages: AsyncIterable<readonly Row[]>;
}

/** A time is an instant in UTC; a text stays one, whatever it looks like. */
type Cell = string | number | Date | null;
export type Row = readonly Cell[];

const formats = new Map<string, Intl.DateTimeFormat>();

/** What the clock on the wall of a zone shows, `YYYY-MM-DD HH:MM:SS`. */
export function wallClock(at: number, timeZone: string): string {
  let format = formats.get(timeZone);
  if (!format) {
    // Sweden writes dates as ISO 8601 does.
    format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
    formats.set(timeZone, format);
  }
  return format.format(at);
}

/** What spreadsheets take for the start of a formula, also in full-width forms and after blanks (OWASP, CSV injection). */
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
  // A number is harmless: `-5` is not a formula.
  return typeof cell === 'number' ? String(cell) : guarded(cell);
}

/** Control characters and halves of pairs, which XML 1.0 has no way to write; the library would drop what stands before some. */
const NOT_IN_XML = /[^\t\n\r\P{Cc}]|\p{Cs}|[\uFFFE\uFFFF]/gu;
/** Sheets know no day before 1900. */
const FIRST_DAY = Date.parse('1900-03-01T00:00:00Z');

/**
 * A workbook of one sheet. Texts are typed as such, so none is a formula. A workbook is made whole in memory, so it holds a
 * bounded number of rows.
 *
 * @throws Problem `export-too-large`
 */
export async function* toXlsx({ title, columns, pages }: Table): AsyncGenerator<Uint8Array> {
  const data: SheetData = [columns.map((value) => ({ value, type: String, fontWeight: 'bold' }))];
  for await (const rows of pages) {
    if (data.length - 1 + rows.length > MAX_XLSX_ROWS) throw new Problem('export-too-large', { max: MAX_XLSX_ROWS });
    for (const row of rows) data.push(row.map(cellOf));
  }
  const options = { sheet: title, stickyRowsCount: 1, columns: columns.map(() => ({ width: 22 })) };
  const stream = await (writeXlsxFile(data, options).toStream as () => Promise<AsyncIterable<Uint8Array>>)();
  yield* stream;
}

function cellOf(cell: Cell) {
  if (cell === null) return null;
  if (cell instanceof Date && cell.getTime() < FIRST_DAY) return { value: cell.toISOString(), type: String } as const;
  if (cell instanceof Date) return { value: cell, type: Date, format: 'yyyy-mm-dd hh:mm:ss' } as const;
  if (typeof cell === 'number') return { value: cell, type: Number } as const;
  return { value: cell.replace(NOT_IN_XML, '?'), type: String } as const;
}
