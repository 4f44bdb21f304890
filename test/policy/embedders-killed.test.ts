import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { EMBEDDER_ID } from '../../models/rules/manifest.ts';
import type { Person } from '../../sync/protocol/api/people.ts';
import { embeddersJob } from '../../sync/server/features/embedders/embedders.job.ts';
import { beginMove, progressOf } from '../../sync/server/features/embedders/migrate.ts';
import { openDatabase } from '../../sync/server/platform/database/open.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { stillsOfA } from '../footage/index.ts';
import { newApi } from '../kit/api.ts';
import { postgresUnavailable, startPostgres } from '../services/postgres.ts';
import { DLIB, weightsWithDlib } from './dlib-weights.ts';

/** `models migrate` whose server is killed repeatedly: its work for one person is atomic, and it continues with the rest. */

const NOW = new Date('2026-07-20T10:00:00.000Z');
/** Only the statement that records a person's move contains this. */
const NOTED = 'insert into "model_migration_person"';
const CHILD = join(import.meta.dirname, 'children/job-and-die.ts');

describe.skipIf(postgresUnavailable())('a move to another embedder whose server is killed with SIGKILL', () => {
  test('moves each person completely or not at all, and in the end everyone', async () => {
    const { weights, remove } = await weightsWithDlib();
    onTestFinished(remove);
    const to = DLIB;
    const postgres = await startPostgres();
    onTestFinished(() => postgres.remove());
    const database = await openDatabase('', { postgres: postgres.address() });
    onTestFinished(() => database.close());
    const api = await newApi(database, NOW);
    onTestFinished(() => api.close());

    const people: string[] = [];
    for (const still of stillsOfA().slice(0, 6)) {
      const { id } = await api.ask<Person>('POST', '/api/people', { body: { name: `Person ${people.length}` } });
      await api.ask('POST', `/api/people/${id}/consents`, { body: { textVersion: '1', language: 'en' } });
      const pictures = [readFileSync(still).toString('base64')];
      // It is one man under six names. An administrator states that they are different people.
      const [other] = people;
      const duplicate = other ? { what: 'overrule', other, typed: 'Person 0' } : { what: 'ask' };
      const body = { pictures, source: 'photo', duplicate };
      expect(await api.ask('POST', `/api/people/${id}/enrolment`, { body })).toMatchObject({ outcome: 'enrolled' });
      people.push(id);
    }
    await inTransaction(api.db, (tx) => beginMove(tx, { to, weights, by: 'operator' }, NOW));

    const { encryptionKey, secretKey } = api.services.config;
    const keys = [encryptionKey, secretKey].map((key) => Buffer.from(key.reveal()).toString('base64'));
    const dieAt = async (statements: number, naming?: string) => {
      const o = { url: postgres.url(), keys, job: embeddersJob.name, statements, naming, weights };
      const child = spawn(process.execPath, [CHILD, JSON.stringify(o)], { stdio: ['ignore', 'ignore', 'inherit'] });
      expect([statements, ...(await once(child, 'exit'))]).toEqual([statements, null, 'SIGKILL']);
    };
    /** Number of moved people. Those recorded as moved have the new template and the old one; nobody else has a new one. */
    const moved = async (): Promise<number> => {
      const noted = await api.db.selectFrom('model_migration_person').select(['person', 'outcome']).execute();
      const templates = await api.db.selectFrom('template').select(['person', 'model']).execute();
      const having = (model: string) => templates.filter((t) => t.model === model).map((t) => t.person);
      expect(noted.map((r) => r.person).sort()).toEqual(having(to).sort());
      expect(having(EMBEDDER_ID).sort()).toEqual([...people].sort());
      return noted.length;
    };
    const counts: number[] = [];
    // Before anything is done; and, within a person's move, after the template is written and before the move is recorded.
    const moments = [[1], [1, NOTED], [2, NOTED], [2, NOTED]] as const;
    for (const [statements, naming] of moments) {
      await dieAt(statements, naming);
      counts.push(await moved());
      expect(await progressOf(api.db)).toMatchObject({ state: 'working' });
    }
    expect(counts.some((count) => count > 0 && count < people.length)).toBe(true);
    const services = { ...api.services, config: { ...api.services.config, weights } };
    await embeddersJob.run({ ...services, signal: AbortSignal.timeout(100_000) });
    expect(await moved()).toBe(people.length);
    expect(await progressOf(api.db)).toMatchObject({ state: 'ready', moved: people.length, reenrol: 0, left: 0 });
  }, 300_000);
});
