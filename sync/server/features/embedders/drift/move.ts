import { sql, type Transaction } from 'kysely';
import type { Tables } from '../../../platform/database/schema.ts';

/**
 * Two people are one, and so are their scores: of each model those of the one who checked in more often go on. Their
 * templates have just been laid together, which is no new enrolment: the scores count from those templates on.
 */
export async function moveScores(tx: Transaction<Tables>, kept: string, merged: string): Promise<void> {
  await sql`
    delete from person_score s using person_score other
    where s.person in (${kept}::uuid, ${merged}::uuid) and other.person in (${kept}::uuid, ${merged}::uuid)
      and other.person <> s.person and other.model = s.model
      and (other.count > s.count or (other.count = s.count and other.person = ${kept}::uuid))`.execute(tx);
  await tx.updateTable('person_score').set({ person: kept }).where('person', '=', merged).execute();
  await sql`
    update person_score s set since = t.newest
    from (select model, max(added_at) as newest from template where person = ${kept}::uuid group by model) t
    where s.person = ${kept}::uuid and s.model = t.model`.execute(tx);
}
