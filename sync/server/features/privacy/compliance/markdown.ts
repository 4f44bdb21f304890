/** Helpers for writing Markdown. */

/** Escapes text for a table cell or a line of text. */
export const escaped = (text: string): string =>
  text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');

export const section = (level: number, title: string, body: string): string =>
  `${'#'.repeat(level)} ${title}\n\n${body}`;

/** Returns a section of level 3 with a list. */
export const listed = (title: string, lines: readonly string[]): string => section(3, title, list(lines));

export const list = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join('\n');

/** Returns a table. Cells are inserted unescaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Returns a number with its noun: `1 person`, `2 people`. The default for `many` adds an s. */
export const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;
