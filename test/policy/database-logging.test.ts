import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writePerson } from '../../sync/server/core/people/records.ts';
import { openDatabase } from '../../sync/server/platform/database/open.ts';
import { connectionOf, type LogSettings, loggedParameters } from '../../sync/server/platform/database/postgres.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { keysOf } from '../../sync/server/platform/keys/settings.ts';
import { newPair } from '../kit/keys.ts';
import { postgresUnavailable, startPostgres, type TestPostgres } from '../services/postgres.ts';
import { NOW } from './sealed-people.ts';

const QUIET: LogSettings = {
  log_statement: 'none',
  log_min_duration_statement: '-1',
  log_min_duration_sample: '-1',
  log_statement_sample_rate: '1',
  log_transaction_sample_rate: '0',
  log_parameter_max_length: '-1',
  log_parameter_max_length_on_error: '0',
  debug_print_parse: 'off',
  debug_print_rewritten: 'off',
  debug_print_plan: 'off',
  'auto_explain.log_min_duration': null,
  'pgaudit.log_parameter': null,
};

describe('PostgreSQL settings that write values into its log', () => {
  test('by default, none do', () => expect(loggedParameters(QUIET)).toEqual([]));

  test.each<[keyof LogSettings, string]>([
    ['log_statement', 'all'],
    ['log_statement', 'mod'],
    ['log_min_duration_statement', '0'],
    ['log_min_duration_statement', '5s'],
    ['log_min_duration_sample', '100ms'],
    ['log_transaction_sample_rate', '0.01'],
  ])('%s = %s does, unless parameters are kept out of every line', (name, value) => {
    expect(loggedParameters({ ...QUIET, [name]: value })).toEqual([expect.stringContaining(name)]);
    expect(loggedParameters({ ...QUIET, [name]: value, log_parameter_max_length: '0' })).toEqual([]);
  });

  test.each<[keyof LogSettings, string]>([
    ['log_parameter_max_length_on_error', '-1'],
    ['debug_print_plan', 'on'],
    ['auto_explain.log_min_duration', '0'],
    ['pgaudit.log_parameter', 'on'],
  ])('%s = %s does in any case', (name, value) => {
    expect(loggedParameters({ ...QUIET, [name]: value, log_parameter_max_length: '0' })).toEqual([
      expect.stringContaining(name),
    ]);
  });

  test('log_statement = ddl and a sample rate of zero do not', () => {
    expect(loggedParameters({ ...QUIET, log_statement: 'ddl' })).toEqual([]);
    expect(loggedParameters({ ...QUIET, log_min_duration_sample: '0', log_statement_sample_rate: '0' })).toEqual([]);
  });
});

const unavailable = postgresUnavailable();

describe.skipIf(unavailable)('a PostgreSQL that logs', () => {
  let postgres: TestPostgres;
  const open = () => openDatabase('/nonexistent', { postgres: postgres.address() });
  const log = () => readFileSync(join(postgres.socketFolder, 'log'), 'utf8');
  const set = (line: string) => postgres.sql(`alter role sp set ${line}`);
  beforeAll(async () => {
    postgres = await startPostgres();
    postgres.url();
  });
  afterAll(() => postgres?.remove());

  test('is refused at start if it would log values, naming the settings to change', async () => {
    for (const [line, hint] of [
      ["log_statement = 'all'", /log_statement = none/],
      ['log_min_duration_statement = 0', /log_min_duration_statement = -1/],
      ['log_parameter_max_length_on_error = -1', /log_parameter_max_length_on_error = 0/],
    ] as const) {
      set(line);
      await expect(open()).rejects.toMatchObject({
        code: 'database-logs-parameters',
        nextStep: expect.stringMatching(hint),
      });
      postgres.sql('alter role sp reset all');
    }
    await (await open()).close();
  });

  test('that logs every statement without parameters writes no value or passphrase, even on failure', async () => {
    set("log_statement = 'all'");
    set('log_parameter_max_length = 0');
    const keys = keysOf(newPair());
    const database = await open();
    try {
      const id = '0195e3a0-0000-7000-8000-000000000001';
      const patch = { name: 'Zyxwvut Qponmlk', email: 'zyx@example.org', phone: '+44 1632 960961', badge: 'ZYX-1' };
      await inTransaction(database.db, (tx) => writePerson(tx, keys, { id, patch }, NOW));
      const wrong = sql`select pgp_sym_decrypt_bytea(profile, ${`${keys.pgcrypto()}x`}::text), 1 / 0 from person`;
      await expect(wrong.execute(database.db)).rejects.toThrow();
      const text = log();
      expect(text, 'statements do stand there').toContain('pgp_sym_encrypt_bytea(decode(u.profile');
      for (const value of [...Object.values(patch), keys.pgcrypto()]) expect(text.includes(value), value).toBe(false);
      // Otherwise this test would prove nothing: with parameters, the log contains the values of a statement.
      set('log_parameter_max_length = -1');
      const client = new pg.Client(connectionOf(postgres.address()));
      await client.connect();
      await client.query('select $1::text', ['Zyxwvut Qponmlk']);
      await client.end();
      expect(log()).toContain('Zyxwvut Qponmlk');
    } finally {
      await database.close();
    }
  });
});
