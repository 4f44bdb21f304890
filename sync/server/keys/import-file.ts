import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { keyId, publicHalf } from '../../protocol/seal/keys.ts';
import { Ed25519PrivateJwk, X25519PrivateJwk } from '../../protocol/wire/batch.ts';
import { Uuid } from '../../protocol/wire/event.ts';
import { Problem } from '../../protocol/wire/problem.ts';
import type { Db } from '../database/schema.ts';
import type { Keys } from './envelope.ts';
import { certificateId, checkKeys, insertKey } from './vault.ts';
import { firstVersion } from './versions.ts';

/** The keyring file of builds before 0.2. */
const Sealed = z.base64url();
const Certified = z.strictObject({ certPem: z.string(), key: Sealed });
const KeyringFile = z.strictObject({
  v: z.literal(1),
  serverId: Uuid,
  keyCheck: z.string(),
  ca: Certified,
  devices: Certified,
  people: Certified,
  signing: Sealed,
  sealing: Sealed,
});

/**
 * Takes over `keyring.json` of an earlier build into a database that has no keyring, and sets the file aside as
 * `keyring.json.imported`. Does nothing where there is no such file, or the database has a keyring already.
 *
 * @throws Problem `wrong-encryption-key`, `keyring-unreadable`
 */
export async function importKeyringFile(db: Db, keys: Keys, home: string, now: number): Promise<void> {
  const path = join(home, 'keyring.json');
  const file = read(path);
  if (!file) return;
  checkKeys(keys, file.keyCheck);
  const open = (name: 'ca' | 'signing' | 'sealing', sealed: string) => {
    const place = { field: `keyring.${name}`, person: null, record: file.serverId, rowVersion: 1 };
    return keys.open('keyring', place, Buffer.from(sealed, 'base64url')).toString('utf8');
  };
  const [signing, sealing] = [open('signing', file.signing), open('sealing', file.sealing)];
  const signingPublic = publicHalf(Ed25519PrivateJwk.parse(JSON.parse(signing)));
  const sealingPublic = publicHalf(X25519PrivateJwk.parse(JSON.parse(sealing)));
  const both = { serial: 1 } as const;
  const { certPem } = file.ca;
  await db.transaction().execute(async (trx) => {
    const made = await trx
      .insertInto('keyring.identity')
      .values({ server_id: file.serverId, key_check: keys.check(), serial: 1 })
      .onConflict((c) => c.doNothing())
      .returning('serial')
      .executeTakeFirst();
    if (!made) return;
    await firstVersion(trx, keys, now);
    const ca = { id: certificateId(certPem), public: certPem, private: open('ca', file.ca.key) };
    await insertKey(trx, keys, { ...both, purpose: 'ca', ...ca }, now);
    for (const [purpose, jwk, text] of [
      ['signing', signingPublic, signing],
      ['sealing', sealingPublic, sealing],
    ] as const)
      await insertKey(
        trx,
        keys,
        { ...both, purpose, id: await keyId(jwk), public: JSON.stringify(jwk), private: text },
        now,
      );
  });
  renameSync(path, `${path}.imported`);
}

function read(path: string): z.infer<typeof KeyringFile> | null {
  const refuse = (message: string, nextStep: string, cause: unknown) =>
    new Problem('keyring-unreadable', message, nextStep, { cause });
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw refuse('keyring.json can not be read.', 'Check the rights of the server home.', cause);
  }
  try {
    return KeyringFile.parse(JSON.parse(text));
  } catch (cause) {
    // Never made anew over a broken one: that would cut off every kiosk.
    throw refuse('keyring.json is damaged.', 'Restore it from the backup.', cause);
  }
}
