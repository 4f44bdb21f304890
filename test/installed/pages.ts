import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * The pages that an operator follows, as steps. A block of commands is run as written, unless a comment before it says otherwise:
 *   <!-- not run: REASON -->      why no test runs it
 *   <!-- in containers: NAME -->  run where the server runs in containers (image.test.ts)
 *   <!-- on the kiosk: NAME -->   run at a kiosk, by the function of that name
 *   <!-- asks: NAME -->           run, and answered by the function of that name
 *   <!-- ends with 1: REASON -->  run; exit code 1 (done, and something needs attention) is accepted as well as 0
 *   <!-- by hand: NAME -->        no block: what people do there without commands, or what has happened; by that function
 */

export const TASKS = ['docs/install/first-day.md', 'docs/operate/each-month.md', 'docs/operate/incidents.md'] as const;

const MARKS = ['not run', 'in containers', 'on the kiosk', 'asks', 'ends with 1', 'by hand'] as const;

export interface Step {
  /** `docs/install/first-day.md:12` */
  readonly place: string;
  readonly mark: (typeof MARKS)[number] | null;
  readonly note: string;
  /** The commands; empty if the step is done by hand. */
  readonly commands: string;
}

/** @throws if a block of commands is neither run nor explains why not */
export function stepsOf(page: string): Step[] {
  const text = readFileSync(join(import.meta.dirname, '../..', page), 'utf8');
  const found = text.matchAll(
    /(?:^<!-- ([a-z0-9 ]+): (.+) -->\n)?^```(.*)\n([\s\S]*?)^```$|^<!-- ([a-z0-9 ]+): (.+) -->$/gm,
  );
  return [...found].map(({ index, 1: before, 2: note, 3: language, 4: commands = '', 5: alone, 6: doing }) => {
    const place = `${page}:${text.slice(0, index).split('\n').length}`;
    const name = before ?? alone;
    const mark = MARKS.find((one) => one === name) ?? null;
    if (name !== undefined && (mark === null || (mark === 'by hand') === (alone === undefined)))
      throw new Error(`${place}: “${name}” is no mark of this`);
    if (alone === undefined && language !== 'sh')
      throw new Error(`${place}: commands are in a block of sh, which is run, or a comment before it says why not`);
    return { place, mark, note: note ?? doing ?? '', commands };
  });
}
