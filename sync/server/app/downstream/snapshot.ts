import { NIL } from 'uuid';
import { peppersChange } from '../../core/credentials/pins/pins.ts';
import { allDeviceState } from '../../core/devices/device-state.ts';
import { reenrolments } from '../../features/reenrolment/list.ts';
import { ongoingAt } from '../../features/reports/presence/roll-call.ts';
import { type PeopleReader, readPeople } from './content.ts';
import type { Position } from './cursor.ts';
import { issuersChange } from './issuers.ts';
import { policyForKiosks } from './kiosk-policy.ts';
import { Budget, cursorAt, type PagePart, type Reader, topOfLog } from './reader.ts';
import { staffFor } from './staff.ts';

/** People read at once: their templates are the bulk of a page. */
const CHUNK = 25;

/**
 * A page of a snapshot: policy, keys and what this device alone receives, then the erasures that this device has not confirmed, then the people of its scope
 * by id. All read from the tables as they are now; the cursor carries the place in the log where it began, and what changed
 * since comes as deltas from there.
 *
 * @param from where to go on inside a snapshot; null: its first page
 */
export async function snapshotPart(reader: Reader, from: Position | null): Promise<PagePart> {
  const { db } = reader.source;
  // Before anything else is read, so that no change falls between the snapshot and the deltas.
  const base = from ?? (await topOfLog(db));
  const budget = new Budget(reader.limit);
  const page = (after?: string): PagePart => ({
    whole: true,
    first: from === null,
    changes: budget.changes,
    cursor: cursorAt(reader, base, after),
    more: after !== undefined,
  });
  if (!from)
    budget.take([
      { kind: 'policy', policy: await policyForKiosks(db, reader.scope, reader.version) },
      { kind: 'keys', keys: await reader.source.publicKeys() },
      ...(reader.version < 2 ? [] : [await issuersChange(db)]),
      ...(reader.version < 3 ? [] : await allDeviceState(db, reader.device)),
      ...(reader.version < 3
        ? []
        : [
            await peppersChange(db, reader.source.keys),
            { kind: 'evacuation' as const, evacuation: await ongoingAt(db, reader.scope) },
            await staffFor(reader),
            { kind: 'reenrol' as const, people: await reenrolments(db, reader.scope, reader.now) },
          ]),
    ]);
  const after = from?.after ?? `e${NIL}`;
  if (after.startsWith('e')) {
    const stopped = await erasures(reader, budget, after.slice(1));
    if (stopped !== null) return page(`e${stopped}`);
  }
  const stopped = await people(reader, budget, after.startsWith('p') ? after.slice(1) : NIL);
  return page(stopped === null ? undefined : `p${stopped}`);
}

/** @returns the last that was sent, where the page is full; null when all were */
async function erasures(reader: Reader, budget: Budget, after: string): Promise<string | null> {
  const rows = await reader.source.db
    .selectFrom('erasure_confirmation as c')
    .innerJoin('erasure as e', 'e.request', 'c.request')
    .select(['e.request', 'e.person'])
    .where('c.device', '=', reader.device)
    .where('c.confirmed_at', 'is', null)
    .where('c.request', '>', after)
    .orderBy('c.request')
    .limit(reader.limit + 1)
    .execute();
  let last = after;
  for (const { request, person } of rows) {
    if (!budget.take([{ kind: 'erase', request, person }])) return last;
    last = request;
  }
  return null;
}

/** @returns as above */
async function people(reader: Reader, budget: Budget, after: string): Promise<string | null> {
  const { db } = reader.source;
  let last = after;
  for (;;) {
    const rows = await db
      .selectFrom('person_site')
      .select('person')
      .where('site', '=', reader.scope)
      .where('person', '>', last)
      .orderBy('person')
      .limit(CHUNK)
      .execute();
    const ids = rows.map((r) => r.person);
    const content = await readPeople(reader, ids);
    for (const id of ids) {
      const person = content.person(id);
      if (person && !budget.take([person, ...bearers(reader, content, id), ...content.allTemplates(id)])) return last;
      last = id;
    }
    if (ids.length < CHUNK) return null;
  }
}

/** Cards, badges, PIN and the code for one of a person who has any: a snapshot's `person` takes away what it does not name. */
function bearers({ version }: Reader, content: PeopleReader, id: string) {
  const held = version < 2 ? null : content.credentials(id);
  const onCard = version < 2 ? null : content.cardTemplate(id);
  const pinCode = version < 3 ? null : content.pinCode(id);
  const pin = version < 3 ? null : content.pin(id);
  const lookalikes = version < 3 ? null : content.lookalikes(id);
  const accounted = version < 3 ? null : content.accounted(id);
  return [
    ...(held && held.cards.length + held.badges.length > 0 ? [held] : []),
    ...(onCard?.card ? [onCard] : []),
    ...(pinCode?.code ? [pinCode] : []),
    ...(pin?.known ? [pin.change] : []),
    ...(accounted?.seen ? [accounted] : []),
    ...(lookalikes && lookalikes.others.length > 0 ? [lookalikes] : []),
  ];
}
