import type { ColumnType } from 'kysely';

type Instant = ColumnType<Date, Date | string, Date | string>;

/** What one device is told now (changes/device-state.ts). */
export interface DeviceToldTable {
  device: string;
  kind: 'update' | 'command' | 'config';
  /** Of a command; the nil UUID otherwise. */
  id: string;
  body: ColumnType<unknown, string, string>;
  at: Instant;
}

/** How a device last said it is (wire/fleet.ts, Inventory). */
export interface DeviceReportTable {
  device: string;
  at: Instant;
  report: ColumnType<unknown, string, string>;
}
