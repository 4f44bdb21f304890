import type { ColumnType } from 'kysely';
import type { CommandWhat, StaffRole } from '../../../protocol/wire/event.ts';

type Instant = ColumnType<Date, Date | string, Date | string>;
type MaybeInstant = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
type Json = ColumnType<unknown, string, string>;

/** Every revision of the settings of a site's kiosks, or of one device (fleet/settings.ts). */
export interface FleetSettingsTable {
  kind: 'site' | 'device';
  /** Scope of the site (changes/scope.ts), or the device. */
  scope: string;
  revision: number;
  settings: Json;
  at: Instant;
  /** Account, or `operator`. */
  by: string;
  /** The revision whose settings these are again. */
  put_back: number | null;
}

/** What a device is told: its own settings over those of its site. */
export interface FleetConfigTable {
  device: string;
  revision: number;
  config: Json;
  at: Instant;
}

export interface FleetCommandTable {
  id: string;
  device: string;
  what: CommandWhat;
  asked_at: Instant;
  /** Account, or `operator`. */
  by: string;
  expires_at: Instant;
  /** Null: nothing was heard of it yet. `withdrawn`: taken back before anything was. */
  outcome: 'begun' | 'done' | 'failed' | 'refused' | 'expired' | 'withdrawn' | null;
  code: string | null;
  begun_at: MaybeInstant;
  answered_at: MaybeInstant;
  /** Thumbprint of the key that the kiosk speaks its last word by. */
  word: string | null;
}

/** Who may unlock the kiosks of a scope, or all (staff/). */
export interface StaffMemberTable {
  id: string;
  row_version: number;
  scope: string | null;
  /** The kiosk that they were added at, which alone has what they unlock it with; null: they are of the server. */
  device: string | null;
  role: StaffRole;
  /** Envelope. */
  name: Uint8Array;
  /** Envelope of PIN, badge and second factor; null once removed, and of a member of one kiosk. */
  sealed: Uint8Array | null;
  added_at: Instant;
  added_by: string;
  removed_at: MaybeInstant;
  removed_by: string | null;
}

/** What is wrong with a kiosk, and since when (fleet/alerts.ts). */
export interface KioskAlertTable {
  device: string;
  code: string;
  since: Instant;
}

/** Redacted log of a kiosk, sealed under the server's field key. */
export interface FleetLogTable {
  command: string;
  device: string;
  at: Instant;
  bytes: number;
  sealed: Buffer;
}
