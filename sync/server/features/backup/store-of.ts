import { Problem } from '../../../errors/problem.ts';
import type { Config } from '../../app/config.ts';
import type { Periods } from '../../platform/objects/bucket/rules.ts';
import type { S3Settings } from '../../platform/objects/settings.ts';
import { type ObjectStore, withObjectStore } from '../../platform/objects/store.ts';

/** Returns the settings of the object store. @throws Problem `s3-not-configured` */
export function requireS3({ s3 }: Pick<Config, 's3'>): S3Settings {
  if (s3) return s3;
  throw new Problem('s3-not-configured');
}

/** Opens the configured store for `work`, and closes it. @throws Problem `s3-not-configured` */
export async function withStore<T>(
  config: Pick<Config, 's3'>,
  work: (store: ObjectStore, settings: S3Settings) => Promise<T>,
): Promise<T> {
  const settings = requireS3(config);
  return withObjectStore(settings, (store) => work(store!, settings));
}

export function periodsOf({ s3, retention }: Pick<Config, 's3' | 'retention'>): Periods {
  return {
    checkinPhotos: retention.photoDays,
    keyringCopies: retention.keyringBackupDays,
    backups: requireS3({ s3 }).backupDays,
  };
}
