import type { ColumnType } from 'kysely';

type Bytes = Uint8Array;
type Instant = ColumnType<Date, Date | string, Date | string>;
type Big = ColumnType<number | string, number, number>;

/** Where other programs are told of records (webhooks/). */
export interface WebhookTable {
  id: string;
  name: string;
  /** Null: of every site. */
  site: string | null;
  with_number: boolean;
  enabled: boolean;
  disabled_because: string | null;
  /** Envelope of address, secrets and certificate authority. */
  sealed: Bytes;
  row_version: number;
  created_at: Instant;
  /** Nothing is sent before: the receiver did not answer. */
  paused_until: Instant | null;
}

/** One message to one receiver; its body is made when it is sent. */
export interface WebhookDeliveryTable {
  id: string;
  webhook: string;
  kind: 'attendance.record' | 'person.erased' | 'lookalikes.marked' | 'emergency-pin.used' | 'webhook.test';
  /** The record, the person who was erased, the pair, or the event; null for a test. */
  subject: string | null;
  /** Change of the record that it tells of at least (live/feed.ts). */
  change: Big;
  state: 'due' | 'delivered' | 'failed';
  attempts: number;
  made_at: Instant;
  due_at: Instant;
  delivered_at: Instant | null;
  last_answer: string | null;
}

/** How far the records were looked through. One row. */
export interface WebhookCursorTable {
  one: ColumnType<boolean, boolean | undefined, never>;
  log: string;
  position: Big;
}
