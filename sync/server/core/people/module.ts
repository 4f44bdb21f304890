import { sql } from 'kysely';
import type { NewChange } from '../../platform/changes/log.ts';
import type { ChangeOf, Reader } from '../../platform/changes/to-kiosks.ts';
import { idsOf, remove } from '../../platform/database/rows.ts';
import type { Batch, EventOf, OneEvent } from '../../platform/events.ts';
import { instantOf } from '../../platform/instant.ts';
import { placeOf } from '../../platform/keys/envelope.ts';
import type { Reading } from '../../platform/my-data.ts';
import { deleteBy, type Merge, moveBy, type ServerModule, UNDER_EVERY_NAME } from '../../platform/server-module.ts';
import { listHolds } from './holds.ts';
import { applyPeople, erasePeople } from './people.ts';
import { readPeople, writePerson } from './records.ts';
import { peopleRoutes } from './routes.ts';
import { FIELDS, selectRows } from './rows.ts';
import { shownPeople } from './shown.ts';
import { allOfPerson, joinScope, scopesOfPerson } from './sites.ts';

async function* profile({ tx, keys, person, names }: Reading) {
  yield { ...(await shownPeople(tx, keys, [person])).get(person), formerIds: names.filter((id) => id !== person) };
  const merges = await tx
    .selectFrom('person_merge')
    .select(['kept', 'merged', 'records', 'at'])
    .where((e) => e.or([e('kept', 'in', names), e('merged', 'in', names)]))
    .orderBy('at')
    .execute();
  for (const m of merges) yield { merge: m };
  const changes = await tx
    .selectFrom('profile_change')
    .select(['change', 'fields', 'at', 'via'])
    .where('person', 'in', names)
    .orderBy('at')
    .execute();
  for (const change of changes) yield { change };
}

async function* sites({ tx, names }: Reading) {
  const rows = await tx
    .selectFrom('person_site as p')
    .leftJoin('site as s', 's.id', 'p.site')
    .select(['p.site', 'p.added_at', 's.name'])
    .where('p.person', 'in', names)
    .orderBy('p.added_at')
    .execute();
  for (const r of rows) yield { site: r.site, name: r.name, since: r.added_at };
  const left = await tx
    .selectFrom('person_site_past as p')
    .leftJoin('site as s', 's.id', 'p.site')
    .select(['p.site', 'p.until', 's.name'])
    .where('p.person', 'in', names)
    .orderBy('p.until')
    .execute();
  for (const r of left) yield r;
}

async function* holds({ tx, keys, names }: Reading) {
  const all = await listHolds(tx, keys, { released: true, people: names });
  for (const { from, until, setAt, releasedAt, reason } of all) yield { from, until, setAt, releasedAt, reason };
}

/** Copies fields that the kept person lacks, such as their number, from the merged person. */
async function mergePerson({ tx, keys, kept, merged, now }: Merge): Promise<void> {
  const people = await readPeople(tx, keys, [kept, merged]);
  const missing = FIELDS.filter((field) => (people.get(kept)?.[field] ?? null) === null);
  const patch = Object.fromEntries(missing.map((field) => [field, people.get(merged)?.[field] ?? null]));
  await writePerson(tx, keys, { id: kept, patch }, now);
  await sql`update person set merged_into = ${kept}, updated_at = ${now.toISOString()}::timestamptz
            where id = ${merged} or merged_into = ${merged}`.execute(tx);
  await sql`update person set gps_opt_out = true
            where id = ${kept} and (select gps_opt_out from person where id = ${merged})`.execute(tx);
}

async function mergeSites({ tx, kept, merged, now, publish }: Merge): Promise<void> {
  const left = await scopesOfPerson(tx, merged);
  await remove(tx, 'person_site', { person: merged });
  for (const site of left) await joinScope(tx, kept, site, now);
  publish(left.map((site) => ({ kind: 'removed', person: merged, site })));
}

async function mergePastSites({ tx, kept, merged }: Merge): Promise<void> {
  await sql`
    with past as (delete from person_site_past where person = ${merged}::uuid returning site, until)
    insert into person_site_past as p (person, site, until) select ${kept}::uuid, site, until from past
    on conflict (person, site) do update set until = greatest(p.until, excluded.until)`.execute(tx);
}

function takePeople({ tx, keys, now }: Batch, events: readonly EventOf<'person'>[]): Promise<void> {
  const changes = events.map(({ header, personal: { person, name, number, language } }) => ({
    ...header.open,
    personal: { person: person?.value, name: name?.value, number: number?.value, language: language?.value },
    at: instantOf(header, now),
  }));
  return applyPeople(tx, keys, changes, now);
}

async function publishPerson({ tx, event, person, added, scope, now, publish }: OneEvent<'person'>): Promise<void> {
  if (!person || event.header.open.change === 'deleted') return;
  const joins = added.has(person) && (await joinScope(tx, person, scope, now));
  const sites = joins ? [] : await scopesOfPerson(tx, person);
  publish(
    joins ? await allOfPerson(tx, person, scope) : sites.map((site): NewChange => ({ kind: 'person', person, site })),
  );
}

export const people: ServerModule = {
  events: { person: { changes: 'person' } },
  onEvents: { person: takePeople },
  onEvent: { person: publishPerson },
  endpoints: peopleRoutes,
  kioskChanges: {
    person: { people: peopleForKiosks },
    removed: { row: ({ person, here }) => (here ? null : { kind: 'removed', person }) },
  },
  tables: {
    // No `sealed`: its envelope has two layers of encryption, which rows.ts handles.
    person: { exported: 'profile', merged: mergePerson, erased: ({ tx, people, now }) => erasePeople(tx, people, now) },
    person_site: { exported: 'sites', merged: mergeSites, erased: deleteBy('person') },
    person_site_past: { exported: 'sites', merged: mergePastSites, erased: deleteBy('person') },
    person_merge: {
      exported: 'profile',
      merged: 'the merge adds a row',
      erased: 'stays: ids alone, by which what comes later under another name is recognised as theirs and not kept',
    },
    profile_change: { exported: 'profile', merged: moveBy('person'), erased: deleteBy('person') },
    retention_hold: {
      sealed: { by: 'environment', columns: { reason: (cell) => placeOf('hold.reason', cell('id')) } },
      exported: 'holds',
      merged: UNDER_EVERY_NAME,
      // The holds were released before. Their reason is personal too, and is not encrypted under the person's key.
      erased: deleteBy('person'),
    },
  },
  myData: { profile, sites, holds },
};

/**
 * Returns what kiosks are sent of people. Leaves out people who were erased, deleted at a kiosk or merged into another, and
 * those who don't belong to the reader's site.
 */
async function peopleForKiosks(
  { source: { db, keys }, scope, opened }: Reader,
  people: readonly string[],
): Promise<ChangeOf<'person'>[]> {
  const rows = await db
    .selectFrom('person as p')
    .innerJoin('person_site as s', 's.person', 'p.id')
    .select('p.id')
    .where('s.site', '=', scope)
    .where('p.id', 'in', people)
    .where('p.deleted_at', 'is', null)
    .where('p.merged_into', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('erasure as e')
            .select('e.request')
            .where('e.off_kiosks', '=', true)
            .where('e.state', '=', 'requested')
            .where(sql<boolean>`e.person = p.id or e.person in (select m.id from person m where m.merged_into = p.id)`),
        ),
      ),
    )
    .execute();
  const found = await selectRows(db, keys, idsOf(rows));
  // Leave out people who were erased between the two statements.
  const living = found.filter((r) => r.deletedAt === null);
  opened.note('person.name', idsOf(living));
  return living.map(({ id, values: { name = '', number = null, language = '' }, gpsOptOut }) => ({
    kind: 'person',
    person: id,
    name,
    number,
    language,
    gpsOptOut,
  }));
}
