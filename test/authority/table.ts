import type { z } from 'zod';
import { type EventType, OpenBody } from '../../sync/protocol/wire/event.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { type Expected, ROWS, type Row } from './rows.ts';
import { RELATIONS, type Relation, TwoSites } from './two-sites.ts';

/** The outcome of one kind of event about a person in one relation. */
export interface Cell {
  readonly row: Row;
  readonly relation: Relation;
  readonly is: Expected;
  readonly expected: Expected;
  readonly wrong: boolean;
}

export interface Table {
  readonly cells: readonly Cell[];
  /** What of the wire has no row. */
  readonly missing: readonly string[];
}

/** Fields of an open body that name the change. */
const CHANGES = ['change', 'action'] as const;

/** Kinds of the wire, and changes of theirs, without a row. */
export function missingRows(rows: readonly Row[] = ROWS): string[] {
  return (Object.keys(OpenBody) as EventType[]).flatMap((kind) => {
    const those = rows.filter((r) => r.kind === kind);
    if (those.length === 0) return [kind];
    const shape = OpenBody[kind].shape as Record<string, z.ZodType>;
    const options = CHANGES.flatMap(
      (field) => (shape[field] as { options?: readonly string[] } | undefined)?.options ?? [],
    );
    return options
      .filter(
        (option) =>
          !those.some((r) => r.what === option || r.what.startsWith(`${option},`) || r.what.startsWith(`${option} `)),
      )
      .map((option) => `${kind}: ${option}`);
  });
}

/** Sends every event about a person in every relation, on one database. */
export async function runTable(database: OpenDatabase): Promise<Table> {
  const world = await TwoSites.open(database);
  try {
    const cells: Cell[] = [];
    for (const relation of RELATIONS) {
      const people = await world.people(relation, ROWS.length);
      await world.sent();
      for (const [i, row] of ROWS.entries()) {
        const before = await world.tables();
        const event = row.say(world, people[i]!);
        await world.deliver('here');
        const after = await world.tables();
        const changes = [...after].filter(([name, hash]) => before.get(name) !== hash).map(([name]) => name);
        const sends = await world.sent();
        const { reason, values } = await world.verdictOn(event);
        const effect = changes.length + sends.length > 0 ? 'taken' : 'no effect';
        const expected = row.expected(relation);
        const is = { verdict: reason ?? effect, changes: changes.sort(), sends };
        const same =
          is.verdict === expected.verdict &&
          is.changes.join() === expected.changes.join() &&
          is.sends.join() === expected.sends.join();
        // No value of an erased person is kept, whatever it was.
        const wrong = !same || (relation === 'erased' && values && event.personal.person?.value === people[i]!.id);
        cells.push({ row, relation, is, expected, wrong });
      }
    }
    return { cells, missing: missingRows() };
  } finally {
    world.close();
  }
}

const nameOf = ({ kind, what }: Row): string => (what === '' ? kind : `${kind}: ${what}`);
const shown = ({ verdict, changes, sends }: Expected): string =>
  `${verdict}; changes ${changes.join(' ') || 'nothing'}; sends ${sends.join(', ') || 'nothing'}`;

/** One row per kind, one column per relation; then why events had no effect, and what was wrong. */
export function textOf({ cells, missing }: Table): string {
  const rows = [...new Set(cells.map((c) => c.row))];
  const reasons = [...new Set(cells.flatMap((c) => c.expected.why ?? []))];
  const cell = (c: Cell | undefined) =>
    c === undefined
      ? ''
      : `${c.wrong ? '!! ' : ''}${c.is.verdict}${c.expected.why && !c.wrong ? ` [${reasons.indexOf(c.expected.why) + 1}]` : ''}`;
  const lines = [
    ['', ...RELATIONS],
    ...rows.map((row) => [
      nameOf(row),
      ...RELATIONS.map((relation) => cell(cells.find((c) => c.row === row && c.relation === relation))),
    ]),
  ];
  const widths = lines[0]!.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  return [
    ...lines.map((line) =>
      line
        .map((text, i) => text.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    ),
    '',
    ...reasons.map((reason, i) => `[${i + 1}] no effect: ${reason}`),
    ...cells
      .filter((c) => c.wrong)
      .map(
        (c) => `\nWRONG ${nameOf(c.row)}, ${c.relation}\n  is       ${shown(c.is)}\n  expected ${shown(c.expected)}`,
      ),
    ...missing.map((one) => `WRONG ${one}: the wire has it, and no row here does`),
  ].join('\n');
}

/** Number of wrong cells and missing rows. */
export const wrongIn = ({ cells, missing }: Table): number => cells.filter((c) => c.wrong).length + missing.length;
