import { sql } from 'kysely';
import { Problem } from '../../../errors/problem.ts';
import type { DuplicateOf } from '../../../protocol/api/enrolment.ts';
import { namesPerson } from '../../../protocol/wire/confirmation.ts';
import { readPeople } from '../../core/people/records.ts';
import type { Actor } from '../../platform/audit/actor.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import type { Alike } from './alike.ts';

/** What is known of people whose face is like a new one, for the person who compares them. */
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
 * Whether the caller may say that two people are two people, and has looked at who it concerns.
 *
 * @param other who is enrolled already
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
