import { NIL } from 'uuid';
import { Change } from '../../../protocol/wire/changes.ts';
import { appendChanges } from '../../platform/changes/log.ts';
import type { ChangeOf } from '../../platform/changes/to-kiosks.ts';
import { remove } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';

/** Most commands on a snapshot's first page, oldest first, the order in which they must be carried out. */
const MAX_COMMANDS = 50;

/** Expiry of a command that is over. A kiosk that was off for days does not know the time yet, but it is not 1970. */
const LONG_AGO = new Date(0).toISOString();

/** State that is sent to one device alone. */
export type DeviceState = ChangeOf<'update' | 'command' | 'config'>;

/** What a kiosk receives if nothing is set for a kind. */
const NOTHING = {
  update: { kind: 'update', update: null },
  config: { kind: 'config', revision: 0, config: {} },
} as const satisfies Record<string, DeviceState>;

/**
 * Publishes state to each of these devices, from its next ask on. It replaces earlier state of the same kind, or the same
 * command. Commands are kept until cleared. Call it as the last step of a transaction, like `appendChanges`.
 */
export async function publishDeviceState(
  tx: Tx,
  all: readonly { readonly device: string; readonly state: DeviceState }[],
  now: Date,
): Promise<void> {
  if (all.length === 0) return;
  const rows = all.map(({ device, state }) => ({
    device,
    kind: state.kind,
    id: idOf(state),
    body: JSON.stringify(Change.parse(state)),
    at: now,
  }));
  await tx
    .insertInto('device_state')
    .values(rows)
    .onConflict((c) =>
      c
        .columns(['device', 'kind', 'id'])
        .doUpdateSet((e) => ({ body: e.ref('excluded.body'), at: e.ref('excluded.at') })),
    )
    .execute();
  const changes = rows.map(({ device, kind, id }) => ({ device, kind, ...(kind === 'command' && { request: id }) }));
  await appendChanges(tx, changes, now);
}

/** Deletes commands that were answered, so that they are not sent again. */
export async function clearCommands(tx: Tx, device: string, commands: readonly string[]): Promise<void> {
  await remove(tx, 'device_state', { device, kind: 'command', id: commands });
}

/** Deletes all state of a device that was removed or registers again, which must not receive anything meant for the old one. */
export async function clearDeviceState(db: Db, device: string): Promise<void> {
  await remove(db, 'device_state', { device });
}

/** Returns a device's current state of a kind. */
export async function settingFor<K extends keyof typeof NOTHING>(
  db: Db,
  device: string,
  kind: K,
): Promise<ChangeOf<K>> {
  const [row] = await rowsFor(db, device, kind).execute();
  return (row ? Change.parse(row.body) : NOTHING[kind]) as ChangeOf<K>;
}

/** Returns a waiting command; null if it was answered. */
export async function commandFor(
  db: Db,
  device: string,
  command: string,
  now: Date,
): Promise<ChangeOf<'command'> | null> {
  const [row] = await rowsFor(db, device, 'command').where('id', '=', command).execute();
  return row ? asSent(row.body, now) : null;
}

/** Returns waiting commands, in the order in which they must be carried out. */
export async function commandsFor(db: Db, device: string, now: Date): Promise<ChangeOf<'command'>[]> {
  const rows = await rowsFor(db, device, 'command').orderBy('at').orderBy('id').limit(MAX_COMMANDS).execute();
  return rows.map(({ body }) => asSent(body, now));
}

function asSent(body: unknown, now: Date): ChangeOf<'command'> {
  const command = Change.parse(body) as ChangeOf<'command'>;
  return new Date(command.expires) <= now ? { ...command, expires: LONG_AGO } : command;
}

const rowsFor = (db: Db, device: string, kind: DeviceState['kind']) =>
  db.selectFrom('device_state').select('body').where('device', '=', device).where('kind', '=', kind);

const idOf = (state: DeviceState): string => (state.kind === 'command' ? state.id : NIL);
