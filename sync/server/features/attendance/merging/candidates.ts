import { type Kysely, sql } from 'kysely';
import { embeddersIn } from '../../../../../models/node/embedders.ts';
import { dot, isNormalised } from '../../../../../models/rules/cosine.ts';
import { leeway } from '../../../../../models/rules/decision.ts';
import { embedderId } from '../../../../../models/rules/manifest.ts';
import { readTemplates, vectorFrom } from '../../../core/templates/templates.ts';
import { SYSTEM } from '../../../platform/audit/actor.ts';
import { audited, type Opened } from '../../../platform/audit/opened.ts';
import { inTransaction } from '../../../platform/database/retry.ts';
import { findLast } from '../../../platform/database/rows.ts';
import type { Tables, Tx } from '../../../platform/database/schema.ts';
import type { Job } from '../../../platform/jobs/job.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { peopleOf } from '../../../platform/keys/persons.ts';

const EVERY_MS = 60_000;
/**
 * Cosine from which two people's faces are put before staff as perhaps the same, by embedder. Only a hint, and a person
 * decides; 0.6 of the one that ships, above the threshold of a gallery of 4,000 at 1 % FPIR (0.547), so that the queue stays
 * short. Templates of an embedder that is not here are not compared: nobody knows what their scores say.
 */
const likeness = (weights: string): ReadonlyMap<string, number> =>
  new Map(embeddersIn(weights).map((e) => [embedderId(e), leeway(e.calibration).alike]));

/** People whose templates are in memory at once: 500 × 40 × 2 kB = 40 MB at most. */
const CHUNK = 500;

/**
 * Puts people into the queue who may have been enrolled twice, on two kiosks that were offline or by mistake. By
 * equal number, and by a face that is like another's in the same model. A pair that was rejected is not asked again.
 */
export const duplicatesJob: Job = {
  name: 'duplicates',
  everyMs: EVERY_MS,
  run: ({ db, keys, config, now }) =>
    inTransaction(db, async (tx) => {
      const at = now();
      const why = { actor: SYSTEM, route: 'job duplicates', everyone: true };
      const alike = likeness(config.weights);
      // By number first: that is the better reason of a pair that is alike in both.
      const pairs = await byNumber(tx, at);
      const faces = await audited(tx, keys, why, at, (opened) => byTemplate(tx, keys, opened, alike, at));
      return { pairs: pairs + faces.pairs, upTo: faces.upTo };
    }),
};

/** Of people with one number, each is paired with the first: n people make n − 1 pairs. */
async function byNumber(tx: Tx, now: Date): Promise<number> {
  const { rows } = await sql<{ id: string; first: string }>`
    with living as (
      select id, min(id::text) over (partition by number_index) as first from person
      where number_index is not null and deleted_at is null and merged_into is null
    )
    select id, first from living where id::text <> first limit 10000`.execute(tx);
  const pairs = rows.map((r) => ({ a: r.id, b: r.first, score: null }));
  return add(tx, pairs, 'number', now);
}

/**
 * New templates against all of their model: of so many people at a time, those who came first.
 *
 * @returns `upTo`: when the last of them came, where others wait for the next run; null: none do
 */
async function byTemplate(
  tx: Tx,
  keys: Keys,
  opened: Opened,
  like: ReadonlyMap<string, number>,
  now: Date,
): Promise<{ pairs: number; upTo: string | null }> {
  const last = await findLast(tx, 'job_run', { job: 'duplicates', outcome: 'ok' }, 'id', ['started_at', 'report']);
  const { upTo: reached = null } = (last?.report ?? {}) as { upTo?: string | null };
  // An overlap: a template's transaction may have committed after the last look.
  const since = new Date(reached ?? (last?.started_at.getTime() ?? 0) - 10 * EVERY_MS);
  const fresh = await tx
    .selectFrom('template')
    .select((e) => ['person', e.fn.min('added_at').as('at')])
    .where('added_at', '>', since)
    .groupBy('person')
    .orderBy('at')
    .fetch(CHUNK, 'with ties')
    .execute();
  if (fresh.length === 0) return { pairs: 0, upTo: null };
  const upTo = fresh.length < CHUNK ? null : new Date(fresh.at(-1)!.at).toISOString();
  const news = await faces(tx, keys, opened, peopleOf(fresh));
  const best = new Map<string, { a: string; b: string; score: number }>();
  for (let after = ''; ; ) {
    const page = await tx
      .selectFrom('template')
      .select(sql<string>`person::text`.as('person'))
      .distinct()
      .where(sql<boolean>`person::text > ${after}`)
      .orderBy(sql`1`)
      .limit(CHUNK)
      .execute();
    const others = await faces(tx, keys, opened, peopleOf(page));
    for (const a of news) {
      for (const b of others) {
        if (a.person === b.person || a.model !== b.model || a.vector.length !== b.vector.length) continue;
        const score = dot(a.vector, b.vector);
        if (score >= (like.get(a.model) ?? Number.POSITIVE_INFINITY) && score > (best.get(a.person)?.score ?? 0))
          best.set(a.person, { a: a.person, b: b.person, score });
      }
    }
    const end = page.at(-1);
    if (!end) break;
    after = end.person;
  }
  return { pairs: await add(tx, [...best.values()], 'template', now), upTo };
}

interface Face {
  readonly person: string;
  readonly model: string;
  readonly vector: Float32Array;
}

async function faces(db: Kysely<Tables>, keys: Keys, opened: Opened, people: readonly string[]): Promise<Face[]> {
  const found = await readTemplates(db, keys, opened, people);
  return [...found].flatMap(([person, models]) =>
    [...models].flatMap(([model, templates]) =>
      templates
        .map(({ vector }) => ({ person, model, vector: vectorFrom(Buffer.from(vector, 'base64url')) }))
        .filter(({ vector }) => isNormalised(vector)),
    ),
  );
}

async function add(
  tx: Tx,
  pairs: readonly { a: string; b: string; score: number | null }[],
  reason: 'number' | 'template',
  now: Date,
): Promise<number> {
  if (pairs.length === 0) return 0;
  const { rows } = await sql`
    insert into merge_candidate (id, first, second, reason, score, found_at, status)
    select gen_random_uuid(), least(u.a, u.b), greatest(u.a, u.b), ${reason}, u.score, ${now.toISOString()}::timestamptz, 'open'
    from unnest(${pairs.map((p) => p.a)}::uuid[], ${pairs.map((p) => p.b)}::uuid[],
                ${pairs.map((p) => p.score)}::real[]) as u (a, b, score)
      -- Skip people who were erased or merged meanwhile.
      join person p on p.id = u.a and p.deleted_at is null and p.merged_into is null
      join person q on q.id = u.b and q.deleted_at is null and q.merged_into is null
    for key share of p, q
    on conflict (first, second) do nothing returning 1`.execute(tx);
  return rows.length;
}
