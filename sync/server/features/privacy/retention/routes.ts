import { z } from 'zod';
import { DryRun, HoldList, HoldSet, NewHold, Retention } from '../../../../protocol/api/retention.ts';
import { Uuid } from '../../../../protocol/wire/event.ts';
import { type Hold, listHolds, releaseHold, setHold } from '../../../core/people/holds.ts';
import { type RouteSpec, route } from '../../../platform/access/route.ts';
import { retentionState } from './read.ts';
import { withObjects } from './retention.job.ts';
import { runRetention } from './run.ts';

const text = (date: Date | null) => date?.toISOString() ?? null;

const state = route({
  method: 'GET',
  path: '/api/retention',
  summary: 'How long things are kept, what the last run removed, and what kiosks have confirmed of their own purges',
  roles: ['admin', 'dpo', 'auditor'],
  data: [],
  action: 'read',
  answer: Retention,
  async handle({ tx, services, now }) {
    const { rules, lastRun, kiosks } = await retentionState(tx, services.config.retention, now);
    return {
      rules: [...rules],
      lastRun,
      kiosks: kiosks.map((k) => ({
        ...k,
        lastHeardAt: text(k.lastHeardAt),
        purgedBefore: text(k.purgedBefore),
        confirmedAt: text(k.confirmedAt),
      })),
    };
  },
});

const dryRun = route({
  method: 'GET',
  path: '/api/retention/dry-run',
  summary: 'What a run would remove now; it removes nothing',
  roles: ['admin', 'dpo'],
  data: [],
  action: 'read',
  answer: DryRun,
  handle: async ({ tx, services }) => ({
    rules: await withObjects({ ...services, db: tx }, (purge) => runRetention(purge, { dryRun: true })),
  }),
});

const holds = route({
  method: 'GET',
  path: '/api/retention/holds',
  summary: 'Legal holds in force',
  roles: ['admin', 'dpo', 'auditor'],
  data: ['person.hold'],
  action: 'read',
  answer: HoldList,
  async handle({ tx, services, about }) {
    const found = await listHolds(tx, services.keys);
    about(found.flatMap((h) => h.person ?? []));
    return { items: found.map(shown) };
  },
});

const set = route({
  method: 'POST',
  path: '/api/retention/holds',
  summary: 'Keep what is about a person, a site or a period, whatever the rules say',
  roles: ['admin', 'dpo'],
  data: ['person.hold'],
  action: 'write',
  body: NewHold,
  answer: HoldSet,
  errors: ['hold-covers-everything', 'hold-period-wrong', 'person-unknown'],
  async handle({ tx, services, body, actor, about, on, now }) {
    if (body.person) about([body.person]);
    const at = (t: string | null) => (t === null ? null : new Date(t));
    const id = await setHold(
      tx,
      services.keys,
      { ...body, from: at(body.from), until: at(body.until), setBy: actor.id ?? actor.role },
      now,
    );
    on(id);
    return { id };
  },
});

const release = route({
  method: 'POST',
  path: '/api/retention/holds/:hold/release',
  summary: 'End a hold: what it kept goes with the next run',
  roles: ['admin', 'dpo'],
  data: ['person.hold'],
  action: 'write',
  params: z.strictObject({ hold: Uuid }),
  answer: 'nothing',
  errors: ['hold-unknown'],
  async handle({ tx, params, actor, on, now }) {
    on(params.hold);
    await releaseHold(tx, params.hold, actor.id ?? actor.role, now);
  },
});

export const retentionRoutes: readonly RouteSpec[] = [state, dryRun, holds, set, release];

function shown(h: Hold) {
  return {
    ...h,
    from: text(h.from),
    until: text(h.until),
    setAt: h.setAt.toISOString(),
    releasedAt: text(h.releasedAt),
  };
}
