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
 * What a domain folder offers the rest of the server, in one object. app/modules.ts lists all of them; endpoints, jobs, key rotation,
 * a person's own export, erasure and merging are loops over that list, which is handed down in `Services`.
 */
export interface ServerModule {
  /** Implementations of what sync/protocol/api declares. */
  readonly endpoints?: readonly Route[];
  readonly jobs?: readonly Job[];
  /** What the kinds of events of the domain are to the rest of the server. */
  readonly events?: { readonly [T in EventType]?: EventRule };
  /** New events of kiosks, by type, all of a batch at once: for tables that screens read, a statement a table. */
  readonly onEvents?: {
    readonly [T in EventType]?: (batch: Batch, events: readonly EventOf<T>[]) => Promise<unknown>;
  };
  /** As `onEvents`, but one after the other in the device's order: for what kiosks are sent, who are then nudged to ask. */
  readonly onEvent?: { readonly [T in EventType]?: (one: OneEvent<T>) => Promise<unknown> };
  /** What kiosks are sent, by kind: how a page of it is made. */
  readonly kioskChanges?: { readonly [K in Change['kind']]?: KioskChange<K> };
  /** What someone in charge has to look at, by kind. */
  readonly attention?: { readonly [K in AttentionKind]?: AttentionSource };
  /** Every table of the domain. A test compares them with the database, so that none is forgotten. */
  readonly tables?: { readonly [T in keyof Tables]?: TableRule };
  /** Sections of a person's own export, by name. */
  readonly myData?: Readonly<Record<string, Section>>;
  /** As `myData`, but last: opening a face writes an audit row, whose lock is held until the transaction ends. */
  readonly myFaces?: Readonly<Record<string, Section>>;
}

export interface EventRule {
  /** Whose data it changes, as the audit log names the kind where staff did it. Absent: none that lasts. */
  readonly changes?: DataKind;
  /**
   * It says where someone was, so it is judged by the site that they belonged to when it happened; every other kind changes the
   * person, and is judged by how things are now. A `record` counts for an unknown person too; a `mark` is one in a list of a
   * site's people.
   */
  readonly attendance?: 'record' | 'mark';
}

/** What has to be known about a table: which key opens it, and what happens to a person's rows. */
export type TableRule = { readonly sealed?: Sealed } & (
  | {
      /** Why it holds nothing of a person that another table's section does not show. */
      readonly notPersonal: string;
    }
  | ({
      /** A function, or why a merge leaves the rows alone. */
      readonly merged: ((merge: Merge) => Promise<unknown>) | string;
      /**
       * Run in the erasure's step `close`, in one transaction, safe to run again. Or the later step that does it, or why
       * the rows stay.
       */
      readonly erased: ((erasing: Erasing) => Promise<unknown>) | string;
    } & (
      | {
          /** The section of the person's own export that shows it. */
          readonly exported: string;
        }
      | {
          /** Why it is not in the export although it names the person. */
          readonly notExported: string;
        }
    ))
);

/** Two people are one: rows of `merged` become rows of `kept`. */
export interface Merge {
  readonly tx: Tx;
  readonly keys: Keys;
  readonly table: string;
  readonly opened: Opened;
  readonly kept: string;
  readonly merged: string;
  /** Who decided it. */
  readonly by: string;
  readonly now: Date;
  /** Queues changes for kiosks. */
  readonly publish: (changes: readonly NewChange[]) => void;
}

/** A person is erased: their rows are deleted, or lose what is theirs. */
export interface Erasing {
  readonly tx: Tx;
  readonly keys: Keys;
  readonly table: string;
  readonly people: readonly string[];
  readonly now: Date;
}

/** The text of one of a row's columns: of the id, or of those in `reads`. */
export type Cell = (column: string) => string;

/** Columns that hold envelopes, and the place that each envelope is bound to. */
export type Sealed = {
  /** Primary key, or another unique one, with the types of its columns; rows are walked in its order. Default `id`, a UUID. */
  readonly id?: Readonly<Record<string, 'uuid' | 'text' | 'bigint' | 'integer' | 'boolean'>>;
  /** Columns that places are made of, beside the id. */
  readonly reads?: readonly string[];
} & (
  | {
      readonly by: 'environment';
      /** Default `field`. */
      readonly purpose?: Purpose;
      readonly columns: Readonly<Record<string, (cell: Cell) => Place>>;
      /** Blind index beside an envelope: its column, the column of the envelope, and how it is made of what was sealed. */
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
      /** Column of the person whose key it is; default `person`. */
      readonly person?: string;
      readonly columns: Readonly<Record<string, (cell: Cell, person: string) => Place>>;
    }
  | {
      /** Under the key of `person`, and under the environment's where that is null. */
      readonly by: 'person-or-environment';
      readonly columns: Readonly<Record<string, (cell: Cell, person: string | null) => Place>>;
    }
);

/** Why a merge leaves most rows alone. */
export const UNDER_EVERY_NAME = 'stays under the id that it came with: readers ask for every id of the person';

/** Moves rows that name the merged person in this column to the kept one. */
export const moveBy =
  (column: string) =>
  async ({ tx, table, kept, merged }: Merge): Promise<void> => {
    await sql`update ${sql.table(table)} set ${sql.ref(column)} = ${kept}::uuid
              where ${sql.ref(column)} = ${merged}::uuid`.execute(tx);
  };

/** Deletes rows that name the person in one of these columns. */
export const deleteBy =
  (...columns: string[]) =>
  ({ tx, table, people }: Erasing): Promise<unknown> =>
    sql`delete from ${sql.table(table)} where ${sql.join(
      columns.map((column) => sql`${sql.ref(column)} = any(${people}::uuid[])`),
      sql` or `,
    )}`.execute(tx);

export const eventRulesOf = (modules: readonly ServerModule[]): Partial<Record<EventType, EventRule>> =>
  Object.assign({}, ...modules.map(({ events }) => events));

/** Every endpoint of the people listener but the document that describes them. */
export const endpointsOf = (modules: readonly ServerModule[]): Route[] =>
  modules.flatMap(({ endpoints = [] }) => endpoints);

export const jobsOf = (modules: readonly ServerModule[]): Job[] => modules.flatMap(({ jobs = [] }) => jobs);

/** Where the attention queue comes from; each kind is declared by one module. */
export const attentionOf = (modules: readonly ServerModule[]): Readonly<Record<AttentionKind, AttentionSource>> =>
  Object.assign({}, ...modules.map(({ attention }) => attention));

export const tablesOf = (modules: readonly ServerModule[]): [string, TableRule][] =>
  modules.flatMap(({ tables = {} }) => Object.entries(tables));

export const sectionsOf = (modules: readonly ServerModule[]): [string, Section][] => [
  ...modules.flatMap(({ myData = {} }) => Object.entries(myData)),
  ...modules.flatMap(({ myFaces = {} }) => Object.entries(myFaces)),
];
