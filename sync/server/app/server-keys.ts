import { Problem } from '../../errors/problem.ts';
import * as api from '../../protocol/api/keys.ts';
import { serverFingerprint } from '../../protocol/seal/fingerprint.ts';
import { retireServerKeys } from '../core/credentials/pins.ts';
import { type Device, listDevices } from '../core/devices/registry.ts';
import { implement, type Route } from '../platform/access/route.ts';
import { keysChanged } from '../platform/changes/log.ts';
import { findLast } from '../platform/database/rows.ts';
import type { Db } from '../platform/database/schema.ts';
import type { Keyring } from '../platform/keys/keyring.ts';
import { succeedKey } from '../platform/keys/succession.ts';
import type { KeyPurpose } from '../platform/keys/vault.ts';

/** Routes for the keys by which kiosks know the server: list, succeed and retire. */
export const serverKeyRoutes: readonly Route[] = [
  implement(api.listServerKeys, {
    // Outside the transaction: the keyring uses connections of its own.
    before: ({ services: { keyring } }) => keyring.refresh(),
    handle: async ({ services: { keyring } }) => ({
      serverId: keyring.serverId,
      serial: keyring.serial,
      fingerprint: serverFingerprint(keyring.ca.certPem),
      keys: keyring.described,
    }),
  }),
  implement(api.succeedServerKey, async ({ tx, services, params: { purpose }, now, on, notify, after }) => {
    const { keys, keyring } = services;
    on(`${purpose} key`);
    const set = await succeedKey(tx, keys, purpose, now.getTime(), (t) => keysChanged(t, now, purpose));
    after(async () => void (await keyring.refresh()));
    notify('change');
    return { serial: set.serial };
  }),
  implement(api.retireServerKeys, {
    before: ({ services: { keyring } }) => keyring.refresh(),
    async handle({ tx, services, params: { purpose }, body: { force }, now, on, notify, after }) {
      const { keys, keyring } = services;
      on(`${purpose} key`);
      const behind = await devicesBehind(tx, keyring, purpose);
      if (behind.length > 0 && !force)
        throw new Problem('devices-know-only-old-keys', {
          purpose,
          devices: [...behind.slice(0, 10).map((d) => d.name), ...(behind.length > 10 ? ['…'] : [])].join(', '),
        });
      const set = await retireServerKeys(tx, keys, purpose, now.getTime(), (t) => keysChanged(t, now, purpose));
      after(async () => void (await keyring.refresh()));
      notify('change');
      return { serial: set.serial, cutOff: behind.map((d) => d.id) };
    },
  }),
];

/** Returns approved devices that a retirement would cut off, according to their reports. */
async function devicesBehind(db: Db, keyring: Keyring, purpose: KeyPurpose): Promise<Device[]> {
  if (keyring.described.filter((k) => k.purpose === purpose).length < 2) return [];
  const approved = (await listDevices(db)).filter((d) => d.status === 'approved');
  const newest = keyring.signingKids[0]!;
  const keyMadeAt = purpose === 'qr' || purpose === 'pin' ? await newestKeyMade(db, purpose) : null;
  return approved.filter((d) => {
    if (purpose === 'signing') return !d.trusts?.includes(newest);
    if (purpose === 'sealing') return d.sealedTo !== keyring.sealingKid;
    if (keyMadeAt) return d.lastHeardAt === null || d.lastHeardAt < keyMadeAt;
    return d.certIssuer !== keyring.cas[0]!.id;
  });
}

/** Returns when the newest key of a purpose was made. Every device in contact since then has it. */
async function newestKeyMade(db: Db, purpose: KeyPurpose): Promise<Date> {
  return (await findLast(db, 'keyring.server_key', { purpose, retired_at: null }, 'serial', ['made_at']))!.made_at;
}
