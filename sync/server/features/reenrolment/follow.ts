import { sql } from 'kysely';
import { embeddersIn } from '../../../../models/node/embedders.ts';
import { type Calibration, onShippedScale } from '../../../../models/rules/decision.ts';
import { embedderId } from '../../../../models/rules/manifest.ts';
import type { ScoreTrend } from '../../../protocol/api/people.ts';
import type { WireEvent } from '../../../protocol/wire/event.ts';
import { sameAs } from '../../core/people/living.ts';
import { lockPeople } from '../../core/people/people.ts';
import type { Services } from '../../platform/access/route.ts';
import { SYSTEM } from '../../platform/audit/actor.ts';
import { audited, type Opened } from '../../platform/audit/opened.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { find, findLocked, findSorted, update, upsert } from '../../platform/database/rows.ts';
import type { Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { openHalf } from '../../platform/keys/personal.ts';
import { type PersonBox, personBox } from '../../platform/keys/persons.ts';
import type { Merge } from '../../platform/server-module.ts';
import { falls, NO_SCORES, type Scores, withScore } from './scores.ts';

/** Age from which we assume that all transactions that insert events of that time have committed, ms. */
const SETTLED_MS = 60_000;
const PAGE = 500;
const MARK = 'score-drift';

/** Follows match scores up to the newest events. @returns number of scores that started to fall */
export async function followScores({ db, keys, config, now }: Services, signal: AbortSignal): Promise<number> {
  const calibrations = calibrationsOf(config);
  let falling = 0;
  for (;;) {
    signal.throwIfAborted();
    const at = now();
    const why = { actor: SYSTEM, route: 'job reenrolment', everyone: true };
    const page = await inTransaction(db, (tx) =>
      audited(tx, keys, why, at, (opened) => followPage(tx, keys, opened, calibrations, at)),
    );
    falling += page.falling;
    if (page.events < PAGE) return falling;
  }
}

const calibrationsOf = ({ weights }: Services['config']): ReadonlyMap<string, Calibration> =>
  new Map(embeddersIn(weights).map((e) => [embedderId(e), e.calibration]));

/** Processes the next events after the mark, and moves it in the same transaction, so that each event counts once. */
async function followPage(
  tx: Tx,
  keys: Keys,
  opened: Opened,
  calibrations: ReadonlyMap<string, Calibration>,
  now: Date,
): Promise<{ events: number; falling: number }> {
  const held = await findLocked(tx, 'meta', { key: MARK }, ['value']);
  const [since, last] = held ? (JSON.parse(held.value) as [string, string]) : ['1970-01-01T00:00:00.000Z', ''];
  const received = sql<Date>`date_trunc('milliseconds', received_at)`;
  const rows = await tx
    .selectFrom('event')
    .select(['id', 'person', 'personal', 'gps', 'header', received.as('at')])
    .where('type', '=', 'checkin')
    .where(sql<boolean>`(${received}, id::text) > (${since}::timestamptz, ${last})`)
    .where('received_at', '<', new Date(now.getTime() - SETTLED_MS))
    .orderBy(received)
    .orderBy(sql`id::text`)
    .limit(PAGE)
    .execute();
  const end = rows.at(-1);
  if (!end) return { events: 0, falling: 0 };
  const theirs = rows.filter((r) => r.person !== null && r.personal !== null && modelOf(r.header));
  const people = theirs.map((r) => r.person!);
  // After this lock, people erased meanwhile have no key and are skipped.
  await lockPeople(tx, people);
  const box = await personBox(tx, keys, people);
  opened.note('attendance', people);
  let falling = 0;
  for (const row of theirs) {
    if (!box.has(row.person!)) continue;
    const model = modelOf(row.header)!;
    const score = scoreOf(keys, box, row, calibrations.get(model));
    if (score !== null && (await follow(tx, row.person!, model, score, row.at, now))) falling += 1;
  }
  const value = JSON.stringify([end.at.toISOString(), end.id]);
  await upsert(tx, 'meta', 'key', { key: MARK, value }, { value });
  return { events: rows.length, falling };
}

/** Returns a check-in's score on the built-in embedder's scale; unscaled if its embedder isn't installed; null if it has none. */
function scoreOf(
  keys: Keys,
  box: PersonBox,
  row: { readonly id: string; readonly person: string | null; readonly personal: Uint8Array | null },
  calibration: Calibration | undefined,
): number | null {
  const score = openHalf(keys, box, { ...row, gps: null }).score?.value;
  if (typeof score !== 'number') return null;
  return calibration ? onShippedScale(score, calibration) : score;
}

const modelOf = (header: unknown): string | undefined =>
  ((header as WireEvent['header']).open as { model?: string }).model;

/** Most check-ins used for a trend, newest first. */
const MOST = 500;
const DAY_MS = 86_400_000;

/**
 * Returns, by embedder, how well someone's face has been recognised since it was last enrolled: the stored scores, and the mean
 * of each week (UTC, from Monday), computed from the stored check-ins. Nothing else is stored for it.
 */
export async function scoreTrends({ keys, config }: Services, tx: Tx, person: string): Promise<ScoreTrend[]> {
  const names = await sameAs(tx, [person]);
  const followed = await findSorted(tx, 'person_score', { person: names }, ['model']);
  const since = followed.map((f) => f.since.getTime());
  if (since.length === 0) return [];
  const rows = await tx
    .selectFrom('event')
    .select(['id', 'person', 'personal', 'header', 'received_at as at'])
    .where('type', '=', 'checkin')
    .where('person', 'in', names)
    .where('received_at', '>=', new Date(Math.min(...since)))
    .orderBy('received_at', 'desc')
    .limit(MOST)
    .execute();
  const box = await personBox(tx, keys, names);
  const calibrations = calibrationsOf(config);
  return followed.map((of) => {
    const weeks = new Map<string, number[]>();
    for (const row of rows) {
      if (modelOf(row.header) !== of.model || row.at < of.since || !box.has(row.person!)) continue;
      const score = scoreOf(keys, box, row, calibrations.get(of.model));
      if (score === null) continue;
      const week = mondayOf(row.at);
      weeks.set(week, [...(weeks.get(week) ?? []), score]);
    }
    const { model, count, baseline, recent } = of;
    return {
      model,
      since: of.since.toISOString(),
      count,
      baseline,
      recent,
      falls: falls(of),
      weeks: [...weeks]
        .map(([week, all]) => ({ week, count: all.length, mean: all.reduce((sum, v) => sum + v, 0) / all.length }))
        .sort((a, b) => (a.week < b.week ? -1 : 1)),
    };
  });
}

const mondayOf = (at: Date): string =>
  new Date(at.getTime() - ((at.getUTCDay() + 6) % 7) * DAY_MS).toISOString().slice(0, 10);

/** Adds a check-in to the scores of a person. @returns whether the scores count as falling from this check-in on */
async function follow(tx: Tx, person: string, model: string, score: number, at: Date, now: Date): Promise<boolean> {
  const newest = await tx
    .selectFrom('template')
    .select((e) => e.fn.max('added_at').as('at'))
    .where('person', '=', person)
    .where('model', '=', model)
    .executeTakeFirst();
  // The person has no templates any more, or the check-in is from before their re-enrolment.
  if (!newest?.at || at < newest.at) return false;
  const row = await find(tx, 'person_score', { person, model });
  const before: Scores = row && row.since.getTime() === newest.at.getTime() ? row : NO_SCORES;
  const after = withScore(before, score);
  const values = { since: newest.at, ...after, updated_at: falls(before) ? (row?.updated_at ?? now) : now };
  await upsert(tx, 'person_score', ['person', 'model'], { person, model, ...values }, values);
  return falls(after) && !falls(before);
}

/**
 * Merges the scores of two people: for each model, those of the one with more check-ins are kept. Their templates have just
 * been combined, which is no new enrolment, so the kept scores count from those templates on.
 */
export async function mergeScores({ tx, kept, merged }: Merge): Promise<void> {
  await sql`
    delete from person_score s using person_score other
    where s.person in (${kept}::uuid, ${merged}::uuid) and other.person in (${kept}::uuid, ${merged}::uuid)
      and other.person <> s.person and other.model = s.model
      and (other.count > s.count or (other.count = s.count and other.person = ${kept}::uuid))`.execute(tx);
  await update(tx, 'person_score', { person: merged }, { person: kept });
  await sql`
    update person_score s set since = t.newest
    from (select model, max(added_at) as newest from template where person = ${kept}::uuid group by model) t
    where s.person = ${kept}::uuid and s.model = t.model`.execute(tx);
}
