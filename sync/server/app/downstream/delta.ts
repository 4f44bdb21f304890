import { type Change, knowsKind } from '../../../protocol/wire/changes.ts';
import { peppersChange } from '../../core/credentials/pins/pins.ts';
import { currentDeviceState } from '../../core/devices/device-state.ts';
import { reenrolments } from '../../features/reenrolment/list.ts';
import { ongoingAt } from '../../features/reports/presence/roll-call.ts';
import type { NewChange } from '../../platform/changes/log.ts';
import { peopleOf } from '../../platform/keys/persons.ts';
import { type PeopleReader, readPeople } from './content.ts';
import type { Position } from './cursor.ts';
import { issuersChange } from './issuers.ts';
import { policyForKiosks } from './kiosk-policy.ts';
import { Budget, cursorAt, type PagePart, type Reader, topOfLog } from './reader.ts';
import { staffFor } from './staff.ts';

/** Rows of the log looked at for one page; what a later row among them repeats is left out. */
const WINDOW = 500;
/** Rows whose people are read at once. */
const CHUNK = 25;

interface Row {
  readonly position: number | string;
  readonly tag: string;
  readonly kind: 'start' | NewChange['kind'];
  readonly person: string | null;
  readonly model: string | null;
  readonly request: string | null;
}

/**
 * What concerns the reader and lies above `from`, in the log's order, by its present state.
 *
 * @returns null when the row that the cursor stands on is not here: then what lay above it may be gone too
 */
export async function deltaPart(reader: Reader, from: Position): Promise<PagePart | null> {
  const { db } = reader.source;
  // Before the rows: one that is appended in between is left for the next page.
  const top = await topOfLog(db);
  // The cursor's own row in the same statement: the log may be shortened between two.
  const [own, ...rows]: Row[] = await db
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
    const people = await readPeople(reader, peopleOf(chunk));
    for (const [i, row] of chunk.entries()) {
      const change = lastOf.get(keyOf(row)) === start + i ? await contentOf(reader, row, people) : null;
      if (change && !budget.take([change])) return part(reader, budget, reached, true);
      reached = { position: Number(row.position), tag: row.tag };
    }
  }
  return rows.length === WINDOW ? part(reader, budget, reached, true) : part(reader, budget, top, false);
}

function part(reader: Reader, budget: Budget, at: { position: number; tag: string }, more: boolean): PagePart {
  return { whole: false, first: false, changes: budget.changes, cursor: cursorAt(reader, at), more };
}

function keyOf({ kind, person, model, request }: Row): string {
  return [kind, person, model, request].join();
}

/** Null: another row, or the present state, makes this one say nothing. */
async function contentOf(reader: Reader, row: Row, people: PeopleReader): Promise<Change | null> {
  const { db, publicKeys } = reader.source;
  if (!knowsKind(reader.version, row.kind)) return null;
  const person = row.person ?? '';
  switch (row.kind) {
    case 'person':
      return people.person(person);
    case 'credentials':
      return people.credentials(person);
    case 'cardTemplate':
      return people.cardTemplate(person);
    case 'pinCode':
      return people.pinCode(person);
    case 'evacuation':
      return { kind: 'evacuation', evacuation: await ongoingAt(db, reader.scope) };
    case 'lookalikes':
      return people.lookalikes(person);
    case 'accounted':
      return people.accounted(person);
    case 'pin':
      return people.pin(person)?.change ?? null;
    case 'pinPeppers':
      return peppersChange(db, reader.source.keys);
    case 'staff':
      return staffFor(reader);
    case 'reenrol':
      return { kind: 'reenrol', people: await reenrolments(db, reader.scope, reader.now) };
    case 'issuers':
      return issuersChange(db);
    case 'templates':
      return people.templates(person, row.model ?? '');
    case 'removed':
      return people.has(person) ? null : { kind: 'removed', person };
    case 'erase':
      return { kind: 'erase', request: row.request ?? '', person };
    case 'policy':
      return { kind: 'policy', policy: await policyForKiosks(db, reader.scope, reader.version) };
    case 'keys':
      return { kind: 'keys', keys: await publicKeys() };
    case 'update':
    case 'command':
    case 'config':
      return currentDeviceState(db, reader.device, row.kind, row.request);
    case 'start':
      return null;
  }
}
