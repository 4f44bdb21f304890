import { sql } from 'kysely';
import { scopesWithoutFaces, scopesWithoutTemplates } from '../../../core/sites/policy.ts';
import { forgetTemplates } from '../../../core/templates/forget.ts';
import { SYSTEM } from '../../../platform/audit/actor.ts';
import { writeAudit } from '../../../platform/audit/write.ts';
import { inTransaction } from '../../../platform/database/retry.ts';
import type { Db, Tx } from '../../../platform/database/schema.ts';
import type { Job } from '../../../platform/jobs/job.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';

/**
 * The jurisdiction switch: at a site whose policy says `faces: off`, nobody is recognised by their face. Its kiosks get no
 * templates, and enrolments by face are not accepted from them (app/downstream/). The templates of people who belong to no
 * other site are deleted here. `templates: card` does the same, but only for templates that this server could use.
 */

const BATCH = 100;

/** Runs as soon as someone has templates that none of their sites allow. */
export const facesOffJob: Job = {
  name: 'faces-off',
  everyMs: 60_000,
  wanted: async ({ db }) => (await peopleWithoutFaces(db, 1)).length > 0,
  async run({ db, keys, now, signal, notify }) {
    const people = await dropTemplatesWithoutSite(db, keys, now(), signal);
    if (people > 0) notify('change');
    return { people };
  },
};

/** Removes the templates of people whose sites all forbid them. @returns the number of people affected */
export async function dropTemplatesWithoutSite(db: Db, keys: Keys, now: Date, signal?: AbortSignal): Promise<number> {
  let dropped = 0;
  for (;;) {
    signal?.throwIfAborted();
    const n = await inTransaction(db, (tx) => batch(tx, keys, now));
    if (n === 0) return dropped;
    dropped += n;
  }
}

async function batch(tx: Tx, keys: Keys, now: Date): Promise<number> {
  const people = await peopleWithoutFaces(tx, BATCH);
  if (people.length === 0) return 0;
  const none = new Set(await onSitesOf(tx, 'card_template', await scopesWithoutFaces(tx), BATCH));
  for (const person of people) await forgetTemplates(tx, keys, [person], now, { card: none.has(person) });
  const entry = { actor: SYSTEM, action: 'delete', route: 'faces off', data: ['template'] } as const;
  await writeAudit(tx, keys, { ...entry, subjects: people, outcome: 'ok' }, now);
  return people.length;
}

/** People with templates that none of their sites allow: usable ones under `templates: card`, any under `faces: off`. */
async function peopleWithoutFaces(db: Db, limit: number): Promise<string[]> {
  const usable = await onSitesOf(db, 'template', await scopesWithoutTemplates(db), limit);
  const onCards = await onSitesOf(db, 'card_template', await scopesWithoutFaces(db), limit);
  return [...new Set([...usable, ...onCards])].sort().slice(0, limit);
}

async function onSitesOf(
  db: Db,
  table: 'template' | 'card_template',
  without: readonly string[],
  limit: number,
): Promise<string[]> {
  if (without.length === 0) return [];
  const { rows } = await sql<{ person: string }>`
    select distinct t.person from ${sql.table(table)} t
    where exists (select from person_site s where s.person = t.person)
      and not exists (select from person_site s where s.person = t.person and s.site <> all(${without}::uuid[]))
    order by t.person limit ${limit}`.execute(db);
  return rows.map((r) => r.person);
}
