import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { v4 as uuid } from 'uuid';
import { z } from 'zod';
import { keyId, newSealingKey, newSigningKey, publicHalf } from '../../protocol/seal/keys.ts';
import { Ed25519PrivateJwk, X25519PrivateJwk } from '../../protocol/wire/batch.ts';
import { Uuid } from '../../protocol/wire/event.ts';
import type { ServerKeys } from '../../protocol/wire/keys.ts';
import { Problem } from '../../protocol/wire/problem.ts';
import { writeAtomically } from '../files.ts';
import {
  createCa,
  issueServerCertificate,
  type KeyAndCertificate,
  selfSignedServerCertificate,
  stillFits,
} from './certificates.ts';
import type { Keys } from './envelope.ts';

/**
 * The server's own private keys, in `keyring.json` of its home (0600): each sealed under a sub-key of the environment's
 * keys, so that the file alone is worth nothing. They are not in the database, whose dumps travel.
 */

const Sealed = z.base64url();
const Certified = z.strictObject({ certPem: z.string(), key: Sealed });
const KeyringFile = z.strictObject({
  v: z.literal(1),
  serverId: Uuid,
  /** Tells a wrong ENCRYPTION_KEY or SECRET_KEY at start, before anything is read or written with it. */
  keyCheck: z.string(),
  ca: Certified,
  devices: Certified,
  people: Certified,
  signing: Sealed,
  sealing: Sealed,
});
type KeyringFile = z.infer<typeof KeyringFile>;

export interface Keyring {
  readonly serverId: string;
  readonly ca: KeyAndCertificate;
  /** Certificate of the devices listener. */
  readonly devices: KeyAndCertificate;
  /** Our own certificate for the people listener. */
  readonly people: KeyAndCertificate;
  readonly signing: Ed25519PrivateJwk;
  readonly sealing: X25519PrivateJwk;
  readonly sealingKid: string;
}

/**
 * Opens the keyring, making what is missing: all of it at the first start, a listener's certificate when it nears its end
 * or the host names changed.
 *
 * @param now ms since 1970
 * @throws Problem `wrong-encryption-key`, `keyring-unreadable`
 */
export async function openKeyring(
  home: string,
  keys: Keys,
  hostnames: readonly string[],
  now: number,
): Promise<Keyring> {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const path = join(home, 'keyring.json');
  const stored = read(path);
  if (stored && stored.keyCheck !== keys.check()) {
    throw new Problem(
      'wrong-encryption-key',
      'ENCRYPTION_KEY and SECRET_KEY are not those that this data folder was made with.',
      'Start with the original keys; nothing was changed.',
    );
  }
  const serverId = stored?.serverId ?? uuid();
  const box = sealer(keys, serverId);
  const certified = (name: 'ca' | 'devices' | 'people') =>
    stored && { certPem: stored[name].certPem, keyPem: box.open(name, stored[name].key) };
  const ca = certified('ca') ?? (await createCa(serverId, now));
  const usable = (held: KeyAndCertificate | null) => (held && stillFits(held.certPem, hostnames, now) ? held : null);
  const devices = usable(certified('devices')) ?? (await issueServerCertificate(ca, hostnames, now));
  const people = usable(certified('people')) ?? (await selfSignedServerCertificate(hostnames, now));
  const signing = stored ? Ed25519PrivateJwk.parse(JSON.parse(box.open('signing', stored.signing))) : newSigningKey();
  const sealing = stored ? X25519PrivateJwk.parse(JSON.parse(box.open('sealing', stored.sealing))) : newSealingKey();
  if (!stored || stored.devices.certPem !== devices.certPem || stored.people.certPem !== people.certPem) {
    const file: KeyringFile = {
      v: 1,
      serverId,
      keyCheck: keys.check(),
      ca: { certPem: ca.certPem, key: box.seal('ca', ca.keyPem) },
      devices: { certPem: devices.certPem, key: box.seal('devices', devices.keyPem) },
      people: { certPem: people.certPem, key: box.seal('people', people.keyPem) },
      signing: box.seal('signing', JSON.stringify(signing)),
      sealing: box.seal('sealing', JSON.stringify(sealing)),
    };
    writeAtomically(path, `${JSON.stringify(file, null, 2)}\n`);
  }
  return { serverId, ca, devices, people, signing, sealing, sealingKid: await keyId(publicHalf(sealing)) };
}

/** What kiosks pin of it. */
export function publicKeys(keyring: Keyring): ServerKeys {
  return {
    serial: 1,
    signing: [publicHalf(keyring.signing)],
    sealing: publicHalf(keyring.sealing),
    caPem: [keyring.ca.certPem],
  };
}

function read(path: string): KeyringFile | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new Problem('keyring-unreadable', 'keyring.json can not be read.', 'Check the rights of the server home.', {
      cause,
    });
  }
  try {
    return KeyringFile.parse(JSON.parse(text));
  } catch (cause) {
    // Never made anew over a broken one: that would cut off every kiosk.
    throw new Problem(
      'keyring-unreadable',
      'keyring.json is damaged or was written by a newer build.',
      'Restore it from the backup, or start the build that wrote it.',
      { cause },
    );
  }
}

function sealer(keys: Keys, serverId: string) {
  const place = (name: string) => ({ field: `keyring.${name}`, person: null, record: serverId, rowVersion: 1 });
  return {
    seal: (name: string, text: string) =>
      keys.seal('keyring', place(name), Buffer.from(text, 'utf8')).toString('base64url'),
    open: (name: string, sealed: string) =>
      keys.open('keyring', place(name), Buffer.from(sealed, 'base64url')).toString('utf8'),
  };
}
