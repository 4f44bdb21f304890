import * as api from '../../../../protocol/api/retention.ts';
import { listHolds, releaseHold, setHold } from '../../../core/people/holds.ts';
import { sameAs } from '../../../core/people/living.ts';
import { namesAs } from '../../../core/people/records.ts';
import { implement, type Route } from '../../../platform/access/route.ts';
import type { Db } from '../../../platform/database/schema.ts';
import { listRuns } from '../../../platform/jobs/runs.ts';
import { peopleOf } from '../../../platform/keys/persons.ts';
import { kioskPurges, previewRelease, type RuleReport, runRetention, withObjects } from './retention.job.ts';
import { rulesOf } from './rules.ts';
import type { RetentionSettings } from './settings.ts';

/** Returns the rules in force, the last successful run, and what kiosks have reported. */
async function retentionState(db: Db, settings: RetentionSettings, now: Date) {
  const run = (await listRuns(db, { job: 'retention', limit: 20 })).find((r) => r.outcome === 'ok' && r.report);
  return {
    rules: rulesOf(settings),
    erasureUndoDays: settings.erasureUndoDays,
    lastRun: run ? { at: run.startedAt, rules: run.report!.rules as RuleReport[] } : null,
    kiosks: await kioskPurges(db, settings, now),
  };
}

export const retentionRoutes: readonly Route[] = [
  implement(api.getRetention, ({ tx, services, now }) => retentionState(tx, services.config.retention, now)),
  implement(api.dryRunRetention, async ({ tx, services }) => ({
    rules: await withObjects({ ...services, db: tx }, (purge) => runRetention(purge, { dryRun: true })),
  })),
  implement(api.runRetention, {
    // Each batch runs in its own transaction, with its own audit row.
    before: ({ services, body: { kinds } }) =>
      withObjects(services, (purge) =>
        runRetention(purge, {
          kinds,
          onFailure: (kind, err) => services.log.error({ code: 'purge-failed', kind, err }, 'a purge failed'),
        }),
      ),
    async handle({ prepared: rules, notify }) {
      if (rules.some((r) => r.removed > 0)) notify('change');
      return { rules };
    },
  }),
  implement(api.listHolds, async ({ tx, services: { keys }, actor, query, about }) => {
    const { released, person } = query;
    const found = await listHolds(tx, keys, { released, ...(person && { people: await sameAs(tx, [person]) }) });
    const people = peopleOf(found);
    about(people);
    const names = await namesAs(actor, tx, keys, people);
    return { items: found.map((hold) => ({ ...hold, name: (hold.person && names.get(hold.person)) ?? null })) };
  }),
  implement(api.setHold, async ({ tx, services, body, actor, about, on, now }) => {
    if (body.person) about([body.person]);
    const at = (t: string | null) => (t === null ? null : new Date(t));
    const hold = { ...body, from: at(body.from), until: at(body.until), setBy: actor.id ?? actor.role };
    const id = await setHold(tx, services.keys, hold, now);
    on(id);
    return { id };
  }),
  implement(api.dryRunRelease, ({ tx, services, params }) =>
    withObjects({ ...services, db: tx }, (purge) => previewRelease(tx, purge, params.hold)),
  ),
  implement(api.releaseHold, async ({ tx, params, actor, now }) => {
    await releaseHold(tx, params.hold, actor.id ?? actor.role, now);
  }),
];
