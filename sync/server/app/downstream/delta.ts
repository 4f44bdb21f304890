import type { Change } from '../../../protocol/wire/changes.ts';
import type { Row } from '../../platform/database/schema.ts';
import { peopleOf } from '../../platform/keys/persons.ts';
import { type PeopleReader, readPeople } from './kinds.ts';
import { Budget, cursorAt, type PagePart, type PageReader, type Position, topOfLog } from './reader.ts';

/** Rows of the log read for one page. Rows that a later one among them repeats are left out. */
const WINDOW = 500;
const CHUNK = 25;

type ChangeRow = Pick<Row<'change'>, 'position' | 'tag' | 'kind' | 'person' | 'model' | 'request'>;

/**
 * Returns what concerns the reader after `from`, in the order of the log, in its present state.
 *
 * @returns null if the cursor's row is missing, since rows after it may be missing too
 */
export async function deltaPart(reader: PageReader, from: Position): Promise<PagePart | null> {
  const { db } = reader.source;
  // Read before the rows, so that rows appended in between are left for the next page.
  const top = await topOfLog(db);
  // The cursor's own row is read in the same statement, since the log may be shortened between two.
  const [own, ...rows]: ChangeRow[] = await db
    .selectFrom('change')
    .select(['position', 'tag', 'kind', 'person', 'model', 'request'])
    .where('position', '>=', from.position)
    .where('position', '<=', Math.max(top.position, from.position))
    .where((e) =>
      e.or([
        e('position', '=', from.position),
        e.and([
          e.or([e('site', 'is', null), e('site', '=', reader.scope)]),
          e.or([e('device', 'is', null), e('device', '=', reader.device)]),
        ]),
      ]),
    )
    .orderBy('position')
    .limit(WINDOW + 1)
    .execute();
  if (!own || Number(own.position) !== from.position || own.tag !== from.tag) return null;
  const lastOf = new Map(rows.map((row, i) => [keyOf(row), i]));
  const budget = new Budget(reader.limit);
  let reached: { position: number; tag: string } = from;
  for (let start = 0; start < rows.length; start += CHUNK) {
    const chunk = rows.slice(start, start + CHUNK);
    const asked = new Set(chunk.map(({ kind, person }) => `${kind} ${person}`));
    const people = await readPeople(reader, peopleOf(chunk), (kind, person) => asked.has(`${kind} ${person}`));
    for (const [i, row] of chunk.entries()) {
      const change = lastOf.get(keyOf(row)) === start + i ? await contentOf(reader, row, people) : null;
      if (change && !budget.take([change])) return part(reader, budget, reached, true);
      reached = { position: Number(row.position), tag: row.tag };
    }
  }
  return rows.length === WINDOW ? part(reader, budget, reached, true) : part(reader, budget, top, false);
}

function part(reader: PageReader, budget: Budget, at: { position: number; tag: string }, more: boolean): PagePart {
  return { whole: false, first: false, changes: budget.changes, cursor: cursorAt(reader, at), more };
}

function keyOf({ kind, person, model, request }: ChangeRow): string {
  return [kind, person, model, request].join();
}

/** Returns a row's change in its present state. Null: there is nothing to send for it. */
async function contentOf(reader: PageReader, row: ChangeRow, people: PeopleReader): Promise<Change | null> {
  if (row.kind === 'start') return null;
  const [person, request] = [row.person ?? '', row.request ?? ''];
  const made = reader.kinds.get(row.kind)!;
  if ('state' in made) return made.state(reader);
  if ('row' in made) return made.row({ person, request, here: people.has(person) }, reader);
  return people.one(row.kind, person, row.model ?? '');
}
