import type { Transaction } from 'kysely';
import { NIL } from 'uuid';
import { Change } from '../../../protocol/wire/changes.ts';
import { appendChanges } from '../../platform/changes/log.ts';
import type { Db, Tables } from '../../platform/database/schema.ts';

/** Most commands that a snapshot's first page carries; the oldest first, as they are to be done. */
const MAX_COMMANDS = 50;

/** What is about one device alone. */
export type DeviceState = Extract<Change, { kind: 'update' | 'command' | 'config' }>;

/** What a kiosk receives of a kind that nothing is set for. */
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
  tx: Transaction<Tables>,
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
export async function clearCommands(
  tx: Transaction<Tables>,
  device: string,
  commands: readonly string[],
): Promise<void> {
  if (commands.length === 0) return;
  await tx
    .deleteFrom('device_state')
    .where('device', '=', device)
    .where('kind', '=', 'command')
    .where('id', 'in', commands)
    .execute();
}

/** A device that was taken away, or comes back as another one, receives nothing that was for the one before. */
export async function clearDeviceState(db: Db, device: string): Promise<void> {
  await db.deleteFrom('device_state').where('device', '=', device).execute();
}

/** As it is for the device now; null: a command that was answered. */
export async function currentDeviceState(
  db: Db,
  device: string,
  kind: DeviceState['kind'],
  command: string | null,
): Promise<DeviceState | null> {
  const row = await db
    .selectFrom('device_state')
    .select('body')
    .where('device', '=', device)
    .where('kind', '=', kind)
    .where('id', '=', command ?? NIL)
    .executeTakeFirst();
  if (row) return parsed(row.body);
  return kind === 'command' ? null : NOTHING[kind];
}

/** Everything that the device is sent in a snapshot: build and settings also where there is nothing to say. */
export async function allDeviceState(db: Db, device: string): Promise<DeviceState[]> {
  const rows = await db
    .selectFrom('device_state')
    .select('body')
    .where('device', '=', device)
    .orderBy((e) => e('kind', '=', 'command'))
    .orderBy('at')
    .orderBy('id')
    .limit(MAX_COMMANDS + 2)
    .execute();
  const all = rows.map(({ body }) => parsed(body));
  const missing = Object.values(NOTHING).filter(({ kind }) => !all.some((one) => one.kind === kind));
  return [...missing, ...all];
}

const idOf = (state: DeviceState): string => (state.kind === 'command' ? state.id : NIL);

/** What was written by `publishDeviceState`, which parsed it. */
function parsed(body: unknown): DeviceState {
  return Change.parse(body) as DeviceState;
}
