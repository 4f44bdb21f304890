import { z } from 'zod';
import {
  DeviceRing,
  NewRollout,
  Repository,
  ResumeRollout,
  RingId,
  RingList,
  RingPatch,
  Rollout,
  RolloutHistory,
  RolloutKioskPage,
  RolloutKioskQuery,
  RolloutPage,
  RolloutQuery,
  SiteWindow,
  SiteWindowPut,
} from '../../../../protocol/api/rollouts.ts';
import { Uuid } from '../../../../protocol/wire/event.ts';
import { pageFrom, readPageCursor } from '../../../platform/access/cursor.ts';
import { type Call, type RouteSpec, route } from '../../../platform/access/route.ts';
import { type Acting, advanceRollout, pauseRollout, resumeRollout, rollBackRollout } from './acts.ts';
import { dropWindow, listRings, nameRing, putIntoRing, setWindow, windowOfSite } from './groups.ts';
import { findRollout, historyOf, kiosksOf, listRollouts } from './read.ts';
import { describeRepository } from './repository.ts';
import { startRollout } from './start.ts';

const READERS = ['admin', 'auditor'] as const;
const ADMIN = ['admin'] as const;
const One = z.strictObject({ rollout: Uuid });
const NOT_SO = ['rollout-unknown', 'rollout-over', 'rollout-not-so'] as const;

const list = route({
  method: 'GET',
  path: '/api/rollouts',
  summary: 'Rollouts of builds to kiosks, newest first: the one in force, if there is one, is the first',
  roles: READERS,
  data: [],
  action: 'read',
  query: RolloutQuery,
  answer: RolloutPage,
  errors: ['cursor-unreadable'],
  async handle({ tx, query: { cursor, limit }, now }) {
    const after = readPageCursor(z.tuple([Uuid]), cursor);
    const found = await listRollouts(tx, limit + 1, after?.[0] ?? null, now);
    return pageFrom(
      found,
      limit,
      (r) => r,
      (r) => [r.id],
    );
  },
});

const builds = route({
  method: 'GET',
  path: '/api/builds',
  summary: 'Builds that the repository lists, newest first',
  roles: READERS,
  data: [],
  action: 'read',
  answer: Repository,
  handle: ({ services: { config } }) => describeRepository(config.updates),
});

const start = route({
  method: 'POST',
  path: '/api/rollouts',
  summary: 'Roll a build out, step by step; whatever was in force, and does not run, ends with it',
  roles: ADMIN,
  data: [],
  action: 'operate',
  body: NewRollout,
  answer: Rollout,
  errors: [
    'updates-not-configured',
    'repository-unreadable',
    'repository-expired',
    'version-not-in-repository',
    'version-not-newer',
    'rollout-running',
    'ring-empty',
  ],
  async handle(call) {
    const { tx, services, body, now, on, notify } = call;
    const id = await startRollout(actingIn(call), body, services.config.updates);
    on(id);
    notify('change');
    return findRollout(tx, id, now);
  },
});

const get = route({
  method: 'GET',
  path: '/api/rollouts/:rollout',
  summary: 'One rollout: where it is, how many kiosks are how far, and what it waits for',
  roles: READERS,
  data: [],
  action: 'read',
  params: One,
  answer: Rollout,
  errors: ['rollout-unknown'],
  handle: ({ tx, params, now }) => findRollout(tx, params.rollout, now),
});

const kiosks = route({
  method: 'GET',
  path: '/api/rollouts/:rollout/kiosks',
  summary: 'Kiosks of a rollout, by name: how far each is, and why it went back',
  roles: READERS,
  data: [],
  action: 'read',
  params: One,
  query: RolloutKioskQuery,
  answer: RolloutKioskPage,
  errors: ['rollout-unknown', 'cursor-unreadable'],
  async handle({ tx, params, query: { cursor, limit, state }, now }) {
    const after = readPageCursor(z.tuple([Uuid]), cursor);
    const found = await kiosksOf(tx, params.rollout, { state, limit: limit + 1, after: after?.[0] ?? null }, now);
    return pageFrom(
      found,
      limit,
      (k) => k,
      (k) => [k.device],
    );
  },
});

const history = route({
  method: 'GET',
  path: '/api/rollouts/:rollout/history',
  summary: 'What was done with a rollout, who did it and when, newest first',
  roles: READERS,
  data: ['account.email'],
  action: 'read',
  params: One,
  answer: RolloutHistory,
  errors: ['rollout-unknown'],
  async handle({ tx, services: { keys }, params, now }) {
    await findRollout(tx, params.rollout, now);
    return { items: await historyOf(tx, keys, params.rollout) };
  },
});

/** Something that is done with a rollout; answers how it is then. */
const act = <B extends z.ZodType>(
  name: string,
  summary: string,
  errors: readonly string[],
  work: (a: Acting, id: string, body: z.output<B>) => Promise<void>,
  body?: B,
): RouteSpec =>
  route({
    method: 'POST',
    path: `/api/rollouts/:rollout/${name}`,
    summary,
    roles: ADMIN,
    data: [],
    action: 'operate',
    params: One,
    ...(body && { body }),
    answer: Rollout,
    errors,
    async handle(call) {
      const { tx, params, now, on, notify } = call;
      on(params.rollout);
      await work(actingIn(call), params.rollout, call.body as z.output<B>);
      notify('change');
      return findRollout(tx, params.rollout, now);
    },
  });

const acts = [
  act('pause', 'Notify no further kiosk; one that has begun goes on by itself', NOT_SO, pauseRollout),
  act(
    'resume',
    'Go on from the present step; failures up to now are answered for',
    NOT_SO,
    (a, id, { again }) => resumeRollout(a, id, again),
    ResumeRollout,
  ),
  act('advance', 'Go to the next step now', [...NOT_SO, 'rollout-at-everybody'], advanceRollout),
  act('roll-back', 'Every kiosk that has it goes back to the build before it', NOT_SO, rollBackRollout),
];

const rings = route({
  method: 'GET',
  path: '/api/rings',
  summary: 'Groups of kiosks that get a build one after the other',
  roles: READERS,
  data: [],
  action: 'read',
  answer: RingList,
  handle: async ({ tx }) => ({ items: await listRings(tx) }),
});

const rename = route({
  method: 'PATCH',
  path: '/api/rings/:ring',
  summary: 'Call a ring otherwise',
  roles: ADMIN,
  data: [],
  action: 'write',
  params: z.strictObject({ ring: RingId }),
  body: RingPatch,
  answer: RingList,
  errors: ['name-unreadable'],
  async handle({ tx, params, body, on }) {
    on(params.ring);
    await nameRing(tx, params.ring, body.name);
    return { items: await listRings(tx) };
  },
});

const intoRing = route({
  method: 'PUT',
  path: '/api/devices/:device/ring',
  summary: 'Put a kiosk into a ring',
  roles: ADMIN,
  data: [],
  action: 'write',
  params: z.strictObject({ device: Uuid }),
  body: DeviceRing,
  answer: 'nothing',
  errors: ['unknown-device'],
  async handle({ tx, params, body, now, on, notify }) {
    on(params.device);
    await putIntoRing(tx, params.device, body.ring, now);
    notify('change');
  },
});

const Site = z.strictObject({ site: Uuid });
const WINDOW = '/api/sites/:site/update-window';

const window = route({
  method: 'GET',
  path: WINDOW,
  summary: 'When kiosks of a site may restart for an update, by the site’s clock',
  roles: READERS,
  data: [],
  action: 'read',
  params: Site,
  answer: SiteWindow,
  errors: ['unknown-site'],
  handle: ({ tx, params }) => windowOfSite(tx, params.site),
});

const putWindow = route({
  method: 'PUT',
  path: WINDOW,
  summary: 'Set when kiosks of a site may restart for an update; null: at any hour',
  roles: ADMIN,
  data: [],
  action: 'write',
  params: Site,
  body: SiteWindowPut,
  answer: SiteWindow,
  errors: ['unknown-site'],
  async handle({ tx, params, body, now, on, notify }) {
    on(params.site);
    await setWindow(tx, params.site, body.window, now);
    notify('change');
    return windowOfSite(tx, params.site);
  },
});

const noWindow = route({
  method: 'DELETE',
  path: WINDOW,
  summary: 'The site goes by the default site’s window again',
  roles: ADMIN,
  data: [],
  action: 'write',
  params: Site,
  answer: 'nothing',
  errors: ['unknown-site'],
  async handle({ tx, params, now, on, notify }) {
    on(params.site);
    await dropWindow(tx, params.site, now);
    notify('change');
  },
});

export const rolloutRoutes: readonly RouteSpec[] = [
  list,
  builds,
  start,
  get,
  kiosks,
  history,
  ...acts,
  rings,
  rename,
  intoRing,
  window,
  putWindow,
  noWindow,
];

function actingIn({ tx, now, actor }: Call<unknown, unknown, unknown>): Acting {
  return { tx, now, by: actor.id ?? actor.role };
}
