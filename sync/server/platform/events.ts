import type { EventHeader, EventType, Open, Personal, SaltedValue } from '../../protocol/wire/event.ts';
import type { NewChange } from './changes/log.ts';
import type { Tx } from './database/schema.ts';
import type { Keys } from './keys/envelope.ts';

/** The state of a person that an ingest needs before it writes anything about them. */
export interface Standing {
  /** Whether they have a row. False until a kiosk or the office adds them. */
  readonly known: boolean;
  readonly erased: boolean;
  /** The person they were merged into, or they themselves. */
  readonly now: string;
}

/** An event of one type. Both halves of its body were already checked (`checkEvent`). */
export interface EventOf<T extends EventType> {
  readonly header: Omit<EventHeader, 'type' | 'open'> & { readonly type: T; readonly open: Open<T> };
  readonly personal: { readonly [F in keyof Personal<T>]: SaltedValue & { readonly value: Personal<T>[F] } };
}

/** New events of one device, in the ingest's transaction. They are stored in the log, and the device may send them. */
export interface Batch {
  readonly tx: Tx;
  readonly keys: Keys;
  readonly device: string;
  /** Null for the default site. */
  readonly site: string | null;
  /** State of everyone these events name. They are locked (`lockPeople`). */
  readonly people: ReadonlyMap<string, Standing>;
  /** People these events add to the scope. */
  readonly added: ReadonlySet<string>;
  /** For how many days a deletion can be undone. */
  readonly undoDays: number;
  readonly now: Date;
}

/** One event of a batch. */
export interface OneEvent<T extends EventType> extends Batch {
  readonly event: EventOf<T>;
  /** Scope of the device (core/devices/registry.ts). */
  readonly scope: string;
  /** Current id of the person it names. Null if it names nobody, or someone unknown or erased. */
  readonly person: string | null;
  /** When it happened; never later than `now`. */
  readonly at: Date;
  /** Queues changes for kiosks. */
  readonly publish: (changes: readonly NewChange[]) => void;
}
