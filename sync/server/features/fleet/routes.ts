import { z } from 'zod';
import {
  FleetDetail,
  FleetPage,
  FleetQuery,
  NewCommand,
  NewSettings,
  PutBack,
  Template,
  TemplateList,
} from '../../../protocol/api/fleet.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { findDevice, unknownDevice } from '../../core/devices/registry.ts';
import { changeSettings, putBack, settingsWithHistory, templatesOf } from '../../core/devices/settings.ts';
import { findSite, scopeOfSite } from '../../core/sites/write.ts';
import { readPageCursor } from '../../platform/access/cursor.ts';
import { type Call, type FileAnswer, type RouteSpec, route } from '../../platform/access/route.ts';
import { emailsOf } from '../../platform/http/email.ts';
import { askKiosk, withdraw } from './commands.ts';
import { readLogs } from './logs.ts';
import { DETAIL_DATA, fleetDetail, fleetPage } from './read.ts';

const READERS = ['admin', 'dpo', 'staff', 'auditor'] as const;
const One = z.strictObject({ device: Uuid });
const OneSite = z.strictObject({ site: Uuid });
const OneCommand = z.strictObject({ device: Uuid, command: Uuid });
const After = z.tuple([z.string().max(80), Uuid]);
type AnyCall = Call<unknown, unknown, unknown>;
const byOf = ({ actor }: Pick<AnyCall, 'actor'>): string => actor.id ?? actor.role;

const list = route({
  method: 'GET',
  path: '/api/fleet',
  summary: 'How the kiosks are: version, disk, camera, clock, queue, and what is wrong with them',
  roles: READERS,
  data: [],
  action: 'read',
  query: FleetQuery,
  answer: FleetPage,
  errors: ['cursor-unreadable'],
  handle: ({ tx, query: { cursor, ...query }, now }) => fleetPage(tx, query, readPageCursor(After, cursor), now),
});

const show = route({
  method: 'GET',
  path: '/api/fleet/:device',
  summary: 'One kiosk: how it is, its settings with their history, and its commands',
  roles: ['admin', 'dpo', 'auditor'],
  data: DETAIL_DATA,
  action: 'read',
  params: One,
  answer: FleetDetail,
  errors: ['unknown-device'],
  handle: ({ tx, services: { keys }, params: { device }, now, on }) => {
    on(device);
    return fleetDetail(tx, keys, device, now);
  },
});

const settings = route({
  method: 'PUT',
  path: '/api/fleet/:device/settings',
  summary: 'Set what one kiosk has of its own, as a whole; what is not in it is as its site says',
  roles: ['admin'],
  data: DETAIL_DATA,
  action: 'write',
  params: One,
  body: NewSettings,
  answer: FleetDetail,
  errors: ['unknown-device', 'settings-changed-meanwhile', 'name-unreadable'],
  async handle(call) {
    const { tx, params, body, now } = call;
    await known(call, params.device);
    const change = { settings: body.settings, after: body.after, by: byOf(call) };
    if (await changeSettings(tx, { kind: 'device', scope: params.device }, change, now)) call.notify('change');
    return fleetDetail(tx, call.services.keys, params.device, now);
  },
});

const settingsBack = route({
  method: 'POST',
  path: '/api/fleet/:device/settings/back',
  summary: 'Put an older revision of a kiosk’s own settings back; that is a revision of its own',
  roles: ['admin'],
  data: DETAIL_DATA,
  action: 'write',
  params: One,
  body: PutBack,
  answer: FleetDetail,
  errors: ['unknown-device', 'settings-revision-unknown'],
  async handle(call) {
    const { tx, params, body, now } = call;
    await known(call, params.device);
    if (await putBack(tx, { kind: 'device', scope: params.device }, body.revision, byOf(call), now))
      call.notify('change');
    return fleetDetail(tx, call.services.keys, params.device, now);
  },
});

const templates = route({
  method: 'GET',
  path: '/api/fleet-templates',
  summary: 'Settings that the kiosks of each site inherit, with their history',
  roles: ['admin', 'dpo', 'auditor'],
  data: ['account.email'],
  action: 'read',
  answer: TemplateList,
  handle: async ({ tx, services: { keys } }) => ({ items: await templatesOf(tx, await emailsOf(tx, keys)) }),
});

const template = route({
  method: 'PUT',
  path: '/api/fleet-templates/:site',
  summary: 'Set what the kiosks of a site inherit, as a whole; each is notified where it changes for it',
  roles: ['admin'],
  data: ['account.email'],
  action: 'write',
  params: OneSite,
  body: NewSettings,
  answer: Template,
  errors: ['unknown-site', 'settings-changed-meanwhile', 'name-unreadable'],
  async handle(call) {
    const scope = await scopeOfSite(call.tx, call.params.site);
    call.on(call.params.site);
    const change = { settings: call.body.settings, after: call.body.after, by: byOf(call) };
    if (await changeSettings(call.tx, { kind: 'site', scope }, change, call.now)) call.notify('change');
    return templateOf(call, call.params.site, scope);
  },
});

const templateBack = route({
  method: 'POST',
  path: '/api/fleet-templates/:site/back',
  summary: 'Put an older revision of a site’s settings back; that is a revision of its own',
  roles: ['admin'],
  data: ['account.email'],
  action: 'write',
  params: OneSite,
  body: PutBack,
  answer: Template,
  errors: ['unknown-site', 'settings-revision-unknown'],
  async handle(call) {
    const scope = await scopeOfSite(call.tx, call.params.site);
    call.on(call.params.site);
    if (await putBack(call.tx, { kind: 'site', scope }, call.body.revision, byOf(call), call.now))
      call.notify('change');
    return templateOf(call, call.params.site, scope);
  },
});

const command = route({
  method: 'POST',
  path: '/api/fleet/:device/commands',
  summary: 'Command a kiosk to restart, to send its redacted log, to wipe itself, or to leave; once, until it ends',
  roles: ['admin'],
  data: DETAIL_DATA,
  action: 'operate',
  params: One,
  body: NewCommand,
  answer: FleetDetail,
  errors: ['unknown-device', 'device-not-approved', 'command-name-differs', 'command-waits', 'device-leaves'],
  async handle(call) {
    const { tx, params, body, now } = call;
    const id = await askKiosk(tx, { ...body, device: params.device, by: byOf(call) }, now);
    call.on(`${params.device} ${body.what} ${id}`);
    call.notify('change');
    return fleetDetail(tx, call.services.keys, params.device, now);
  },
});

const commandBack = route({
  method: 'DELETE',
  path: '/api/fleet/:device/commands/:command',
  summary: 'Take back what a kiosk has not begun yet',
  roles: ['admin'],
  data: DETAIL_DATA,
  action: 'operate',
  params: OneCommand,
  answer: FleetDetail,
  errors: ['unknown-device', 'command-unknown', 'command-answered'],
  async handle(call) {
    const { tx, params, now } = call;
    call.on(`${params.device} ${params.command}`);
    await withdraw(tx, params.device, params.command, now);
    call.notify('change');
    return fleetDetail(tx, call.services.keys, params.device, now);
  },
});

const logs = route({
  method: 'GET',
  path: '/api/fleet/:device/logs/:command',
  summary: 'The redacted log that a kiosk sent, as lines of JSON; it names nobody and is kept for seven days',
  roles: ['admin'],
  data: ['device.log'],
  action: 'read',
  params: OneCommand,
  answer: 'file',
  errors: ['command-unknown'],
  async handle({ tx, services: { keys }, params: { device, command: id }, on }): Promise<FileAnswer> {
    on(`${device} ${id}`);
    const text = await readLogs(tx, keys, device, id);
    return { file: pieces(text), name: `kiosk-${device}-${id}.jsonl`, type: 'application/x-ndjson' };
  },
});

export const fleetRoutes: readonly RouteSpec[] = [
  list,
  show,
  settings,
  settingsBack,
  templates,
  template,
  templateBack,
  command,
  commandBack,
  logs,
];

async function* pieces(text: Uint8Array): AsyncIterable<Uint8Array> {
  yield text;
}

async function known({ tx, on }: Pick<AnyCall, 'tx' | 'on'>, device: string): Promise<void> {
  on(device);
  if (!(await findDevice(tx, device))) throw unknownDevice();
}

async function templateOf(call: Pick<AnyCall, 'tx' | 'services'>, id: string, scope: string): Promise<Template> {
  const { name, isDefault } = await findSite(call.tx, id);
  const emailOf = await emailsOf(call.tx, call.services.keys);
  return { site: id, name, isDefault, ...(await settingsWithHistory(call.tx, { kind: 'site', scope }, emailOf)) };
}
