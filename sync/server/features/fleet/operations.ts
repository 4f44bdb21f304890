import type { Transaction } from 'kysely';
import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import { FleetQuery, GivenSettings, NewCommand, Revision } from '../../../protocol/api/fleet.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { DeviceConfig } from '../../../protocol/wire/fleet.ts';
import { isUnreadableName } from '../../../protocol/wire/name.ts';
import { findDevice, unknownDevice } from '../../core/devices/registry.ts';
import { changeSettings, type Of, putBack, settingsOf, templatesOf } from '../../core/devices/settings.ts';
import { audited } from '../../core/operator/audited.ts';
import { type OperatorContext, operation } from '../../core/operator/operation.ts';
import { scopeOfSite } from '../../core/sites/write.ts';
import { OPERATOR } from '../../platform/audit/actor.ts';
import type { Tables } from '../../platform/database/schema.ts';
import { emailsOf } from '../../platform/http/email.ts';
import { askKiosk, withdraw } from './commands.ts';
import { readLogs } from './logs.ts';
import { DETAIL_DATA, fleetDetail, fleetPage } from './read.ts';

/** The fleet from the command line, as the API has it. */

const BY = OPERATOR.id ?? OPERATOR.role;
/** Most kiosks that one listing shows. */
const ALL = 5000;
/** Settings to change: null takes one away. */
const Changes = z.record(z.string().max(40), z.unknown());

type At = (tx: Transaction<Tables>) => Promise<Of>;

export const fleetOperations = {
  'fleet list': operation({
    args: FleetQuery.pick({ site: true, alert: true, version: true, name: true, status: true }),
    run: ({ db, now }, query) => fleetPage(db, { ...query, limit: ALL }, null, now()),
  }),
  'fleet show': operation({
    args: z.strictObject({ device: Uuid }),
    run: (context, { device }) => shown(context, 'fleet show', device, async () => undefined),
  }),
  'fleet config': operation({
    args: z.strictObject({ device: Uuid, set: Changes }),
    run: (context, { device, set }) =>
      shown(context, 'fleet config', device, (tx, now) => change(tx, ofDevice(device), set, now)),
  }),
  'fleet config back': operation({
    args: z.strictObject({ device: Uuid, revision: Revision }),
    run: (context, { device, revision }) =>
      shown(context, 'fleet config back', device, async (tx, now) =>
        putBack(tx, await ofDevice(device)(tx), revision, BY, now),
      ),
  }),
  'fleet templates': operation({
    args: z.strictObject({}),
    run: (context) => templated(context, 'fleet templates', null, async () => undefined),
  }),
  'fleet template': operation({
    args: z.strictObject({ site: Uuid, set: Changes }),
    run: (context, { site, set }) =>
      templated(context, 'fleet template', site, (tx, now) => change(tx, ofSite(site), set, now)),
  }),
  'fleet template back': operation({
    args: z.strictObject({ site: Uuid, revision: Revision }),
    run: (context, { site, revision }) =>
      templated(context, 'fleet template back', site, async (tx, now) =>
        putBack(tx, await ofSite(site)(tx), revision, BY, now),
      ),
  }),
  'fleet command': operation({
    args: NewCommand.extend({ device: Uuid }),
    run: (context, wanted) =>
      shown(context, `fleet ${wanted.what}`, wanted.device, (tx, now) => askKiosk(tx, { ...wanted, by: BY }, now)),
  }),
  'fleet command back': operation({
    args: z.strictObject({ device: Uuid, command: Uuid }),
    run: (context, { device, command }) =>
      shown(context, 'fleet command back', device, (tx, now) => withdraw(tx, device, command, now)),
  }),
  'fleet log': operation({
    args: z.strictObject({ device: Uuid, command: Uuid }),
    run: (context, { device, command }) =>
      audited(
        context,
        { action: 'read', route: 'fleet log', data: ['device.log'], resource: `${device} ${command}` },
        async (tx) => ({ text: (await readLogs(tx, context.keys, device, command)).toString('utf8') }),
      ),
  }),
} as const;

const ofDevice =
  (device: string): At =>
  async (tx) => {
    if (!(await findDevice(tx, device))) throw unknownDevice();
    return { kind: 'device', scope: device };
  };
const ofSite =
  (site: string): At =>
  async (tx) => ({ kind: 'site', scope: await scopeOfSite(tx, site) });

/** One by one, over what there is. @throws Problem `name-unreadable`, `arguments-wrong` for a setting that there is not, or of another form */
async function change(
  tx: Transaction<Tables>,
  at: At,
  set: Readonly<Record<string, unknown>>,
  now: Date,
): Promise<void> {
  const of = await at(tx);
  const before: Record<string, unknown> = { ...(await settingsOf(tx, of)).settings };
  for (const [name, value] of Object.entries(set)) {
    if (value === null) delete before[name];
    else before[name] = value;
  }
  // A name from before the rule for names stays as it is.
  const name = GivenSettings.shape.name.safeParse(set.name ?? undefined);
  if (!name.success && name.error.issues.every(isUnreadableName))
    throw new Problem('name-unreadable', { fields: 'name' });
  const settings = DeviceConfig.safeParse(before);
  if (!settings.success) throw new Problem('arguments-wrong', { reason: z.prettifyError(settings.error) });
  await changeSettings(tx, of, { settings: settings.data, by: BY }, now);
}

/** Does something with one kiosk, and shows it. */
async function shown(
  context: OperatorContext,
  route: string,
  device: string,
  work: (tx: Transaction<Tables>, now: Date) => Promise<unknown>,
) {
  const action = route === 'fleet show' ? 'read' : 'operate';
  const detail = await audited(context, { action, route, data: DETAIL_DATA, resource: device }, async (tx, now) => {
    await work(tx, now);
    return fleetDetail(tx, context.keys, device, now);
  });
  if (action !== 'read') context.onChange();
  return detail;
}

async function templated(
  context: OperatorContext,
  route: string,
  site: string | null,
  work: (tx: Transaction<Tables>, now: Date) => Promise<unknown>,
) {
  const action = site === null ? 'read' : 'operate';
  const all = await audited(context, { action, route, data: ['account.email'], resource: site }, async (tx, now) => {
    await work(tx, now);
    return templatesOf(tx, await emailsOf(tx, context.keys));
  });
  if (action !== 'read') context.onChange();
  return site === null ? all : all.filter((one) => one.site === site);
}
