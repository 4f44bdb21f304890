import * as api from '../../../../protocol/api/rollouts.ts';
import { scopeOfSite } from '../../../core/sites/sites.ts';
import { pageFrom, readIdCursor } from '../../../platform/access/cursor.ts';
import { type Call, implement, type Route } from '../../../platform/access/route.ts';
import { dropWindow, listRings, nameRing, putIntoRing, setWindow, windowOfSite } from './groups.ts';
import { findRollout, historyOf, kiosksOf, listRollouts } from './read.ts';
import { describeRepository } from './repository.ts';
import { type Acting, advanceRollout, pauseRollout, resumeRollout, rollBackRollout, startRollout } from './rollouts.ts';

async function act(
  call: Call<{ rollout: string }, unknown, unknown>,
  work: (a: Acting, id: string) => Promise<void>,
): Promise<api.Rollout> {
  const { tx, params, now, notify } = call;
  await work(actingIn(call), params.rollout);
  notify('change');
  return findRollout(tx, params.rollout, now);
}

export const rolloutRoutes: readonly Route[] = [
  implement(api.listRollouts, async ({ tx, query: { cursor, limit }, now }) => {
    const found = await listRollouts(tx, limit + 1, readIdCursor(cursor), now);
    return pageFrom(found, limit, (r) => [r.id]);
  }),
  implement(api.listBuilds, ({ services: { config } }) => describeRepository(config.updates)),
  implement(api.startRollout, async (call) => {
    const { tx, services, body, now, on, notify } = call;
    const id = await startRollout(actingIn(call), body, services.config.updates);
    on(id);
    notify('change');
    return findRollout(tx, id, now);
  }),
  implement(api.getRollout, ({ tx, params, now }) => findRollout(tx, params.rollout, now)),
  implement(api.listRolloutKiosks, async ({ tx, params, query: { cursor, limit, state }, now }) => {
    const found = await kiosksOf(tx, params.rollout, { state, limit: limit + 1, after: readIdCursor(cursor) }, now);
    return pageFrom(found, limit, (k) => [k.device]);
  }),
  implement(api.getRolloutHistory, async ({ tx, services: { keys }, params, now }) => {
    await findRollout(tx, params.rollout, now);
    return { items: await historyOf(tx, keys, params.rollout) };
  }),
  implement(api.pauseRollout, (call) => act(call, pauseRollout)),
  implement(api.resumeRollout, (call) => act(call, (a, id) => resumeRollout(a, id, call.body.retry))),
  implement(api.advanceRollout, (call) => act(call, advanceRollout)),
  implement(api.rollBackRollout, (call) => act(call, rollBackRollout)),
  implement(api.listRings, async ({ tx }) => ({ items: await listRings(tx) })),
  implement(api.renameRing, async ({ tx, params, body }) => {
    await nameRing(tx, params.ring, body.name);
    return { items: await listRings(tx) };
  }),
  implement(api.setDeviceRing, async ({ tx, params, body, now, notify }) => {
    await putIntoRing(tx, params.device, body.ring, now);
    notify('change');
  }),
  implement(api.getUpdateWindow, ({ tx, params }) => windowOfSite(tx, params.site)),
  implement(api.setUpdateWindow, async ({ tx, params, body, now, notify }) => {
    await setWindow(tx, await scopeOfSite(tx, params.site), body.window, now);
    notify('change');
    return windowOfSite(tx, params.site);
  }),
  implement(api.removeUpdateWindow, async ({ tx, params, now, notify }) => {
    await dropWindow(tx, await scopeOfSite(tx, params.site), now);
    notify('change');
  }),
];

function actingIn({ tx, now, actor }: Call<unknown, unknown, unknown>): Acting {
  return { tx, now, by: actor.id ?? actor.role };
}
