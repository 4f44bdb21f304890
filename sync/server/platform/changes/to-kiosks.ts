import type { Change } from '../../../protocol/wire/changes.ts';
import type { ServerKeys } from '../../../protocol/wire/keys.ts';
import type { Opened } from '../audit/opened.ts';
import type { Db } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';

/**
 * How the pages that kiosks read are made. The log says only what has changed; the content is read from the tables when a
 * page is made, so it is always the present state.
 */

export interface ChangeSource {
  readonly db: Db;
  readonly keys: Keys;
  readonly logEpoch: string;
  /** The present set of public keys, as every replica knows it. */
  readonly publicKeys: () => Promise<ServerKeys>;
}

export interface Reader {
  readonly source: ChangeSource;
  readonly device: string;
  readonly scope: string;
  readonly now: Date;
  /** Whose data the page decrypts: they are in its audit row. */
  readonly opened: Opened;
}

export type ChangeOf<K extends Change['kind']> = Extract<Change, { kind: K }>;

export type KioskChange<K extends Change['kind']> = State<K> | OfPeople<K> | RowByRow<K>;

/** One change says everything, about the kiosk or its site. A snapshot starts with these. */
interface State<K extends Change['kind']> {
  readonly state: (reader: Reader) => Promise<ChangeOf<K>>;
}

/** About people. A snapshot has them after the person's own `person` change. */
export interface OfPeople<K extends Change['kind']> {
  /** What there is of these people, who are of the reader's site, several at once. */
  readonly people: (reader: Reader, people: readonly string[]) => Promise<readonly ChangeOf<K>[]>;
  /** Says that there is nothing of a person (any more); absent: then nothing is said. */
  readonly nothing?: (person: string, model: string, reader: Reader) => ChangeOf<K> | Promise<ChangeOf<K> | null>;
}

/** What a row of the log refers to. */
interface LogRow {
  readonly person: string;
  readonly request: string;
  /** The person belongs to the reader's site, and kiosks were not asked to delete them. */
  readonly here: boolean;
}

interface RowByRow<K extends Change['kind']> {
  /** Null: it says nothing any more. */
  readonly row: (row: LogRow, reader: Reader) => ChangeOf<K> | null | Promise<ChangeOf<K> | null>;
  /** What a snapshot begins with; absent: nothing. */
  readonly start?: (reader: Reader) => Promise<readonly ChangeOf<K>[]>;
}
