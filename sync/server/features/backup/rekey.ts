import type { z } from 'zod';
import type { rekeyBackups as api } from '../../../protocol/api/backups.ts';
import { rewrapDataKeys } from '../../platform/objects/sealed/data-keys.ts';
import { KEYRING_OBJECT } from '../../platform/objects/sealed/layout.ts';
import { type BackupContext, runBackup } from './run.ts';

/**
 * After the environment's keys were rotated: a new backup, all other backups' data keys under the new keys, and no copy of
 * the keyring under the old ones. From then on the old environment keys open nothing in the object store.
 *
 * The rows inside older backups stay as they were: their pgcrypto layer is under the keys of their time, so a restore of one
 * of those needs them as well.
 *
 * @throws Problem `backup-key-unknown`, `s3-…`; safe to run again
 */
export async function rekeyBackups(context: BackupContext): Promise<z.output<(typeof api)['answer']>> {
  const { store, keys } = context;
  const { backup } = await runBackup(context);
  const { rewrapped } = await rewrapDataKeys(store, keys);
  const { versions } = await store.deleteOldVersions(KEYRING_OBJECT);
  return { backup, rewrapped, keyringCopiesDeleted: versions };
}
