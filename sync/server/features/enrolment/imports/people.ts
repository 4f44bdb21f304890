import { type Kysely, sql } from 'kysely';
import { v7 } from 'uuid';
import { Problem } from '../../../../errors/problem.ts';
import type { ImportLine, ImportLinePage } from '../../../../protocol/api/imports.ts';
import { livingPeople } from '../../../core/people/living.ts';
import { namesOf, recordChange, writePerson } from '../../../core/people/records.ts';
import { normalised } from '../../../core/people/rows.ts';
import { assignToSites } from '../../../core/people/sites.ts';
import { DEFAULT_SCOPE, listSites } from '../../../core/sites/sites.ts';
import { writePageCursor } from '../../../platform/access/cursor.ts';
import type { Services } from '../../../platform/access/route.ts';
import { SYSTEM } from '../../../platform/audit/actor.ts';
import type { AuditEntry } from '../../../platform/audit/entry.ts';
import { writeAudit } from '../../../platform/audit/write.ts';
import { inTransaction } from '../../../platform/database/retry.ts';
import {
  exists,
  find,
  findAll,
  findLocked,
  findSorted,
  insert,
  remove,
  update,
} from '../../../platform/database/rows.ts';
import type { Db, Tables, Tx } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { peopleOf } from '../../../platform/keys/persons.ts';
import { requestErasure } from '../../privacy/erasure/request.ts';
import { type ListLine, plain } from './list.ts';
import { type PlannedLine, planLines } from './people-rules.ts';
import { importBox, lockOpen, mapPlace, rejudge, requireIdle } from './runs.ts';

/**
 * Creates the people of a list. Every line is checked first, and nobody is created while any line is wrong. Someone who has
 * the number or address of a line already is left as they are. So a list can be run again, and after a kill it continues
 * with the people who are missing.
 */

/** People created per transaction. */
const BATCH = 25;
const SOUGHT = 1000;

async function planOf(db: Db, keys: Keys, run: string): Promise<PlannedLine[]> {
  const row = await find(db, 'import_run', { id: run }, ['map']);
  const lines = row?.map ? (keys.openJson(mapPlace(run), row.map) as ListLine[]).filter((line) => line.people) : [];
  return planLines(lines, {
    numbers: await peopleBy(db, keys, 'number', lines),
    emails: await peopleBy(db, keys, 'email', lines),
    sites: await listSites(db),
  });
}

/** Finds people by a field, except erased ones, through its blind index, without decrypting anything. */
async function peopleBy(
  db: Kysely<Tables>,
  keys: Keys,
  field: 'number' | 'email',
  lines: readonly ListLine[],
): Promise<Map<string, string[]>> {
  const values = [...new Set(lines.flatMap((line) => (line[field] === null ? [] : [normalised(field, line[field])])))];
  const found = new Map<string, string[]>();
  for (let i = 0; i < values.length; i += SOUGHT) {
    const byIndex = new Map<string, string>();
    for (const value of values.slice(i, i + SOUGHT))
      for (const index of keys.blindIndexes(`person.${field}`, value)) byIndex.set(index.toString('hex'), value);
    const indexes = [...byIndex.keys()].map((hex) => Buffer.from(hex, 'hex'));
    const rows = await livingPeople(db)
      .select(`${field}_index as index` as const)
      .where(`${field}_index`, 'in', indexes)
      .orderBy('id')
      .execute();
    for (const { id, index } of rows) {
      const value = byIndex.get(Buffer.from(index as Uint8Array).toString('hex'));
      if (value !== undefined) found.set(value, [...(found.get(value) ?? []), id]);
    }
  }
  return found;
}

/** Returns one page of the lines. @param o `after`: number of lines before it */
export async function listLines(
  db: Db,
  keys: Keys,
  run: string,
  o: { readonly outcome?: ImportLine['outcome'] | undefined; readonly limit: number; readonly after: number },
): Promise<ImportLinePage> {
  const plan = await planOf(db, keys, run);
  const wanted = o.outcome === undefined ? plan : plan.filter((line) => line.outcome === o.outcome);
  const shown = wanted.slice(o.after, o.after + o.limit);
  const names = await namesOf(db, keys, peopleOf(shown));
  const uploaded = await filesOf(db, keys, run);
  const count = (outcome: ImportLine['outcome']) => plan.filter((line) => line.outcome === outcome).length;
  return {
    items: shown.map(({ line, outcome, codes, person, language }) => ({
      line: line.line,
      outcome,
      codes: [...codes],
      name: line.name,
      number: line.number,
      email: line.email,
      site: line.site,
      language: language ?? line.language,
      file: line.file,
      hasPhoto: line.file === null ? null : uploaded.has(plain(line.file)),
      person: person === null ? null : { id: person, name: names.get(person) ?? null },
    })),
    next: wanted.length > o.after + o.limit ? writePageCursor([o.after + o.limit]) : null,
    counts: { new: count('new'), known: count('known'), wrong: count('wrong') },
  };
}

async function filesOf(db: Db, keys: Keys, run: string): Promise<Set<string>> {
  const rows = await findAll(db, 'import_photo', { run }, ['id', 'person', 'name']);
  const box = await importBox(db, keys, rows);
  return new Set(rows.filter(box.has).map((row) => plain(box.fileOf(row))));
}

/**
 * Makes the job create the people of the list.
 *
 * @throws Problem `import-unknown`, `import-closed`, `import-people-busy`, `import-people-wrong`, `import-nobody-new`
 */
export async function makePeople(tx: Tx, keys: Keys, run: string): Promise<void> {
  const { people } = await lockOpen(tx, run);
  requireIdle(people);
  const plan = await planOf(tx, keys, run);
  const wrong = plan.filter((line) => line.outcome === 'wrong').length;
  if (wrong > 0) throw new Problem('import-people-wrong', { count: wrong });
  if (!plan.some((line) => line.outcome === 'new')) throw new Problem('import-nobody-new');
  await update(tx, 'import_run', { id: run }, { people: 'making' });
}

/**
 * Makes the job erase the people created by this import, except those that were changed or used since. Each is an erasure
 * like any other, so kiosks delete them too.
 *
 * @throws Problem `import-unknown`, `import-people-busy`, `import-nobody-made`
 */
export async function undoPeople(tx: Tx, run: string): Promise<void> {
  const row = await findLocked(tx, 'import_run', { id: run }, ['people']);
  if (!row) throw new Problem('import-unknown');
  requireIdle(row.people);
  if (!(await exists(tx, 'import_person', { run }))) throw new Problem('import-nobody-made');
  await update(tx, 'import_run', { id: run }, { people: 'undoing' });
}

/** Creates the people missing from accepted lists, a batch per transaction. @returns number of people created */
export async function makeWanted(services: Services, signal: AbortSignal): Promise<number> {
  const { db, keys, now } = services;
  const runs = await findSorted(db, 'import_run', { people: 'making' }, ['id']);
  let made = 0;
  for (const { id: run } of runs) {
    const missing = (await planOf(db, keys, run)).filter((line) => line.outcome === 'new');
    for (let i = 0; i < missing.length; i += BATCH) {
      signal.throwIfAborted();
      made += await inTransaction(db, (tx) => makeBatch(tx, keys, run, missing.slice(i, i + BATCH), now()));
      services.notify('change');
    }
    await inTransaction(db, async (tx) => {
      await update(tx, 'import_run', { id: run }, { people: 'made' });
      await rejudge(tx, run);
    });
    services.notify('board');
  }
  return made;
}

async function makeBatch(tx: Tx, keys: Keys, run: string, lines: readonly PlannedLine[], now: Date): Promise<number> {
  const row = await findLocked(tx, 'import_run', { id: run }, ['people']);
  if (row?.people !== 'making') return 0;
  // One of them may have been added meanwhile, by hand or at a kiosk.
  const these = lines.map(({ line }) => line);
  const numbers = await peopleBy(tx, keys, 'number', these);
  const emails = await peopleBy(tx, keys, 'email', these);
  const made: string[] = [];
  for (const { line, site, language } of lines) {
    const { name, number, email } = line;
    if ((number && numbers.has(normalised('number', number))) || (email && emails.has(normalised('email', email))))
      continue;
    const person = v7();
    const patch = { name, number, email, language };
    const { changed } = await writePerson(tx, keys, { id: person, patch, expectVersion: 0 }, now);
    await recordChange(tx, person, 'added', changed, { via: 'import', account: null }, now);
    await assignToSites(tx, person, [await scopeOf(tx, site)], now);
    await insert(tx, 'import_person', { person, run, made_at: now });
    made.push(person);
  }
  if (made.length > 0) await writeAudit(tx, keys, entryOf('write', run, made), now);
  return made.length;
}

async function scopeOf(db: Db, site: string | null): Promise<string> {
  if (site === null) return DEFAULT_SCOPE;
  const row = await find(db, 'site', { id: site }, ['is_default']);
  return row?.is_default === false ? site : DEFAULT_SCOPE;
}

const entryOf = (action: 'write' | 'delete', run: string, subjects: readonly string[]): AuditEntry => ({
  actor: SYSTEM,
  action,
  route: 'job photo-imports',
  resource: run,
  data: ['person.name', 'person.number', 'person.email'],
  subjects,
  outcome: 'ok',
});

/** People created by this import and untouched since: at their one site, no consent, face, card, record, merge or change. */
const untouched = (db: Db, run: string) =>
  db
    .selectFrom('import_person as i')
    .innerJoin('person as p', 'p.id', 'i.person')
    .select('i.person')
    .where('i.run', '=', run)
    .where('p.row_version', '=', 1)
    .where('p.deleted_at', 'is', null)
    .where('p.merged_into', 'is', null)
    .where(
      sql<boolean>`not exists (select from erasure e where e.person = i.person and e.state <> 'undone')
        and not exists (select from consent x where x.person = i.person)
        and not exists (select from template x where x.person = i.person)
        and not exists (select from card_template x where x.person = i.person)
        and not exists (select from credential x where x.person = i.person)
        and not exists (select from pin_code x where x.person = i.person)
        and not exists (select from person_minor x where x.person = i.person)
        and not exists (select from checkin x where x.person = i.person)
        and not exists (select from event x where x.person = i.person)
        and not exists (select from person_merge x where x.kept = i.person)
        and not exists (select from retention_hold x where x.person = i.person)
        and not exists (select from person_site_past x where x.person = i.person)
        and (select count(*) from person_site x where x.person = i.person) = 1`,
    )
    .orderBy('i.person');

/** Erases the people that imports created, one request each, so that the job can resume after a kill. @returns their number */
export async function undoWanted(services: Services, signal: AbortSignal): Promise<number> {
  const { db, keys, now } = services;
  const runs = await findSorted(db, 'import_run', { people: 'undoing' }, ['id']);
  let undone = 0;
  for (const { id: run } of runs) {
    for (;;) {
      signal.throwIfAborted();
      const next = await untouched(db, run).limit(1).executeTakeFirst();
      if (!next) break;
      const at = now();
      await requestErasure(db, keys, { person: next.person, origin: 'staff', undoDays: 0 }, at);
      await inTransaction(db, async (tx) => {
        await remove(tx, 'import_person', { person: next.person });
        await writeAudit(tx, keys, entryOf('delete', run, [next.person]), at);
      });
      undone += 1;
    }
    await update(db, 'import_run', { id: run }, { people: 'undone' });
    services.notify('change');
    services.notify('board');
  }
  return undone;
}
