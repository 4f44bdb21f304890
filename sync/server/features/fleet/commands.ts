import { gunzipSync } from 'node:zlib';
import { v7 } from 'uuid';
import { Problem } from '../../../errors/problem.ts';
import type { CommandWhat, Open, WireEvent } from '../../../protocol/wire/event.ts';
import { type Logs, MAX_LOGS_TEXT } from '../../../protocol/wire/farewell.ts';
import { clearCommands, publishDeviceState } from '../../core/devices/device-state.ts';
import { findDevice, requireDevice, revokeDevice } from '../../core/devices/registry.ts';
import {
  below,
  camelCase,
  find,
  findAll,
  findLocked,
  insert,
  remove,
  update,
  upsert,
} from '../../platform/database/rows.ts';
import type { Db, Row, Tx } from '../../platform/database/schema.ts';
import type { EmailOf } from '../../platform/http/email.ts';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';

/**
 * Commands to kiosks, all audited. A kiosk has at most one open command of each kind. It reports the outcome in a `command`
 * event or, after a wipe or decommissioning, in its farewell.
 */

const HOUR = 3_600_000;
/** How long a command waits for its kiosk, hours. A lost kiosk may come online weeks later. */
const LIFE: Readonly<Record<CommandWhat, number>> = {
  restart: 1,
  logs: 24,
  // One minute, since someone is waiting for it. An idle kiosk polls every 20 s.
  watch: 1 / 60,
  decommission: 7 * 24,
  wipe: 90 * 24,
};
/** How long after its expiry a command may still be answered, ms. A kiosk may have received it in the last minute. */
const GRACE_MS = HOUR;
/** How long logs are kept, ms. */
const LOGS_KEPT_MS = 7 * 86_400_000;

export const destroys = (what: CommandWhat): what is 'wipe' | 'decommission' =>
  what === 'wipe' || what === 'decommission';

/**
 * Sends a command to a kiosk, and returns its id.
 *
 * @throws Problem `unknown-device`, `device-not-approved`, `command-name-differs`, `command-waits` (one of the same kind is
 *   still open), `device-leaves`
 */
export async function askKiosk(
  tx: Tx,
  {
    device,
    by,
    ...wanted
  }: {
    readonly device: string;
    readonly what: CommandWhat;
    readonly by: string;
    readonly name?: string | undefined;
    readonly hours?: number | undefined;
  },
  now: Date,
): Promise<string> {
  await tx.selectFrom('device').select('id').where('id', '=', device).forUpdate().execute();
  const known = await requireDevice(tx, device);
  if (known.status !== 'approved') throw new Problem('device-not-approved');
  if (destroys(wanted.what) && wanted.name?.trim() !== known.name) throw new Problem('command-name-differs');
  const waiting = await findAll(tx, 'fleet_command', { device, outcome: null });
  const started = await findAll(tx, 'fleet_command', { device, outcome: 'started' });
  for (const open of [...waiting, ...started]) {
    // A decommissioning may wait for days, and the kiosk may be stolen meanwhile: a wipe is still allowed.
    const hurries = wanted.what === 'wipe' && open.what === 'decommission';
    if (destroys(open.what) && open.outcome === 'started' && !hurries) throw new Problem('device-leaves');
    // A new `watch` replaces an open one.
    const takesOver = wanted.what === 'watch';
    if (open.what === wanted.what && open.expires_at > now && !takesOver) throw new Problem('command-waits');
  }
  const id = v7();
  const expires = new Date(now.getTime() + (wanted.hours ?? LIFE[wanted.what]) * HOUR);
  await insert(tx, 'fleet_command', { id, device, what: wanted.what, asked_at: now, by, expires_at: expires });
  await publishCommand(tx, device, { id, what: wanted.what, expires: expires.toISOString() }, now);
  return id;
}

/**
 * Withdraws a command, so that it expires now. If the kiosk has started it meanwhile, its report still counts.
 * @throws Problem `command-unknown`, `command-answered`
 */
export async function withdraw(tx: Tx, device: string, id: string, now: Date): Promise<void> {
  const row = await findLocked(tx, 'fleet_command', { id, device });
  if (!row) throw new Problem('command-unknown');
  if (row.outcome !== null) throw new Problem('command-answered');
  await update(tx, 'fleet_command', { id }, { outcome: 'withdrawn', answered_at: now, expires_at: now });
  await publishCommand(tx, device, { id, what: row.what, expires: now.toISOString() }, now);
}

const publishCommand = (
  tx: Tx,
  device: string,
  command: { readonly id: string; readonly what: CommandWhat; readonly expires: string },
  now: Date,
): Promise<void> => publishDeviceState(tx, [{ device, state: { kind: 'command', ...command } }], now);

/** Applies `command` events of one device to its commands. Runs inside the ingest's transaction. */
export async function takeAnswers(tx: Tx, events: readonly WireEvent[], device: string, now: Date): Promise<void> {
  for (const event of events) {
    const open = event.header.open as Open<'command'>;
    const row = await findLocked(tx, 'fleet_command', { id: open.command, device });
    // The database was restored to a state before the command: it is unknown, and nothing waits for it.
    if (!row) continue;
    if (open.outcome === 'started') {
      if (row.outcome !== null && row.outcome !== 'withdrawn' && row.outcome !== 'expired') continue;
      const farewell_key = destroys(row.what) ? (open.code ?? null) : null;
      const started = { outcome: 'started', started_at: now, answered_at: null, farewell_key } as const;
      await update(tx, 'fleet_command', { id: row.id }, started);
      continue;
    }
    if (row.outcome === 'done' || row.outcome === 'failed' || row.outcome === 'refused') continue;
    // A kiosk answers a withdrawn command with `expired`. It stays withdrawn.
    const outcome = row.outcome === 'withdrawn' && open.outcome === 'expired' ? 'withdrawn' : open.outcome;
    await settle(tx, row, { outcome, code: open.code ?? null }, now);
  }
}

/**
 * Records the farewell of a kiosk that has destroyed everything.
 * @returns false if the command is unknown or was reported before
 */
export async function takeFarewell(
  tx: Tx,
  { device, command, what }: { device: string; command: string; what: 'wipe' | 'decommission' },
  now: Date,
): Promise<boolean> {
  const row = await findLocked(tx, 'fleet_command', { id: command, device, what });
  if (!row || row.outcome === 'done') return false;
  await settle(tx, row, { outcome: 'done', code: null }, now);
  return true;
}

async function settle(
  tx: Tx,
  row: Row<'fleet_command'>,
  { outcome, code }: { outcome: NonNullable<Row<'fleet_command'>['outcome']>; code: string | null },
  now: Date,
): Promise<void> {
  await update(tx, 'fleet_command', { id: row.id }, { outcome, code, answered_at: now });
  await clearCommands(tx, row.device, [row.id]);
  if (!(destroys(row.what) && outcome === 'done')) return;
  // The kiosk destroyed its keys, so anyone who still uses them has a copy. A kiosk set up again since has new keys.
  const device = await findDevice(tx, row.device);
  const since = device?.approvedAt && device.approvedAt > row.asked_at;
  if (device && device.status !== 'revoked' && !since) await revokeDevice(tx, row.device, now);
}

/** Most commands of a device that are shown, newest first. */
const SHOWN = 100;

export async function commandsOf(db: Db, device: string, emailOf: EmailOf, now: Date) {
  const rows = await db
    .selectFrom('fleet_command as c')
    .leftJoin('fleet_log as l', 'l.command', 'c.id')
    .selectAll('c')
    .select(['l.bytes as log_bytes', 'l.at as log_at'])
    .where('c.device', '=', device)
    .orderBy('c.asked_at', 'desc')
    .orderBy('c.id', 'desc')
    .limit(SHOWN)
    .execute();
  return rows.map((row) => {
    const { device: _, farewellKey: __, outcome, logBytes: bytes, logAt: at, ...command } = camelCase(row);
    return {
      ...command,
      state: outcome ?? (command.expiresAt > now ? ('waiting' as const) : ('expired' as const)),
      email: emailOf(command.by),
      log: bytes === null || at === null ? null : { bytes, at, keptUntil: new Date(at.getTime() + LOGS_KEPT_MS) },
    };
  });
}

/** Returns the devices among these that have started or finished a wipe or decommissioning and were not set up again since. */
export async function leavingOf(db: Db, devices: readonly string[]): Promise<Map<string, 'wipe' | 'decommission'>> {
  if (devices.length === 0) return new Map();
  const rows = await db
    .selectFrom('fleet_command as c')
    .innerJoin('device as d', 'd.id', 'c.device')
    .select(['c.device', 'c.what'])
    .where('c.device', 'in', [...devices])
    .where('c.what', 'in', ['wipe', 'decommission'])
    .where('c.outcome', 'in', ['started', 'done'])
    .where((e) => e.or([e('d.approved_at', 'is', null), e('c.asked_at', '>=', e.ref('d.approved_at'))]))
    .orderBy('c.asked_at')
    .orderBy('c.id')
    .execute();
  return new Map(rows.flatMap(({ device, what }) => (destroys(what) ? [[device, what] as const] : [])));
}

/** Returns when a command of each device last changed its state. RFC 3339. */
export async function lastCommands(db: Db): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('fleet_command')
    .select('device')
    .select((e) => e.fn.max<Date>(e.fn.coalesce('answered_at', 'started_at', 'asked_at')).as('at'))
    .groupBy('device')
    .execute();
  return new Map(rows.map(({ device, at }) => [device, at.toISOString()]));
}

/** Marks overdue commands without a report as expired and stops sending them. @returns their number */
export async function endOverdue(tx: Tx, now: Date): Promise<number> {
  const before = new Date(now.getTime() - GRACE_MS);
  const rows = await tx
    .updateTable('fleet_command')
    .set({ outcome: 'expired', answered_at: now })
    .where('outcome', 'is', null)
    .where('expires_at', '<', before)
    .returning(['id', 'device'])
    .execute();
  for (const { id, device } of rows) await clearCommands(tx, device, [id]);
  return rows.length;
}

export const logPlace = (command: string): Place => placeOf('fleet.log', command);

/**
 * Stores the requested log of a kiosk encrypted, compressed as it arrived. A second upload replaces the first, since the
 * kiosk may not have received our answer.
 *
 * @throws Problem `command-unknown` (no such request to this kiosk, or it has ended), `logs-malformed`
 */
export async function keepLogs(tx: Tx, keys: Keys, device: string, { command, gz }: Logs, now: Date): Promise<void> {
  const asked = await findLocked(tx, 'fleet_command', { id: command, device, what: 'logs' }, ['outcome']);
  if (!asked || (asked.outcome !== null && asked.outcome !== 'started')) throw new Problem('command-unknown');
  const packed = Buffer.from(gz, 'base64');
  // Unpacked once here, to be sure that the stored log can be read later.
  const bytes = unpacked(packed).length;
  const row = { device, at: now, bytes, sealed: keys.seal('field', logPlace(command), packed) };
  await upsert(tx, 'fleet_log', 'command', { command, ...row }, row);
}

/** Returns the stored log, unpacked. @throws Problem `command-unknown` if there is none or it was deleted */
export async function readLogs(db: Db, keys: Keys, device: string, command: string): Promise<Buffer> {
  const row = await find(db, 'fleet_log', { command, device }, ['sealed']);
  if (!row) throw new Problem('command-unknown');
  return unpacked(keys.open('field', logPlace(command), row.sealed));
}

/** Removes logs older than `LOGS_KEPT_MS`. @returns how many were removed */
export function dropOldLogs(db: Db, now: Date): Promise<number> {
  return remove(db, 'fleet_log', { at: below(new Date(now.getTime() - LOGS_KEPT_MS)) });
}

/** @throws Problem `logs-malformed` */
export function unpacked(packed: Uint8Array): Buffer {
  try {
    return gunzipSync(packed, { maxOutputLength: MAX_LOGS_TEXT });
  } catch (cause) {
    throw new Problem('logs-malformed', { cause });
  }
}
