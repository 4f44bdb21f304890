import type { z } from 'zod';
import { wholeNumber } from '../../../platform/variables.ts';

/** Environment variables for retention periods. They are merged into the server's configuration schema (config.ts). */

const days = (least: number, most: number) => wholeNumber('days', least, most);

/** Days in which an erasure can be cancelled, by default. */
export const UNDO_DAYS = 7;

export const retentionVariables = {
  /** Photos of check-ins. The policy allows 90 days at most. */
  SMARTPRESENCE_PHOTO_DAYS: days(1, 90).default(90),
  /** Positions. The policy allows 30 days at most. */
  SMARTPRESENCE_GPS_DAYS: days(1, 30).default(30),
  /** Face templates of people who have not used their face for this long. BIPA allows three years at most. */
  SMARTPRESENCE_TEMPLATE_DAYS: days(30, 1095).default(365),
  /** After this, check-ins no longer belong to anyone, but still count. Unset: they are kept as long as their person. */
  SMARTPRESENCE_ATTENDANCE_DAYS: days(90, 3650).optional(),
  /** Withdrawn consents, counted from the withdrawal. They are kept as proof of consent. */
  SMARTPRESENCE_CONSENT_DAYS: days(30, 3650).default(1095),
  /** People who belong to no site any more are erased after this. Unset: never automatically. */
  SMARTPRESENCE_LEAVER_DAYS: days(1, 3650).optional(),
  /** Content of events that could not be accepted. */
  SMARTPRESENCE_QUARANTINE_DAYS: days(7, 365).default(180),
  /** Backup copies of the keyring, counted from the next copy. They still hold the keys of people erased since. */
  SMARTPRESENCE_KEYRING_BACKUP_DAYS: days(1, 90).default(30),
  /** Days in which an erasure request can be undone. Templates are deleted at once all the same. */
  SMARTPRESENCE_ERASURE_UNDO_DAYS: days(0, 30).default(UNDO_DAYS),
};

/** Days that each kind of data is kept. Null: no period of its own. */
export type RetentionSettings = Readonly<ReturnType<typeof retentionSettings>>;

export function retentionSettings(e: z.infer<z.ZodObject<typeof retentionVariables>>) {
  return {
    photoDays: e.SMARTPRESENCE_PHOTO_DAYS,
    gpsDays: e.SMARTPRESENCE_GPS_DAYS,
    templateDays: e.SMARTPRESENCE_TEMPLATE_DAYS,
    attendanceDays: e.SMARTPRESENCE_ATTENDANCE_DAYS ?? null,
    consentDays: e.SMARTPRESENCE_CONSENT_DAYS,
    leaverDays: e.SMARTPRESENCE_LEAVER_DAYS ?? null,
    quarantineDays: e.SMARTPRESENCE_QUARANTINE_DAYS,
    keyringBackupDays: e.SMARTPRESENCE_KEYRING_BACKUP_DAYS,
    erasureUndoDays: e.SMARTPRESENCE_ERASURE_UNDO_DAYS,
  };
}
