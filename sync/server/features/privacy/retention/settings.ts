import type { z } from 'zod';
import { wholeNumber } from '../../../platform/variables.ts';

/** Variables of the environment that say how long things are kept; merged into the server's one schema (config.ts). */

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
  /** After this, records of check-ins are of nobody: their counts stay. Unset: they stay as long as their person. */
  SMARTPRESENCE_ATTENDANCE_DAYS: days(90, 3650).optional(),
  /** Consents, counted from their withdrawal, as proof that there was one. */
  SMARTPRESENCE_CONSENT_DAYS: days(30, 3650).default(1095),
  /** People who belong to no site any more are erased after this. Unset: never by itself. */
  SMARTPRESENCE_LEAVER_DAYS: days(1, 3650).optional(),
  /** Content of events that could not be taken. */
  SMARTPRESENCE_QUARANTINE_DAYS: days(7, 365).default(180),
  /** Copies of the keyring in backups, from their successor on: an erased person's key is in them until then. */
  SMARTPRESENCE_KEYRING_BACKUP_DAYS: days(1, 90).default(30),
  /** In which a request for erasure can be taken back; templates go at once whatever it says. */
  SMARTPRESENCE_ERASURE_UNDO_DAYS: days(0, 30).default(UNDO_DAYS),
};

/** Days that each kind of thing is kept; null: without an end of its own. */
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
