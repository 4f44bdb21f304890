import { rewrapDataKeys } from '../../platform/objects/sealed/data-keys.ts';
import { KEYRING_OBJECT } from '../../platform/objects/sealed/layout.ts';
import { type BackupContext, runBackup } from './run.ts';

export interface Rekeyed {
  /** The new backup, whose keyring is under the present keys. */
  readonly backup: string;
  /** Data keys that were rewritten. */
  readonly rewrapped: number;
  /** Copies of the keyring under the keys before, which are gone. */
  readonly keyringCopiesDeleted: number;
}

/**
 * After the environment's keys were rotated: a new backup, all other backups' data keys under the new keys, and no copy of
 * the keyring under the old ones. From then on the old environment keys open nothing in the object store.
 *
 * The rows inside older backups stay as they were: their pgcrypto layer is under the keys of their time, so a restore of one
 * of those needs them as well.
 *
 * @throws Problem `backup-key-unknown`, `s3-…`; safe to run again
 */
export async function rekeyBackups(context: BackupContext): Promise<Rekeyed> {
  const { store, keys } = context;
  const { backup } = await runBackup(context);
  const { rewrapped } = await rewrapDataKeys(store, keys);
  const { versions } = await store.deleteOldVersions(KEYRING_OBJECT);
  return { backup, rewrapped, keyringCopiesDeleted: versions };
}
