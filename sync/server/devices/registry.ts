import { Problem } from '../../protocol/wire/problem.ts';
import type { DeviceRequest } from '../../protocol/wire/provisioning.ts';
import type { Db, DeviceTable } from '../database/schema.ts';
import { requestKeyHash } from '../keys/requests.ts';

export interface Device {
  readonly id: string;
  readonly name: string;
  readonly status: DeviceTable['status'];
  /** Ed25519 public key, base64url. */
  readonly ed25519: string;
  readonly tlsKeyHash: string;
  readonly lastHeardAt: Date | null;
}

/**
 * Registers a device as approved. Safe to run again with the same keys.
 *
 * @throws Problem `device-registered-otherwise` when the id is taken by other keys, `device-revoked`
 */
export async function registerDevice(db: Db, request: DeviceRequest, now: Date): Promise<void> {
  const keyHash = await requestKeyHash(request.csr);
  await db
    .insertInto('device')
    .values({
      id: request.id,
      name: request.name,
      status: 'approved',
      ed25519: request.ed25519PublicJwk.x,
      x25519: request.x25519PublicJwk.x,
      tls_key_hash: keyHash,
      registered_at: now,
      last_heard_at: null,
    })
    .onConflict((c) => c.column('id').doNothing())
    .execute();
  const row = await db.selectFrom('device').selectAll().where('id', '=', request.id).executeTakeFirstOrThrow();
  if (
    row.ed25519 !== request.ed25519PublicJwk.x ||
    row.x25519 !== request.x25519PublicJwk.x ||
    row.tls_key_hash !== keyHash
  ) {
    throw new Problem(
      'device-registered-otherwise',
      'A device with this id is registered with other keys.',
      'Give the kiosk a new identity, or remove the old registration.',
    );
  }
  if (row.status === 'revoked')
    throw new Problem('device-revoked', 'This device was revoked.', 'Give the kiosk a new identity.');
  if (row.name !== request.name)
    await db.updateTable('device').set({ name: request.name }).where('id', '=', request.id).execute();
}

export async function findDevice(db: Db, id: string): Promise<Device | null> {
  const row = await db.selectFrom('device').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? toDevice(row) : null;
}

export async function listDevices(db: Db): Promise<Device[]> {
  return (await db.selectFrom('device').selectAll().orderBy('name').orderBy('id').execute()).map(toDevice);
}

export async function heardFrom(db: Db, id: string, now: Date): Promise<void> {
  await db.updateTable('device').set({ last_heard_at: now }).where('id', '=', id).execute();
}

function toDevice(row: {
  id: string;
  name: string;
  status: DeviceTable['status'];
  ed25519: string;
  tls_key_hash: string;
  last_heard_at: Date | null;
}): Device {
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    ed25519: row.ed25519,
    tlsKeyHash: row.tls_key_hash,
    lastHeardAt: row.last_heard_at,
  };
}
