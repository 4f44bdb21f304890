import { gunzipSync } from 'node:zlib';
import { Problem } from '../../../errors/problem.ts';
import { type Logs, MAX_LOGS_TEXT } from '../../../protocol/wire/farewell.ts';
import { below, find, findLocked, remove, upsert } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';
import { LOGS_KEPT_MS } from './commands.ts';

export const logPlace = (command: string): Place => placeOf('fleet.log', command);

/**
 * Keeps the log that a kiosk was asked for, compressed as it came, sealed. The same again replaces it: the answer of the
 * first time may have been lost.
 *
 * @throws Problem `command-unknown` (nobody asked this kiosk, or it is over), `logs-malformed`
 */
export async function keepLogs(tx: Tx, keys: Keys, device: string, { command, gz }: Logs, now: Date): Promise<void> {
  const asked = await findLocked(tx, 'fleet_command', { id: command, device, what: 'logs' }, ['outcome']);
  if (!asked || (asked.outcome !== null && asked.outcome !== 'started')) throw new Problem('command-unknown');
  const packed = Buffer.from(gz, 'base64');
  // Opened once here, so that what is kept can be given out later.
  const bytes = unpacked(packed).length;
  const row = { device, at: now, bytes, sealed: keys.seal('field', logPlace(command), packed) };
  await upsert(tx, 'fleet_log', 'command', { command, ...row }, row);
}

/** @throws Problem `command-unknown` where there is none (any more) */
export async function readLogs(db: Db, keys: Keys, device: string, command: string): Promise<Buffer> {
  const row = await find(db, 'fleet_log', { command, device }, ['sealed']);
  if (!row) throw new Problem('command-unknown');
  return unpacked(keys.open('field', logPlace(command), row.sealed));
}

/** @returns how many were removed */
export function dropOldLogs(db: Db, now: Date): Promise<number> {
  return remove(db, 'fleet_log', { at: below(new Date(now.getTime() - LOGS_KEPT_MS)) });
}

function unpacked(packed: Uint8Array): Buffer {
  try {
    return gunzipSync(packed, { maxOutputLength: MAX_LOGS_TEXT });
  } catch (cause) {
    throw new Problem('logs-malformed', { cause });
  }
}
