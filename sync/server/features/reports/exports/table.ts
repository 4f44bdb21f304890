/** A table on its way into a file, a page of rows at a time: never held whole. */
export interface Table {
  /** Of the sheet. */
  readonly title: string;
  readonly columns: readonly string[];
  readonly pages: AsyncIterable<readonly Row[]>;
}

/** A time is an instant in UTC; a text stays one, whatever it looks like. */
export type Cell = string | number | Date | null;
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
