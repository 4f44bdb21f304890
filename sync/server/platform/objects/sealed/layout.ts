import { randomBytes } from 'node:crypto';

/**
 * What lies where in the bucket. The prefixes differ in how long their objects live (platform/objects/bucket/rules.ts) and in who
 * may touch them (build/iam).
 */
export const PREFIX = {
  /** `backups/ID`: the database, sealed. In an archive after 90 days. */
  backups: 'backups/',
  /** `manifests/ID`: what that backup holds, sealed. Written last: a backup without one is not complete. */
  manifests: 'manifests/',
  /** `keys/ID`: the data key of that backup, under the environment's keys. All that a rotation has to rewrite. */
  keys: 'keys/',
  /** One object, whose versions are copies of the keyring; all but the newest are short-lived. */
  keyring: 'keyring/',
  /** Photos' ciphertext as the kiosks sealed it, under random names. */
  checkinPhotos: 'photos/checkin/',
  enrolmentPhotos: 'photos/enrolment/',
  /** `tombstones/REQUEST`: the people a restore has to erase again. */
  tombstones: 'tombstones/',
  anchors: 'audit/anchors/',
} as const;

export const databaseObject = (id: string) => `${PREFIX.backups}${id}`;
export const manifestObject = (id: string) => `${PREFIX.manifests}${id}`;
export const keyObject = (id: string) => `${PREFIX.keys}${id}`;
export const KEYRING_OBJECT = `${PREFIX.keyring}latest`;
/** Record of the key that tombstones are made with, beside the backups' own. */
export const TOMBSTONE_KEY = 'tombstones';

/** Sorts by time: `20270301T080000Z-1f2e3d4c`, of which the first three digits after the dash are milliseconds. */
export function newBackupId(now: Date): string {
  const ms = now.getUTCMilliseconds().toString(16).padStart(3, '0');
  return `${now.toISOString().replace(/[-:]|\.\d+/g, '')}-${ms}${randomBytes(3).toString('hex').slice(1)}`;
}

export const isBackupId = (text: string) => /^\d{8}T\d{6}Z-[0-9a-f]{8}$/.test(text);
