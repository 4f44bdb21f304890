import type { EventHeader, EventType, Open, Personal, SaltedValue } from '../../protocol/wire/event.ts';
import type { NewChange } from './changes/log.ts';
import type { Tx } from './database/schema.ts';
import type { Keys } from './keys/envelope.ts';

/** What an ingest has to know of a person before it writes anything about them. */
export interface Standing {
  /** Whether there is a row of theirs: false until a kiosk or the office adds them. */
  readonly known: boolean;
  readonly erased: boolean;
  /** The person that this one turned out to be; itself when never merged. */
  readonly now: string;
}

/** An event of one type: both halves of its body were checked on the way in (`checkEvent`). */
export interface EventOf<T extends EventType> {
  readonly header: Omit<EventHeader, 'type' | 'open'> & { readonly type: T; readonly open: Open<T> };
  readonly personal: { readonly [F in keyof Personal<T>]: SaltedValue & { readonly value: Personal<T>[F] } };
}

/** New events of one device, in the ingest's transaction: they are in the log, and the device may send them. */
export interface Batch {
  readonly tx: Tx;
  readonly keys: Keys;
  readonly device: string;
  /** Null: the default site. */
  readonly site: string | null;
  /** Standing of everybody these events name, who are locked (`lockPeople`). */
  readonly people: ReadonlyMap<string, Standing>;
  /** People these events add: they become the scope's. */
  readonly added: ReadonlySet<string>;
  /** Days in which a deletion can be undone. */
  readonly undoDays: number;
  readonly now: Date;
}

/** One of them. */
export interface OneEvent<T extends EventType> extends Batch {
  readonly event: EventOf<T>;
  /** Of the device (core/devices/registry.ts). */
  readonly scope: string;
  /** The person it names, by the name of today; null: nobody, someone unknown, or someone who was erased. */
  readonly person: string | null;
  /** When it happened, never later than now. */
  readonly at: Date;
  /** What kiosks are to receive. */
  readonly publish: (changes: readonly NewChange[]) => void;
}
