import type { ColumnType, Generated } from 'kysely';

type Instant = ColumnType<Date, Date | string, Date | string>;
type Json<T> = ColumnType<T, string, string>;

/** Runs of jobs (jobs/runs.ts), each with what it reported. */
export interface JobRunTable {
  id: Generated<number | string>;
  job: string;
  /** Random, of the process that runs it: nobody else may extend or end it. */
  runner: string;
  started_at: Instant;
  /** By the database's clock: from then on whoever runs it is taken for dead. */
  lease_until: Instant;
  ended_at: Instant | null;
  /** Null while it runs. `lost`: its process ended before it did. */
  outcome: 'ok' | 'failed' | 'lost' | 'stopped' | null;
  /** Of a failure: its code. */
  code: string | null;
  report: Json<unknown> | null;
}
