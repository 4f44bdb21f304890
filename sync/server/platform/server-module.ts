import { sql } from 'kysely';
import type { AttentionKind } from '../../protocol/api/attention.ts';
import type { DataKind } from '../../protocol/api/data-kinds.ts';
import type { Change } from '../../protocol/wire/changes.ts';
import type { EventType } from '../../protocol/wire/event.ts';
import type { Route } from './access/route.ts';
import type { AttentionSource } from './attention.ts';
import type { Opened } from './audit/opened.ts';
import type { NewChange } from './changes/log.ts';
import type { KioskChange } from './changes/to-kiosks.ts';
import type { Tables, Tx } from './database/schema.ts';
import type { Batch, EventOf, OneEvent } from './events.ts';
import type { Job } from './jobs/job.ts';
import type { Keys, Place, Purpose } from './keys/envelope.ts';
import type { Section } from './my-data.ts';

/**
 * What a domain folder contributes to the server, in one object. app/modules.ts lists them all. Endpoints, jobs, key rotation,
 * a person's own export, erasure and merging are loops over that list, which is passed on in `Services`.
 */
export interface ServerModule {
  /** Implementations of declarations in sync/protocol/api. */
  readonly endpoints?: readonly Route[];
  readonly jobs?: readonly Job[];
  /** How the rest of the server treats the domain's event types. */
  readonly events?: { readonly [T in EventType]?: EventRule };
  /** Handles kiosks' new events by type, a whole batch at once: for tables that screens read, with one statement per table. */
  readonly onEvents?: {
    readonly [T in EventType]?: (batch: Batch, events: readonly EventOf<T>[]) => Promise<unknown>;
  };
  /** As `onEvents`, but one by one in the device's order: for data sent to kiosks, which are then notified to fetch it. */
  readonly onEvent?: { readonly [T in EventType]?: (one: OneEvent<T>) => Promise<unknown> };
  /** The data sent to kiosks, by kind, and how to make a page of it. */
  readonly kioskChanges?: { readonly [K in Change['kind']]?: KioskChange<K> };
  /** Sources of the attention queue, by kind. */
  readonly attention?: { readonly [K in AttentionKind]?: AttentionSource };
  /** Every table of the domain. A test compares them with the database, so none is forgotten. */
  readonly tables?: { readonly [T in keyof Tables]?: TableRule };
  /** Sections of a person's own export, by name. */
  readonly myData?: Readonly<Record<string, Section>>;
  /** As `myData`, but read last: decrypting a face writes an audit row, whose lock is held until the transaction ends. */
  readonly myFaces?: Readonly<Record<string, Section>>;
}

export interface EventRule {
  /** Kind of personal data it changes, for the audit log if staff did it. Absent if it changes none permanently. */
  readonly changes?: DataKind;
  /**
   * Set if it says where someone was, so it is checked against the sites they belonged to at that time. All other types change
   * the person and are checked against the current state. A `record` also counts for an unknown person; a `mark` is one in a
   * list of a site's people.
   */
  readonly attendance?: 'record' | 'mark';
}

/** Which key a table is encrypted with, and what happens to a person's rows. */
export type TableRule = { readonly sealed?: Sealed } & (
  | {
      /** Why it contains no personal data that isn't shown by another table's section. */
      readonly notPersonal: string;
    }
  | ({
      /** Merges the rows, or says why a merge leaves them alone. */
      readonly merged: ((merge: Merge) => Promise<unknown>) | string;
      /**
       * Runs in the erasure's step `close`, in one transaction, and must be safe to repeat. A text names the later step that
       * does it, or says why the rows are kept.
       */
      readonly erased: ((erasing: Erasing) => Promise<unknown>) | string;
    } & (
      | {
          /** The section of the person's own export that contains it. */
          readonly exported: string;
        }
      | {
          /** Why it isn't exported although it names the person. */
          readonly notExported: string;
        }
    ))
);

/** A merge of two people: rows of `merged` become rows of `kept`. */
export interface Merge {
  readonly tx: Tx;
  readonly keys: Keys;
  readonly table: string;
  readonly opened: Opened;
  readonly kept: string;
  readonly merged: string;
  /** Who decided to merge them. */
  readonly by: string;
  readonly now: Date;
  /** Queues changes for kiosks. */
  readonly publish: (changes: readonly NewChange[]) => void;
}

/** An erasure: people's rows are deleted, or their personal data is removed from them. */
export interface Erasing {
  readonly tx: Tx;
  readonly keys: Keys;
  readonly table: string;
  readonly people: readonly string[];
  readonly now: Date;
}

/** Returns the text of a row's column, which must be part of the id or of `reads`. */
export type Cell = (column: string) => string;

/** Columns that contain envelopes, and the place that each envelope is bound to. */
export type Sealed = {
  /** Columns of the primary or another unique key, with their types. Rows are read in its order. Default: `id`, a UUID. */
  readonly id?: Readonly<Record<string, 'uuid' | 'text' | 'bigint' | 'integer' | 'boolean'>>;
  /** Columns besides the id that places are made from. */
  readonly reads?: readonly string[];
} & (
  | {
      readonly by: 'environment';
      /** Default: `field`. */
      readonly purpose?: Purpose;
      readonly columns: Readonly<Record<string, (cell: Cell) => Place>>;
      /** Blind index of an envelope: its column, the envelope's column, and how to compute it from the plaintext. */
      readonly index?: {
        readonly column: string;
        readonly of: string;
        readonly make: (keys: Keys, plain: Buffer) => Buffer;
      };
      /** A column that repeats the key version of the row. */
      readonly versionColumn?: string;
    }
  | {
      readonly by: 'person';
      /** Column of the person whose key it is. Default: `person`. */
      readonly person?: string;
      readonly columns: Readonly<Record<string, (cell: Cell, person: string) => Place>>;
    }
  | {
      /** With the key of `person`, or the environment's if that is null. */
      readonly by: 'person-or-environment';
      readonly columns: Readonly<Record<string, (cell: Cell, person: string | null) => Place>>;
    }
);

/** Reason why a merge leaves most rows alone. */
export const UNDER_EVERY_NAME = 'stays under the id that it came with: readers ask for every id of the person';

/** Returns a merge that replaces the merged person with the kept one in this column. */
export const moveBy =
  (column: string) =>
  async ({ tx, table, kept, merged }: Merge): Promise<void> => {
    await sql`update ${sql.table(table)} set ${sql.ref(column)} = ${kept}::uuid
              where ${sql.ref(column)} = ${merged}::uuid`.execute(tx);
  };

/** Returns an erasure that deletes rows which name the person in one of these columns. */
export const deleteBy =
  (...columns: string[]) =>
  ({ tx, table, people }: Erasing): Promise<unknown> =>
    sql`delete from ${sql.table(table)} where ${sql.join(
      columns.map((column) => sql`${sql.ref(column)} = any(${people}::uuid[])`),
      sql` or `,
    )}`.execute(tx);

export const eventRulesOf = (modules: readonly ServerModule[]): Partial<Record<EventType, EventRule>> =>
  Object.assign({}, ...modules.map(({ events }) => events));

/** Every endpoint of the people listener, except the OpenAPI document. */
export const endpointsOf = (modules: readonly ServerModule[]): Route[] =>
  modules.flatMap(({ endpoints = [] }) => endpoints);

export const jobsOf = (modules: readonly ServerModule[]): Job[] => modules.flatMap(({ jobs = [] }) => jobs);

/** The sources of the attention queue. Each kind is declared by one module. */
export const attentionOf = (modules: readonly ServerModule[]): Readonly<Record<AttentionKind, AttentionSource>> =>
  Object.assign({}, ...modules.map(({ attention }) => attention));

export const tablesOf = (modules: readonly ServerModule[]): [string, TableRule][] =>
  modules.flatMap(({ tables = {} }) => Object.entries(tables));

export const sectionsOf = (modules: readonly ServerModule[]): [string, Section][] => [
  ...modules.flatMap(({ myData = {} }) => Object.entries(myData)),
  ...modules.flatMap(({ myFaces = {} }) => Object.entries(myFaces)),
];
