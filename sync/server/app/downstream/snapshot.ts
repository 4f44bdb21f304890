import { NIL } from 'uuid';
import type { Change } from '../../../protocol/wire/changes.ts';
import { unconfirmedErasures } from '../../features/privacy/erasure/request.ts';
import { above, findSorted } from '../../platform/database/rows.ts';
import { readPeople } from './kinds.ts';
import { Budget, cursorAt, type PagePart, type PageReader, type Position, topOfLog } from './reader.ts';

/** People per query: their templates are the bulk of a page. */
const CHUNK = 25;

/**
 * Returns a page of a snapshot: policy, keys and the device's own state, then the erasures that the device has not confirmed,
 * then the people of its scope by id. All are read from the tables as they are now. The cursor holds the position in the log
 * where the snapshot started; later changes follow as deltas from there.
 *
 * @param from where to continue within a snapshot; null: its first page
 */
export async function snapshotPart(reader: PageReader, from: Position | null): Promise<PagePart> {
  const { db } = reader.source;
  // Read before everything else, so that no change is lost between the snapshot and the deltas.
  const base = from ?? (await topOfLog(db));
  const budget = new Budget(reader.limit);
  const page = (after?: string): PagePart => ({
    whole: true,
    first: from === null,
    changes: budget.changes,
    cursor: cursorAt(reader, base, after),
    more: after !== undefined,
  });
  if (!from) budget.take(await state(reader));
  const after = from?.after ?? `e${NIL}`;
  if (after.startsWith('e')) {
    const stopped = await erasures(reader, budget, after.slice(1));
    if (stopped !== null) return page(`e${stopped}`);
  }
  const stopped = await people(reader, budget, after.startsWith('p') ? after.slice(1) : NIL);
  return page(stopped === null ? undefined : `p${stopped}`);
}

/** Returns the state of the kiosk and its site, for the first page. */
async function state(reader: PageReader): Promise<Change[]> {
  const changes: Change[] = [];
  for (const made of reader.kinds.values()) {
    if ('state' in made) changes.push(await made.state(reader));
    if ('row' in made && made.start) changes.push(...(await made.start(reader)));
  }
  return changes;
}

/** Adds erasures to the page. @returns the last one that fitted if the page is full; null if all did */
async function erasures(
  { source: { db }, device, limit }: PageReader,
  budget: Budget,
  after: string,
): Promise<string | null> {
  let last = after;
  for (const erasure of await unconfirmedErasures(db, device, after, limit + 1)) {
    if (!budget.take([{ kind: 'erase', ...erasure }])) return last;
    last = erasure.request;
  }
  return null;
}

/** Adds people to the page. @returns like `erasures` */
async function people(reader: PageReader, budget: Budget, after: string): Promise<string | null> {
  const { db } = reader.source;
  let last = after;
  for (;;) {
    const here = { site: reader.scope, person: above(last) };
    const rows = await findSorted(db, 'person_site', here, ['person'], { columns: ['person'], limit: CHUNK });
    const ids = rows.map((r) => r.person);
    const content = await readPeople(reader, ids);
    for (const id of ids) {
      const changes = content.all(id);
      if (changes.length > 0 && !budget.take(changes)) return last;
      last = id;
    }
    if (ids.length < CHUNK) return null;
  }
}
