import type { Kysely } from 'kysely';
import { dot } from '../../../../../models/rules/cosine.ts';
import { IMPORT_QUALITY } from '../../../../../models/rules/quality.ts';
import { Problem } from '../../../../errors/problem.ts';
import { partnersOf } from '../../../core/lookalikes/store.ts';
import { livingPeople } from '../../../core/people/living.ts';
import { lockPeople } from '../../../core/people/people.ts';
import { findPeople, namesOf } from '../../../core/people/records.ts';
import { readTemplates, vectorBytes, vectorFrom } from '../../../core/templates/templates.ts';
import type { Services } from '../../../platform/access/route.ts';
import { SYSTEM } from '../../../platform/audit/actor.ts';
import { audited, type Opened } from '../../../platform/audit/opened.ts';
import { inTransaction } from '../../../platform/database/retry.ts';
import { find, findAll, findLocked, idsOf, not, update } from '../../../platform/database/rows.ts';
import type { Db, Row as DbRow, Tables, Tx } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { peopleOf } from '../../../platform/keys/persons.ts';
import { type Judged, judgePicture, presentPipeline } from '../../embedders/faces.ts';
import { mostAlike } from '../alike.ts';
import { type ListLine, plain } from './list.ts';
import { moveTo } from './photos.ts';
import { importBox, importPlace, mapPlace } from './runs.ts';

/** Most pictures in memory at once, and per transaction. */
const BATCH = 12;

type Row = Pick<DbRow<'import_photo'>, 'id' | 'run' | 'person' | 'name' | 'photo'>;

/**
 * Checks every waiting picture: who it shows, how good it is, and whether the face is someone else's. A picture that changed
 * while it was being checked waits for the next run.
 *
 * @returns number of pictures checked
 */
export async function judgeWaiting(services: Services, signal: AbortSignal): Promise<number> {
  let count = 0;
  const left: string[] = [];
  for (;;) {
    signal.throwIfAborted();
    const rows = await services.db
      .selectFrom('import_photo as p')
      .innerJoin('import_run as r', 'r.id', 'p.run')
      .select(['p.id', 'p.run', 'p.person', 'p.name', 'p.photo'])
      .where('p.state', '=', 'waiting')
      .where('r.state', '=', 'open')
      .$if(left.length > 0, (q) => q.where('p.id', 'not in', left))
      .orderBy('p.run')
      .orderBy('p.id')
      .limit(BATCH)
      .execute();
    const run = rows[0]?.run;
    if (run === undefined) return count;
    const batch = rows.filter((r) => r.run === run);
    const settled = await judgeBatch(services, run, batch);
    left.push(...batch.flatMap(({ id }) => (settled.has(id) ? [] : [id])));
    services.notify('board');
    count += settled.size;
  }
}

/** @returns ids of the pictures whose result was stored */
async function judgeBatch(services: Services, run: string, rows: readonly Row[]): Promise<ReadonlySet<string>> {
  const { db, keys, now } = services;
  const at = now();
  const { matched, round } = await matchBatch(db, keys, run, rows, at);
  // Outside of any transaction, since the models take long.
  const pipeline = await presentPipeline(services);
  const judged = new Map<string, Judged>();
  const box = await importBox(db, keys, matched);
  const why = { actor: SYSTEM, route: 'job photo-imports', resource: run, everyone: true };
  await audited(db, keys, why, at, async (opened) => {
    for (const row of matched) {
      if (!row.photo || !box.has(row)) continue;
      opened.note('photo', peopleOf([row]));
      judged.set(row.id, await judgePicture(pipeline, box.open('photo', row, row.photo), IMPORT_QUALITY));
    }
  });
  return inTransaction(db, async (tx) => {
    const same = await unchanged(tx, run, matched, round);
    await audited(tx, keys, why, at, (opened) => settle(tx, keys, opened, run, same, judged));
    return new Set(same.flatMap(({ id }) => (judged.has(id) ? [id] : [])));
  });
}

type Matched = Row & { readonly unmatched: string | null };

/** Finds the person of each picture, and encrypts it under their key before anything else is done with it. */
async function matchBatch(
  db: Db,
  keys: Keys,
  run: string,
  rows: readonly Row[],
  now: Date,
): Promise<{ readonly matched: readonly Matched[]; readonly round: number | null }> {
  const held = await find(db, 'import_run', { id: run }, ['map', 'matching_round']);
  const list = listByFile(held?.map ? (keys.openJson(mapPlace(run), held.map) as ListLine[]) : []);
  let everybody: Promise<Map<string, string[]>> | null = null;
  const why = { actor: SYSTEM, route: 'job photo-imports', resource: run, everyone: true };
  const matched: Matched[] = [];
  for (const row of rows) {
    if (row.person !== null) {
      matched.push({ ...row, unmatched: null });
      continue;
    }
    const file = String(keys.openJson(importPlace('name', row.id, null), row.name));
    const match = await matchFile(db, keys, file, list, () => {
      everybody ??= audited(db, keys, why, now, async (opened) => {
        const names = await everybodyByName(db, keys);
        opened.note('person.name', [...names.values()].flat());
        return names;
      });
      return everybody;
    });
    if (match.person === null) {
      matched.push({ ...row, unmatched: match.code });
      continue;
    }
    const moved = await moveWaiting(db, keys, row.id, match.person);
    if (moved) matched.push({ ...moved, unmatched: null });
  }
  return { matched, round: held?.matching_round ?? null };
}

/** Assigns a picture to a person, unless it was assigned meanwhile. @returns null if it should not be checked now */
async function moveWaiting(db: Db, keys: Keys, photo: string, person: string): Promise<Row | null> {
  const waiting = { id: photo, state: 'waiting' } as const;
  try {
    return await inTransaction(db, async (tx) => {
      const row = await findLocked(tx, 'import_photo', waiting);
      if (row?.person !== null) return row ?? null;
      await moveTo(tx, keys, row, person);
      return (await find(tx, 'import_photo', waiting)) ?? null;
    });
  } catch (cause) {
    // The person was just erased or merged into another. The next run looks for the person again.
    if (cause instanceof Problem && cause.code === 'person-unknown') return null;
    throw cause;
  }
}

/**
 * Returns the pictures whose result is still valid: the import is open, nobody has decided about or assigned them, and, for
 * pictures without a person, neither list nor people have changed in a way that may identify someone.
 *
 * @param round the import's `matching_round` when its list was read
 */
async function unchanged(
  tx: Tx,
  run: string,
  rows: readonly Matched[],
  round: number | null,
): Promise<readonly Matched[]> {
  const held = await findLocked(tx, 'import_run', { id: run }, ['state', 'matching_round']);
  if (held?.state !== 'open' || rows.length === 0) return [];
  const now = await tx
    .selectFrom('import_photo')
    .select(['id', 'person'])
    .where('state', '=', 'waiting')
    .where('id', 'in', idsOf(rows))
    .forUpdate()
    .execute();
  const persons = new Map(now.map((r) => [r.id, r.person]));
  return rows.filter((r) => persons.get(r.id) === r.person && (r.person !== null || held.matching_round === round));
}

/** Stores the results. @param rows pictures that are locked (`unchanged`) */
async function settle(
  tx: Tx,
  keys: Keys,
  opened: Opened,
  run: string,
  rows: readonly Matched[],
  judged: ReadonlyMap<string, Judged>,
): Promise<void> {
  const usable = rows.flatMap((row) => {
    const found = judged.get(row.id);
    return found?.code === null ? [{ row, face: found }] : [];
  });
  const model = usable[0]?.face.model ?? '';
  const probes: { embedding: Float32Array; not: string[] }[] = [];
  for (const { row, face } of usable)
    probes.push({
      embedding: face.embedding,
      not: row.person === null ? [] : [row.person, ...(await partnersOf(tx, row.person))],
    });
  const alike = usable[0] ? await mostAlike(tx, keys, opened, usable[0].face, probes) : [];
  const people = usable.flatMap(({ row }) => row.person ?? []);
  const own = await readTemplates(tx, keys, opened, people, model);
  const others = await othersOf(tx, keys, opened, run, model);
  const like = [...alike.flatMap((a) => a?.person ?? []), ...others.map((o) => o.person)];
  const standing = await lockPeople(tx, [...like, ...people]);
  const box = await importBox(tx, keys, rows);
  for (const row of rows) {
    const face = judged.get(row.id);
    if (!face || !box.has(row)) continue;
    const i = usable.findIndex((u) => u.row.id === row.id);
    let code = face.code ?? row.unmatched;
    let duplicate: { person: string; score: number } | null = null;
    if (face.code === null && row.person !== null) {
      const vector = face.embedding;
      // From this score on, two pictures may show the same person.
      const { verification } = face.calibration;
      const theirs = (own.get(row.person)?.get(model) ?? []).map((t) => vectorFrom(Buffer.from(t.vector, 'base64url')));
      const inImport = others
        .filter((o) => o.vector.length === vector.length)
        .map((o) => ({ ...o, score: dot(o.vector, vector) }))
        .filter((o) => o.person !== row.person && !probes[i]!.not.includes(o.person))
        .filter((o) => o.score >= verification && !standing.get(o.person)?.erased)
        .sort((a, b) => b.score - a.score)[0];
      const stored = alike[i] ?? null;
      if (stored && !standing.get(stored.person)?.erased) [code, duplicate] = ['duplicate-face', stored];
      else if (inImport)
        [code, duplicate] = ['duplicate-in-import', { person: inImport.person, score: inImport.score }];
      else if (theirs.length > 0 && !theirs.some((t) => dot(t, vector) >= verification)) code = 'another-person';
      others.push({ person: row.person, vector });
    }
    const found = {
      state: 'judged',
      code,
      pose: face.pose,
      measured: face.measured && JSON.stringify(face.measured),
      // Only the crop of the face is kept. Nothing is kept of a picture without a face.
      photo: face.picture && box.seal('photo', row, face.picture),
      template: face.code === null ? box.seal('template', row, vectorBytes(face.embedding)) : null,
      model: face.code === null ? face.model : null,
      duplicate_of: duplicate?.person ?? null,
      duplicate_score: duplicate?.score ?? null,
    } as const;
    await update(tx, 'import_photo', { id: row.id, state: 'waiting' }, found);
  }
}

/** Returns faces of the same import that were checked before with this embedder. */
async function othersOf(
  tx: Tx,
  keys: Keys,
  opened: Opened,
  run: string,
  model: string,
): Promise<{ person: string; vector: Float32Array }[]> {
  const looked = { run, model, template: not(null), person: not(null), state: ['judged', 'accepted'] } as const;
  const rows = await findAll(tx, 'import_photo', looked, ['id', 'person', 'template']);
  const box = await importBox(tx, keys, rows);
  opened.note('template', peopleOf(rows));
  return rows.flatMap((row) =>
    row.person && row.template && box.has(row)
      ? [{ person: row.person, vector: vectorFrom(box.open('template', row, row.template)) }]
      : [],
  );
}

/** Files are matched to people by the list, else by file name: a number, an e-mail address, an id or a person's name. */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** `Lovelace_Ada-2.jpg` becomes `lovelace ada`. A number at the end distinguishes several pictures of one person. */
export const nameOfFile = (file: string): string =>
  plain(
    stem(file)
      .replaceAll(/[_]+/g, ' ')
      .replace(/[\s(-]+\d{1,2}\)?$/, '')
      .replaceAll(/\s+/g, ' '),
  );
const stem = (file: string): string => file.replace(/\.[^.]+$/, '');

/** `person-unknown`: no match; `person-unclear`: several people match. */
export type Match =
  | { readonly person: string }
  | { readonly person: null; readonly code: 'person-unknown' | 'person-unclear' };

/** @param names ids of everyone by name; read once per batch, and only if needed */
async function matchFile(
  db: Kysely<Tables>,
  keys: Keys,
  file: string,
  list: ReadonlyMap<string, ListLine>,
  names: () => Promise<ReadonlyMap<string, readonly string[]>>,
): Promise<Match> {
  const line = list.get(plain(file)) ?? list.get(plain(stem(file)));
  const tries: (() => Promise<readonly string[]>)[] = [];
  const byName = (name: string) => async () => (await names()).get(plain(name)) ?? [];
  if (line) {
    const { number, email, name } = line;
    if (number) tries.push(() => findPeople(db, keys, { number }));
    if (email) tries.push(() => findPeople(db, keys, { email }));
    if (name) tries.push(byName(name));
  } else {
    const whole = stem(file).trim();
    const alone = whole.replace(/[\s_(-]+\d{1,2}\)?$/, '');
    for (const text of new Set([whole, alone])) {
      tries.push(() => findPeople(db, keys, { number: text }));
      if (text.includes('@')) tries.push(() => findPeople(db, keys, { email: text }));
    }
    if (UUID.test(whole)) tries.push(() => livingOnly(db, whole));
    tries.push(byName(nameOfFile(file)));
    const parts = nameOfFile(file).split(/,? /);
    if (parts.length === 2) tries.push(byName(`${parts[1]} ${parts[0]}`));
  }
  for (const attempt of tries) {
    const found = await attempt();
    if (found.length > 1) return { person: null, code: 'person-unclear' };
    if (found[0]) return { person: found[0] };
  }
  return { person: null, code: 'person-unknown' };
}

const listByFile = (lines: readonly ListLine[]): ReadonlyMap<string, ListLine> =>
  new Map(lines.flatMap((line) => (line.file === null ? [] : [[plain(line.file), line] as const])));

/** Returns everyone's id by name. Names are encrypted, so there is no other way to search by name. */
async function everybodyByName(db: Kysely<Tables>, keys: Keys): Promise<Map<string, string[]>> {
  const rows = await livingPeople(db).execute();
  const byName = new Map<string, string[]>();
  const names = await namesOf(db, keys, idsOf(rows));
  for (const [id, name] of names) byName.set(plain(name), [...(byName.get(plain(name)) ?? []), id]);
  return byName;
}

const livingOnly = async (db: Kysely<Tables>, person: string): Promise<string[]> =>
  idsOf(await livingPeople(db).where('id', '=', person).execute());
