import { randomBytes } from 'node:crypto';

/**
 * The layout of the bucket. Prefixes differ in their retention (platform/objects/bucket/rules.ts) and in who has access
 * (build/iam).
 */
export const PREFIX = {
  /** `backups/ID`: the encrypted database. Moved to the archive after 90 days. */
  backups: 'backups/',
  /** `manifests/ID`: the encrypted list of that backup's contents. Written last, so a backup without one is incomplete. */
  manifests: 'manifests/',
  /** `keys/ID`: that backup's data key, encrypted with the environment's keys. A rotation only has to rewrite these. */
  keys: 'keys/',
  /** One object whose versions are copies of the keyring. All but the newest are short-lived. */
  keyring: 'keyring/',
  /** Photos as encrypted by the kiosks, under random names. */
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
/** Decisions that a restore must not undo. Under this prefix because its retention is the same: the newest never expires. */
export const DECISIONS_OBJECT = `${PREFIX.keyring}decisions`;
/** Name, below `keys/`, of the key that tombstones are made with. */
export const TOMBSTONE_KEY = 'tombstones';

/** Returns an id that sorts by time: `20270301T080000Z-1f2e3d4c`. The three hex digits after the dash are milliseconds. */
export function newBackupId(now: Date): string {
  const ms = now.getUTCMilliseconds().toString(16).padStart(3, '0');
  return `${now.toISOString().replace(/[-:]|\.\d+/g, '')}-${ms}${randomBytes(3).toString('hex').slice(1)}`;
}

export const isBackupId = (text: string) => /^\d{8}T\d{6}Z-[0-9a-f]{8}$/.test(text);
