import { createHash } from 'node:crypto';
import { getScores } from '../../../protocol/api/people.ts';
import { requireShown } from '../../core/people/shown.ts';
import { DEFAULT_SCOPE } from '../../core/sites/sites.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { appendChanges } from '../../platform/changes/log.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { camelCase, find, findAll, upsert } from '../../platform/database/rows.ts';
import type { Job } from '../../platform/jobs/job.ts';
import type { Reading } from '../../platform/my-data.ts';
import { deleteBy, type ServerModule } from '../../platform/server-module.ts';
import { followScores, mergeScores, scoreTrends } from './follow.ts';
import { reenrolmentAttention, reenrolments } from './list.ts';

const EVERY_MS = 60_000;
/** Prefix of the keys in `meta`, one per scope, for the digest of the last list sent to its kiosks. It names no one. */
const MARK = 'reenrolment';

/**
 * Follows how well people are recognised. People whose scores fall appear in the attention queue (features/attention). Then it
 * publishes lists of people to re-enrol that have changed, be it by scores, consents, a new embedder, cards or age.
 */
export const reenrolmentJob: Job = {
  name: 'reenrolment',
  everyMs: EVERY_MS,
  async run(context) {
    const { db, now, notify, signal } = context;
    const falling = await followScores(context, signal);
    if (falling > 0) notify('board');
    let people = 0;
    let published = 0;
    const sites = await findAll(db, 'site', { is_default: false }, ['id']);
    for (const scope of [DEFAULT_SCOPE, ...sites.map((s) => s.id)]) {
      signal.throwIfAborted();
      const at = now();
      await inTransaction(db, async (tx) => {
        const list = await reenrolments(tx, scope, at);
        people += list.length;
        const key = `${MARK} ${scope}`;
        const digest = createHash('sha256').update(JSON.stringify(list)).digest('base64url');
        const held = await find(tx, 'meta', { key }, ['value']);
        // Nothing to send if the list hasn't changed, or is empty and always was.
        if (held?.value === digest || (!held && list.length === 0)) return;
        await upsert(tx, 'meta', 'key', { key, value: digest }, { value: digest });
        published += 1;
        await appendChanges(tx, [{ kind: 'reenrol', site: scope }], at);
      });
    }
    return { falling, people, published };
  },
};

async function* scores({ tx, names }: Reading) {
  const rows = await findAll(tx, 'person_score', { person: names });
  for (const { person: _, ...score } of rows) yield camelCase(score);
}

const routes: readonly Route[] = [
  implement(getScores, async ({ tx, services, params: { person } }) => {
    await requireShown(tx, services.keys, person);
    return { person, trends: await scoreTrends(services, tx, person) };
  }),
];

export const reenrolment: ServerModule = {
  endpoints: routes,
  jobs: [reenrolmentJob],
  attention: reenrolmentAttention,
  kioskChanges: {
    reenrol: {
      state: async ({ source: { db }, scope, now }) => ({
        kind: 'reenrol',
        people: await reenrolments(db, scope, now),
      }),
    },
  },
  tables: { person_score: { exported: 'scores', merged: mergeScores, erased: deleteBy('person') } },
  myData: { scores },
};
