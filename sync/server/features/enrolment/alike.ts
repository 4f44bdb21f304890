import { sql } from 'kysely';
import { dot, isNormalised } from '../../../../models/rules/cosine.ts';
import { type Calibration, thresholdFor } from '../../../../models/rules/decision.ts';
import { Problem } from '../../../errors/problem.ts';
import type { DuplicateOf } from '../../../protocol/api/enrolment.ts';
import { namesPerson } from '../../../protocol/wire/confirmation.ts';
import { readPeople } from '../../core/people/records.ts';
import { readTemplates, vectorFrom } from '../../core/templates/templates.ts';
import type { Actor } from '../../platform/audit/actor.ts';
import type { Opened } from '../../platform/audit/opened.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';

/** Finds people whose face resembles a new one, since they may be enrolled already. Only staff is shown the result. */

const CHUNK = 500;
/** Share of new faces that may wrongly match someone. High, since a person decides, and a false hint costs little. */
const DUPLICATE_FPIR = 0.05;

interface Alike {
  readonly person: string;
  readonly score: number;
}

/** Finds the most similar person for each probe, except those in its `not`; null if nobody is similar enough. */
export async function mostAlike(
  db: Db,
  keys: Keys,
  opened: Opened,
  { model, calibration }: { readonly model: string; readonly calibration: Calibration },
  probes: readonly { readonly embedding: Float32Array; readonly not: readonly string[] }[],
): Promise<(Alike | null)[]> {
  const best: (Alike | null)[] = probes.map(() => null);
  if (probes.length === 0) return best;
  let templates = 0;
  let people = 0;
  for (let after = ''; ; ) {
    const page = await db
      .selectFrom('template')
      .select(sql<string>`person::text`.as('person'))
      .distinct()
      .where('model', '=', model)
      .where(sql<boolean>`person::text > ${after}`)
      .orderBy(sql`1`)
      .limit(CHUNK)
      .execute();
    const ids = page.map((p) => p.person);
    for (const [person, models] of await readTemplates(db, keys, opened, ids, model)) {
      people += 1;
      for (const { vector } of models.get(model) ?? []) {
        templates += 1;
        const held = vectorFrom(Buffer.from(vector, 'base64url'));
        // A broken or stolen kiosk may have sent anything. Such a vector must not match anyone.
        if (!isNormalised(held)) continue;
        for (const [i, probe] of probes.entries()) {
          if (probe.not.includes(person) || probe.embedding.length !== held.length) continue;
          const score = dot(held, probe.embedding);
          if (score > (best[i]?.score ?? -1)) best[i] = { person, score };
        }
        held.fill(0);
      }
    }
    const end = ids.at(-1);
    if (ids.length < CHUNK || !end) break;
    after = end;
  }
  const threshold = thresholdFor({ people, templates }, { targetFpir: DUPLICATE_FPIR, calibration });
  return best.map((b) => (b && b.score >= threshold ? b : null));
}

/** Describes people with a similar face, for the member of staff who compares them. */
export async function describeDuplicates(db: Db, keys: Keys, alike: readonly Alike[]): Promise<DuplicateOf[]> {
  const ids = alike.map((a) => a.person);
  const people = await readPeople(db, keys, ids);
  const { rows } = await sql<{ id: string; since: Date | null; picture: boolean }>`
    select p.id, (select min(t.added_at) from template t where t.person = p.id) as since,
           exists (select from enrolment_photo f where f.person = p.id)
             or exists (select from photo k where k.person = p.id and k.kind = 'enrolment' and k.complete_at is not null) as picture
    from person p where p.id = any(${ids}::uuid[])`.execute(db);
  const facts = new Map(rows.map((r) => [r.id, r]));
  return alike.map(({ person, score }) => ({
    person,
    name: people.get(person)?.name ?? null,
    number: people.get(person)?.number ?? null,
    enrolledAt: facts.get(person)?.since ? new Date(facts.get(person)!.since!).toISOString() : null,
    hasPicture: facts.get(person)?.picture ?? false,
    score,
  }));
}

/**
 * Makes sure that the caller may state that two people are different, and has typed the name or number of the other one.
 *
 * @param other the person enrolled already
 * @throws Problem `duplicate-needs-admin`, `confirmation-wrong`
 */
export async function requireOverrule(
  tx: Tx,
  keys: Keys,
  actor: Actor,
  { other, typed }: { readonly other: string; readonly typed: string },
): Promise<void> {
  if (actor.role !== 'admin' && actor.role !== 'operator') throw new Problem('duplicate-needs-admin');
  const person = (await readPeople(tx, keys, [other])).get(other);
  if (person && namesPerson(typed, { name: person.name ?? '', number: person.number })) return;
  throw new Problem('confirmation-wrong');
}
