import pg from 'pg';
import { openDatabase } from '../../../sync/server/platform/database/open.ts';
import { connectionOf } from '../../../sync/server/platform/database/postgres.ts';
import type { TestPostgres } from '../../services/postgres.ts';

/** Columns of the tables that an ingest of check-ins fills, in the schema's order; the database fills the rest. */
const TABLES = {
  event: {
    device: 'uuid',
    epoch: 'uuid',
    seq: 'bigint',
    id: 'uuid',
    type: 'text',
    at: 'timestamptz',
    received_at: 'timestamptz',
    header: 'jsonb',
    header_hash: 'text',
    chain: 'text',
    person: 'uuid',
    personal: 'bytea',
  },
  checkin: {
    id: 'uuid',
    at: 'timestamptz',
    received_at: 'timestamptz',
    device: 'uuid',
    site: 'uuid',
    direction: 'text',
    automatic: 'boolean',
    method: 'text',
    liveness: 'text',
    person: 'uuid',
    resolved: 'text',
    duplicate_of: 'uuid',
    change: 'bigint',
  },
} as const;

type Row = (string | null)[];

/**
 * The peer of the ingest: the same rows, byte for byte, into the same tables with the same indexes of another database of the
 * same PostgreSQL, over equivalent TLS. One transaction per batch, one statement per table, one array per column (the fastest
 * that we tried), without any checks or queries.
 */
export class BareInsert {
  readonly #source: pg.Client;
  readonly #target: pg.Client;

  private constructor(source: pg.Client, target: pg.Client) {
    this.#source = source;
    this.#target = target;
  }

  static async open(postgres: TestPostgres, device: string): Promise<BareInsert> {
    // Made by the server's own migrations, so the schema is the same.
    const made = await openDatabase('/nonexistent', { postgres: postgres.address('bare') });
    await made.close();
    const [source, target] = [postgres.address(), postgres.address('bare')].map(
      (address) => new pg.Client({ ...connectionOf(address), types: { getTypeParser: () => (v: string) => v } }),
    ) as [pg.Client, pg.Client];
    await source.connect();
    await target.connect();
    await target.query(
      `insert into device (id, name, status, ed25519, x25519, tls_key_hash, registered_at)
       values ($1, 'Bench', 'approved', '', '', '', now())`,
      [device],
    );
    for (const month of [0, 1])
      await target.query(`select ensure_checkin_partition((now() + interval '${month} month')::date)`);
    return new BareInsert(source, target);
  }

  /**
   * Inserts into empty tables what the server has of this epoch above `above`.
   * @param batch events per transaction
   * @returns events per second, for the inserts alone
   */
  async run(device: string, epoch: string, above: number, batch: number): Promise<number> {
    const events = await this.#read('event', 'device = $1 and epoch = $2 and seq > $3 order by seq', [
      device,
      epoch,
      above,
    ]);
    const checkins = new Map(
      (
        await this.#read(
          'checkin',
          'device = $1 and id in (select id from event where device = $1 and epoch = $2 and seq > $3)',
          [device, epoch, above],
        )
      ).map((row) => [row[0], row]),
    );
    const batches: { events: Row[]; checkins: Row[] }[] = [];
    for (let i = 0; i < events.length; i += batch) {
      const part = events.slice(i, i + batch);
      batches.push({ events: part, checkins: part.map((row) => checkins.get(row[3]!)!) });
    }
    await this.#target.query('truncate event, checkin, ack_mark');
    const began = performance.now();
    for (const part of batches) {
      await this.#target.query('begin');
      await this.#insert('event', part.events);
      await this.#insert('checkin', part.checkins);
      await this.#target.query(
        `insert into ack_mark (device, epoch, committed, safe, updated_at) values ($1, $2, $3, 0, now())
         on conflict (device, epoch) do update set committed = excluded.committed, updated_at = excluded.updated_at`,
        [device, epoch, part.events.at(-1)![2]],
      );
      await this.#target.query('commit');
    }
    return (events.length / (performance.now() - began)) * 1000;
  }

  async #read(table: keyof typeof TABLES, where: string, values: unknown[]): Promise<Row[]> {
    const columns = Object.keys(TABLES[table]).join(', ');
    const { rows } = await this.#source.query({
      text: `select ${columns} from ${table} where ${where}`,
      values,
      rowMode: 'array',
    });
    return rows as Row[];
  }

  async #insert(table: keyof typeof TABLES, rows: readonly Row[]): Promise<void> {
    const columns = Object.entries(TABLES[table]);
    const arrays = columns.map(([, type], i) => `$${i + 1}::${type}[]`);
    await this.#target.query(
      `insert into ${table} (${columns.map(([name]) => name).join(', ')}) select * from unnest(${arrays.join(', ')})`,
      columns.map((_, i) => rows.map((row) => row[i])),
    );
  }

  async close(): Promise<void> {
    await this.#source.end();
    await this.#target.end();
  }
}
