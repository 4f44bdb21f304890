import { z } from 'zod';
import { Instant } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';

/** `/api/backups`: backup operations that need the server's database as well as the object store. */

export const BackupReport = z.strictObject({
  backup: z.string(),
  takenAt: Instant,
  rows: z.number().int(),
  /** Bytes in the object store, without photos. */
  bytes: z.number().int(),
  photos: z.strictObject({ stored: z.number().int(), bytes: z.number().int() }),
  /** Number of kiosk logs with a mark up to which events are now safe. */
  marks: z.number().int(),
  /** Old copies of the keyring that were deleted; null: this role may not delete them, the bucket's lifecycle does. */
  keyringCopiesDeleted: z.number().int().nullable(),
});

/** Writes its own audit row together with the backup. */
export const makeBackup = endpoint('POST /api/backups', {
  summary: 'Back up everything now',
  roles: ['operator'],
  data: [],
  action: 'read',
  answer: BackupReport,
  errors: ['s3-not-configured'],
});

/** Like `makeBackup`, it writes its own audit row. */
export const rekeyBackups = endpoint('POST /api/backups/rekey', {
  summary: 'Encrypt every backup’s key under the current keys, so that the previous ones open none',
  roles: ['operator'],
  data: [],
  action: 'read',
  answer: z.strictObject({
    /** The new backup, whose keyring is under the current keys. */
    backup: z.string(),
    /** Number of data keys that were rewrapped. */
    rewrapped: z.number().int(),
    /** Number of keyring copies under the previous keys, which were deleted. */
    keyringCopiesDeleted: z.number().int(),
  }),
  errors: ['s3-not-configured', 'backup-key-unknown'],
});

export const verifyBackupPhotos = endpoint('POST /api/backups/:backup/verify-photos', {
  summary: 'Read a backup back, with every stored photo in the database; changes nothing',
  roles: ['operator'],
  data: [],
  action: 'read',
  params: { backup: z.string().max(80) },
  answer: z.strictObject({ photos: z.number().int().nullable() }),
  errors: ['s3-not-configured', 'backup-broken', 'backup-thawing'],
});

export const recordBackupVerified = endpoint('POST /api/backups/verified', {
  summary: 'Record that a backup was read back completely, for the checks',
  roles: ['operator'],
  data: [],
  action: 'operate',
});
