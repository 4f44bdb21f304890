import type { Change } from '../../../protocol/wire/changes.ts';
import type { ServerKeys } from '../../../protocol/wire/keys.ts';
import type { Opened } from '../audit/opened.ts';
import type { Db } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';

/**
 * How the pages that kiosks read are made. The log only says what has changed. The content is read from the tables when a
 * page is made, so it is always the current state.
 */

export interface ChangeSource {
  readonly db: Db;
  readonly keys: Keys;
  readonly logEpoch: string;
  /** Returns the current set of public keys, the same on every replica. */
  readonly publicKeys: () => Promise<ServerKeys>;
}

export interface Reader {
  readonly source: ChangeSource;
  readonly device: string;
  readonly scope: string;
  readonly now: Date;
  /** Collects whose data the page decrypts, for its audit row. */
  readonly opened: Opened;
}

export type ChangeOf<K extends Change['kind']> = Extract<Change, { kind: K }>;

export type KioskChange<K extends Change['kind']> = State<K> | OfPeople<K> | RowByRow<K>;

/** A kind whose single change contains everything about the kiosk or its site. A snapshot starts with these. */
interface State<K extends Change['kind']> {
  readonly state: (reader: Reader) => Promise<ChangeOf<K>>;
}

/** A kind about people. In a snapshot these follow the person's `person` change. */
export interface OfPeople<K extends Change['kind']> {
  /** Returns the changes for several people, all of the reader's site. */
  readonly people: (reader: Reader, people: readonly string[]) => Promise<readonly ChangeOf<K>[]>;
  /** Returns a change that says there is nothing (any more) for a person. Absent or null: no change is sent. */
  readonly nothing?: (person: string, model: string, reader: Reader) => ChangeOf<K> | Promise<ChangeOf<K> | null>;
}

/** What a row of the log refers to. */
interface LogRow {
  readonly person: string;
  readonly request: string;
  /** Whether the person belongs to the reader's site and kiosks weren't asked to delete them. */
  readonly here: boolean;
}

interface RowByRow<K extends Change['kind']> {
  /** Returns the change for a row of the log. Null if it no longer applies. */
  readonly row: (row: LogRow, reader: Reader) => ChangeOf<K> | null | Promise<ChangeOf<K> | null>;
  /** Returns the changes that a snapshot starts with. Default: none. */
  readonly start?: (reader: Reader) => Promise<readonly ChangeOf<K>[]>;
}
