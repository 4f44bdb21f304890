import { NIL } from 'uuid';
import { Change } from '../../../protocol/wire/changes.ts';
import { appendChanges } from '../../platform/changes/log.ts';
import type { ChangeOf } from '../../platform/changes/to-kiosks.ts';
import { remove } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';

/** Most commands on a snapshot's first page; the oldest first, as they have to be carried out. */
const MAX_COMMANDS = 50;

/** What is about one device alone. */
export type DeviceState = ChangeOf<'update' | 'command' | 'config'>;

/** What a kiosk receives of a kind for which nothing is set. */
const NOTHING = {
  update: { kind: 'update', update: null },
  config: { kind: 'config', revision: 0, config: {} },
} as const satisfies Record<string, DeviceState>;

/**
 * Publishes something to each of these devices, from its next ask on: in place of what it received of the same kind
 * before, or of the same command. Commands stay until they are cleared. As `appendChanges`, the last thing of its
 * transaction.
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

/** A command has had its answer: it is sent no more. */
export async function clearCommands(tx: Tx, device: string, commands: readonly string[]): Promise<void> {
  await remove(tx, 'device_state', { device, kind: 'command', id: commands });
}

/** A device that was removed, or returns as another one, receives nothing that was meant for the previous one. */
export async function clearDeviceState(db: Db, device: string): Promise<void> {
  await remove(db, 'device_state', { device });
}

/** As it is for the device now. */
export async function settingFor<K extends keyof typeof NOTHING>(
  db: Db,
  device: string,
  kind: K,
): Promise<ChangeOf<K>> {
  const [row] = await rowsFor(db, device, kind).execute();
  return (row ? Change.parse(row.body) : NOTHING[kind]) as ChangeOf<K>;
}

/** Null: it was answered. */
export async function commandFor(db: Db, device: string, command: string): Promise<ChangeOf<'command'> | null> {
  const [row] = await rowsFor(db, device, 'command').where('id', '=', command).execute();
  return row ? (Change.parse(row.body) as ChangeOf<'command'>) : null;
}

/** Waiting commands, in the order in which they have to be carried out. */
export async function commandsFor(db: Db, device: string): Promise<ChangeOf<'command'>[]> {
  const rows = await rowsFor(db, device, 'command').orderBy('at').orderBy('id').limit(MAX_COMMANDS).execute();
  return rows.map(({ body }) => Change.parse(body) as ChangeOf<'command'>);
}

const rowsFor = (db: Db, device: string, kind: DeviceState['kind']) =>
  db.selectFrom('device_state').select('body').where('device', '=', device).where('kind', '=', kind);

const idOf = (state: DeviceState): string => (state.kind === 'command' ? state.id : NIL);
