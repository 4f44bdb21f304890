import { stringify } from 'csv-stringify/sync';
import writeXlsxFile, { type SheetData } from 'write-excel-file/node';
import { Problem } from '../../../../errors/problem.ts';
import { MAX_XLSX_ROWS } from '../../../../protocol/api/exports.ts';

/** A table to write to a file. Rows arrive page by page, so that it is never completely in memory. */
export interface Table {
  /** Title of the sheet. */
  readonly title: string;
  readonly columns: readonly string[];
  readonly pages: AsyncIterable<readonly Row[]>;
}

/** A date is an instant in UTC. A string is always written as text, whatever it looks like. */
type Cell = string | number | Date | null;
export type Row = readonly Cell[];

const formats = new Map<string, Intl.DateTimeFormat>();

/** Formats a time as local time of a zone, `YYYY-MM-DD HH:MM:SS`. @param at ms since 1970 */
export function wallClock(at: number, timeZone: string): string {
  let format = formats.get(timeZone);
  if (!format) {
    // The Swedish locale writes dates like ISO 8601.
    format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
    formats.set(timeZone, format);
  }
  return format.format(at);
}

/** Text that spreadsheets treat as a formula, including full-width signs and after blanks (OWASP, CSV injection). */
const FORMULA = /^[\s\p{Cc}]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/u;

/**
 * Makes sure that no spreadsheet treats a text as a formula: one that looks like it gets an apostrophe in front, which
 * programs that read the file remove. Pure.
 */
export function guarded(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

/** Writes CSV (RFC 4180) in UTF-8, page by page. It begins with a byte order mark, by which spreadsheets detect UTF-8. */
export async function* toCsv({ columns, pages }: Table): AsyncGenerator<string> {
  yield `\uFEFF${lines([columns.map(guarded)])}`;
  for await (const rows of pages) if (rows.length > 0) yield lines(rows.map((row) => row.map(textOf)));
}

const lines = (rows: readonly (readonly string[])[]): string =>
  stringify(rows as string[][], { record_delimiter: '\r\n', quote_record_delimiter: true, eof: true });

function textOf(cell: Cell): string {
  if (cell === null) return '';
  if (cell instanceof Date) return cell.toISOString();
  // Numbers need no guard: `-5` is not a formula.
  return typeof cell === 'number' ? String(cell) : guarded(cell);
}

/** Control characters and lone surrogates, which XML 1.0 can't represent. The library would drop the text before some of them. */
const NOT_IN_XML = /[^\t\n\r\P{Cc}]|\p{Cs}|[\uFFFE\uFFFF]/gu;
/** First day written as a date. Workbooks have no dates before 1900. */
const FIRST_DAY = Date.parse('1900-03-01T00:00:00Z');

/**
 * Writes a workbook with one sheet. Texts are typed as text, so none is a formula. It is built in memory, so the number of
 * rows is limited.
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
