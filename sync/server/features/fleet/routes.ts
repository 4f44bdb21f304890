import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import type { Template } from '../../../protocol/api/fleet.ts';
import * as api from '../../../protocol/api/fleet.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { findDevice } from '../../core/devices/registry.ts';
import { changeSettings, putBack, settingsWithHistory, templatesOf } from '../../core/devices/settings.ts';
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
  implement(api.getKiosk, ({ tx, services: { keys }, params: { device }, now, on }) => {
    on(device);
    return fleetDetail(tx, keys, device, now);
  }),
  implement(api.setKioskSettings, async (call) => {
    const { tx, params, body, now } = call;
    await known(call, params.device);
    const change = { settings: body.settings, after: body.after, by: byOf(call) };
    if (await changeSettings(tx, { kind: 'device', scope: params.device }, change, now)) call.notify('change');
    return fleetDetail(tx, call.services.keys, params.device, now);
  }),
  implement(api.revertKioskSettings, async (call) => {
    const { tx, params, body, now } = call;
    await known(call, params.device);
    if (await putBack(tx, { kind: 'device', scope: params.device }, body.revision, byOf(call), now))
      call.notify('change');
    return fleetDetail(tx, call.services.keys, params.device, now);
  }),
  implement(api.listSettingsTemplates, async ({ tx, services: { keys } }) => ({
    items: await templatesOf(tx, await emailsOf(tx, keys)),
  })),
  implement(api.setSettingsTemplate, async (call) => {
    const scope = await scopeOfSite(call.tx, call.params.site);
    call.on(call.params.site);
    const change = { settings: call.body.settings, after: call.body.after, by: byOf(call) };
    if (await changeSettings(call.tx, { kind: 'site', scope }, change, call.now)) call.notify('change');
    return templateOf(call, call.params.site, scope);
  }),
  implement(api.revertSettingsTemplate, async (call) => {
    const scope = await scopeOfSite(call.tx, call.params.site);
    call.on(call.params.site);
    if (await putBack(call.tx, { kind: 'site', scope }, call.body.revision, byOf(call), call.now))
      call.notify('change');
    return templateOf(call, call.params.site, scope);
  }),
  implement(api.commandKiosk, async (call) => {
    const { tx, params, body, now } = call;
    const id = await askKiosk(tx, { ...body, device: params.device, by: byOf(call) }, now);
    call.on(`${params.device} ${body.what} ${id}`);
    call.notify('change');
    return fleetDetail(tx, call.services.keys, params.device, now);
  }),
  implement(api.withdrawCommand, async (call) => {
    const { tx, params, now } = call;
    call.on(`${params.device} ${params.command}`);
    await withdraw(tx, params.device, params.command, now);
    call.notify('change');
    return fleetDetail(tx, call.services.keys, params.device, now);
  }),
  implement(api.getKioskLog, async ({ tx, services: { keys }, params: { device, command: id }, on }) => {
    on(`${device} ${id}`);
    const text = await readLogs(tx, keys, device, id);
    return { file: pieces(text), name: `kiosk-${device}-${id}.jsonl`, type: 'application/x-ndjson' };
  }),
];

async function* pieces(text: Uint8Array): AsyncIterable<Uint8Array> {
  yield text;
}

async function known({ tx, on }: Pick<AnyCall, 'tx' | 'on'>, device: string): Promise<void> {
  on(device);
  if (!(await findDevice(tx, device))) throw new Problem('unknown-device');
}

async function templateOf(call: Pick<AnyCall, 'tx' | 'services'>, id: string, scope: string): Promise<Template> {
  const { name, isDefault } = await findSite(call.tx, id);
  const emailOf = await emailsOf(call.tx, call.services.keys);
  return { site: id, name, isDefault, ...(await settingsWithHistory(call.tx, { kind: 'site', scope }, emailOf)) };
}
