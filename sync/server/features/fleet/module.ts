import { Readable } from 'node:stream';
import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/fleet.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { requireDevice, scopeOf } from '../../core/devices/registry.ts';
import {
  changeSettings,
  type Of,
  revertSettings,
  settingsWithHistory,
  templatesOf,
} from '../../core/devices/settings.ts';
import { policyOf } from '../../core/sites/policy.ts';
import { findSite, scopeOfSite } from '../../core/sites/sites.ts';
import { forgetStaff } from '../../core/staff/store.ts';
import { readPageCursor } from '../../platform/access/cursor.ts';
import { type Call, implement, type Route } from '../../platform/access/route.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { atMost, insertNew, remove, update } from '../../platform/database/rows.ts';
import type { Tx } from '../../platform/database/schema.ts';
import { emailsOf } from '../../platform/http/email.ts';
import type { Job } from '../../platform/jobs/job.ts';
import type { ServerModule } from '../../platform/server-module.ts';
import { fleetAttention } from './attention.ts';
import { askKiosk, dropOldLogs, endOverdue, logPlace, readLogs, takeAnswers, withdraw } from './commands.ts';
import { alertsNow, fleetDetail, fleetPage } from './read.ts';
import { dropWindow, setWindow } from './rollout/groups.ts';
import { rolloutsJob } from './rollout/rollouts.ts';
import { rolloutRoutes } from './rollout/routes.ts';
import { keepVerdicts } from './rollout/verdicts.ts';

const After = z.tuple([z.string().max(80), Uuid]);
const byOf = ({ actor }: Pick<Call<unknown, unknown, unknown>, 'actor'>): string => actor.id ?? actor.role;

const fleetRoutes: readonly Route[] = [
  implement(api.listFleet, ({ tx, query: { cursor, ...query }, now }) =>
    fleetPage(tx, query, readPageCursor(After, cursor), now),
  ),
  implement(api.getKiosk, ({ tx, services: { keys }, params: { device }, now }) => fleetDetail(tx, keys, device, now)),
  implement(api.setKioskSettings, (call) =>
    ofKiosk(call, (of) => changeSettings(call.tx, of, { ...call.body, by: byOf(call) }, call.now)),
  ),
  implement(api.revertKioskSettings, (call) =>
    ofKiosk(call, (of) => revertSettings(call.tx, of, call.body.revision, byOf(call), call.now)),
  ),
  implement(api.setKioskWindow, (call) =>
    ofKiosk(call, async ({ scope }) => {
      await setWindow(call.tx, scope, call.body.window, call.now);
      return true;
    }),
  ),
  implement(api.removeKioskWindow, (call) =>
    ofKiosk(call, async ({ scope }) => {
      await dropWindow(call.tx, scope, call.now);
      return true;
    }),
  ),
  implement(api.listSettingsTemplates, async ({ tx, services: { keys } }) => ({
    items: await templatesOf(tx, await emailsOf(tx, keys)),
  })),
  implement(api.setSettingsTemplate, (call) =>
    ofSite(call, (of) => changeSettings(call.tx, of, { ...call.body, by: byOf(call) }, call.now)),
  ),
  implement(api.revertSettingsTemplate, (call) =>
    ofSite(call, (of) => revertSettings(call.tx, of, call.body.revision, byOf(call), call.now)),
  ),
  implement(api.commandKiosk, async (call) => {
    const { tx, params, body, now } = call;
    const id = await askKiosk(tx, { ...body, device: params.device, by: byOf(call) }, now);
    call.on(`${params.device} ${body.what} ${id}`);
    call.notify('change');
    return fleetDetail(tx, call.services.keys, params.device, now);
  }),
  implement(api.watchScreen, async (call) => {
    const { tx, services, params, now } = call;
    await requireDevice(tx, params.device);
    const { watchScreens } = await policyOf(tx, await scopeOf(tx, params.device));
    if (watchScreens !== 'on') throw new Problem('screen-not-shared');
    const command = await askKiosk(tx, { what: 'watch', device: params.device, by: byOf(call) }, now);
    services.screens.begin(params.device, { command, by: byOf(call) }, now);
    call.on(`${params.device} watch ${command}`);
    call.notify('change');
    return { command };
  }),
  implement(api.getScreen, async (call) => {
    const { services, params, query, now } = call;
    return services.screens.show(params.device, { ...params, by: byOf(call) }, query.after, now);
  }),
  implement(api.stopWatching, async (call) => {
    call.services.screens.end(call.params.device, { ...call.params, by: byOf(call) });
  }),
  implement(api.withdrawCommand, async (call) => {
    const { tx, params, now } = call;
    await withdraw(tx, params.device, params.command, now);
    call.notify('change');
    return fleetDetail(tx, call.services.keys, params.device, now);
  }),
  implement(api.getKioskLog, async ({ tx, services: { keys }, params: { device, command: id } }) => {
    const text = await readLogs(tx, keys, device, id);
    return { file: Readable.from([text]), name: `kiosk-${device}-${id}.jsonl`, type: 'application/x-ndjson' };
  }),
];

/** Changes the settings or update hours of one kiosk. @param work returns whether anything changed */
async function ofKiosk(
  { tx, services: { keys }, params: { device }, now, notify }: Call<{ device: string }, unknown, unknown>,
  work: (of: Of) => Promise<boolean>,
) {
  await requireDevice(tx, device);
  if (await work({ kind: 'device', scope: device })) notify('change');
  return fleetDetail(tx, keys, device, now);
}

/** Changes the template of a site. @param work returns whether anything changed */
async function ofSite(
  { tx, services: { keys }, params: { site }, notify }: Call<{ site: string }, unknown, unknown>,
  work: (of: Of) => Promise<boolean>,
) {
  const { name, isDefault } = await findSite(tx, site);
  const of: Of = { kind: 'site', scope: await scopeOfSite(tx, site) };
  if (await work(of)) notify('change');
  return { site, name, isDefault, ...(await settingsWithHistory(tx, of, await emailsOf(tx, keys))) };
}

/** How long the past problems of a kiosk are kept, ms. */
const PROBLEMS_KEPT_MS = 90 * 24 * 60 * 60_000;

/**
 * Ends overdue commands, deletes logs after seven days, past problems after 90, and names of kiosk staff 400 days after their
 * removal.
 */
export const fleetJob: Job = {
  name: 'fleet',
  everyMs: 10 * 60_000,
  run: ({ db, now }) =>
    inTransaction(db, async (tx) => ({
      commandsEnded: await endOverdue(tx, now()),
      logsRemoved: await dropOldLogs(tx, now()),
      staffForgotten: await forgetStaff(tx, now()),
      problemsRemoved: await remove(tx, 'kiosk_alert', {
        ended_at: atMost(new Date(now().getTime() - PROBLEMS_KEPT_MS)),
      }),
    })),
};

/** Stores since when each kiosk has had each alert, and until when it had those that are over. */
export const fleetAlertsJob: Job = {
  name: 'fleet-alerts',
  everyMs: 60_000,
  async run({ db, now, notify }) {
    const kept = await inTransaction(db, (tx) => keepAlerts(tx, now()));
    if (kept.started + kept.over > 0) notify('board');
    return kept;
  },
};

/**
 * Alerts are computed on the fly (read.ts). This stores since when each has existed, so that the attention queue can refer
 * to it, and a note belongs to this alert rather than to the next of its kind.
 */
async function keepAlerts(tx: Tx, now: Date): Promise<{ readonly started: number; readonly over: number }> {
  const present = new Map<string, { device: string; code: string }>();
  for (const { device, alerts } of await alertsNow(tx, now))
    for (const { code } of alerts) present.set(`${device} ${code}`, { device, code });
  const kept = await tx
    .selectFrom('kiosk_alert')
    .select(['device', 'code'])
    .where('ended_at', 'is', null)
    .forUpdate()
    .execute();
  let over = 0;
  for (const { device, code } of kept) {
    if (present.delete(`${device} ${code}`)) continue;
    await update(tx, 'kiosk_alert', { device, code, ended_at: null }, { ended_at: now });
    over += 1;
  }
  const started = [...present.values()].map((alert) => ({ ...alert, since: now }));
  await insertNew(tx, 'kiosk_alert', started);
  return { started: started.length, over };
}

export const fleet: ServerModule = {
  onEvents: {
    command: ({ tx, device, now }, events) => takeAnswers(tx, events, device, now),
    health: ({ tx, device, now }, events) => keepVerdicts(tx, events, device, now),
  },
  endpoints: [...fleetRoutes, ...rolloutRoutes],
  jobs: [rolloutsJob, fleetJob, fleetAlertsJob],
  attention: fleetAttention,
  tables: {
    fleet_settings: { notPersonal: 'settings of kiosks' },
    fleet_config: { notPersonal: 'settings of kiosks' },
    fleet_command: { notPersonal: 'the commands of kiosks' },
    fleet_log: {
      sealed: { by: 'environment', id: { command: 'uuid' }, columns: { sealed: (cell) => logPlace(cell('command')) } },
      notPersonal: 'logs of kiosks, redacted there: they name nobody',
    },
    kiosk_alert: { notPersonal: 'how kiosks are' },
    rollout: { notPersonal: 'builds on their way to kiosks' },
    rollout_action: { notPersonal: 'what was decided about a rollout; who did is in the accesses' },
    rollout_device: { notPersonal: 'kiosks' },
    update_ring: { notPersonal: 'groups of kiosks' },
    device_ring: { notPersonal: 'kiosks' },
    update_window: { notPersonal: 'settings of places' },
  },
};
