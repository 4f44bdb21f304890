import { Readable } from 'node:stream';
import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/fleet.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { findDevice } from '../../core/devices/registry.ts';
import { changeSettings, type Of, putBack, settingsWithHistory, templatesOf } from '../../core/devices/settings.ts';
import { findSite, scopeOfSite } from '../../core/sites/write.ts';
import { readPageCursor } from '../../platform/access/cursor.ts';
import { type Call, implement, type Route } from '../../platform/access/route.ts';
import { emailsOf } from '../../platform/http/email.ts';
import { askKiosk, withdraw } from './commands.ts';
import { readLogs } from './logs.ts';
import { fleetDetail, fleetPage } from './read.ts';

const After = z.tuple([z.string().max(80), Uuid]);
type AnyCall = Call<unknown, unknown, unknown>;
const byOf = ({ actor }: Pick<AnyCall, 'actor'>): string => actor.id ?? actor.role;

export const fleetRoutes: readonly Route[] = [
  implement(api.listFleet, ({ tx, query: { cursor, ...query }, now }) =>
    fleetPage(tx, query, readPageCursor(After, cursor), now),
  ),
  implement(api.getKiosk, ({ tx, services: { keys }, params: { device }, now }) => fleetDetail(tx, keys, device, now)),
  implement(api.setKioskSettings, (call) =>
    ofKiosk(call, (of) => changeSettings(call.tx, of, { ...call.body, by: byOf(call) }, call.now)),
  ),
  implement(api.revertKioskSettings, (call) =>
    ofKiosk(call, (of) => putBack(call.tx, of, call.body.revision, byOf(call), call.now)),
  ),
  implement(api.listSettingsTemplates, async ({ tx, services: { keys } }) => ({
    items: await templatesOf(tx, await emailsOf(tx, keys)),
  })),
  implement(api.setSettingsTemplate, (call) =>
    ofSite(call, (of) => changeSettings(call.tx, of, { ...call.body, by: byOf(call) }, call.now)),
  ),
  implement(api.revertSettingsTemplate, (call) =>
    ofSite(call, (of) => putBack(call.tx, of, call.body.revision, byOf(call), call.now)),
  ),
  implement(api.commandKiosk, async (call) => {
    const { tx, params, body, now } = call;
    const id = await askKiosk(tx, { ...body, device: params.device, by: byOf(call) }, now);
    call.on(`${params.device} ${body.what} ${id}`);
    call.notify('change');
    return fleetDetail(tx, call.services.keys, params.device, now);
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

/** Changes the settings of one kiosk. @param work returns whether anything changed */
async function ofKiosk(
  { tx, services: { keys }, params: { device }, now, notify }: Call<{ device: string }, unknown, unknown>,
  work: (of: Of) => Promise<boolean>,
): Promise<api.FleetDetail> {
  if (!(await findDevice(tx, device))) throw new Problem('unknown-device');
  if (await work({ kind: 'device', scope: device })) notify('change');
  return fleetDetail(tx, keys, device, now);
}

/** Changes the template of a site. @param work returns whether anything changed */
async function ofSite(
  { tx, services: { keys }, params: { site }, notify }: Call<{ site: string }, unknown, unknown>,
  work: (of: Of) => Promise<boolean>,
): Promise<api.Template> {
  const { name, isDefault } = await findSite(tx, site);
  const of: Of = { kind: 'site', scope: await scopeOfSite(tx, site) };
  if (await work(of)) notify('change');
  return { site, name, isDefault, ...(await settingsWithHistory(tx, of, await emailsOf(tx, keys))) };
}
