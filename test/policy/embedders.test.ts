import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareModels } from '../../build/models/prepare.ts';
import { rotatedEmbedder } from '../../build/models/rotate.ts';
import { EMBEDDERS_FILE } from '../../models/node/embedders.ts';
import { EMBEDDER, EMBEDDER_ID, embedderId } from '../../models/rules/manifest.ts';
import type { Person, TemplateCounts } from '../../sync/protocol/api/people.ts';
import { policyOf } from '../../sync/server/changes/policy.ts';
import { DEFAULT_SCOPE } from '../../sync/server/changes/scope.ts';
import { consentRoutes } from '../../sync/server/consents/routes.ts';
import type { OpenDatabase } from '../../sync/server/database/open.ts';
import { inTransaction } from '../../sync/server/database/retry.ts';
import { embeddersJob } from '../../sync/server/embedders/embedders.job.ts';
import { beginMove, finishMove, progressOf, switchKiosks } from '../../sync/server/embedders/migrate.ts';
import { enrolmentRoutes } from '../../sync/server/enrolment/routes.ts';
import { peopleRoutes } from '../../sync/server/people/routes.ts';
import { stillsOfA } from '../footage/index.ts';
import { DATABASES } from '../services/databases.ts';
import { type Api, apiOn, enrol } from './api-kit.ts';

/** A move to another embedder: everybody made anew from kept photos, resumable, and the old templates until it is done. */

const NOW = new Date('2026-07-20T10:00:00.000Z');
const { start, unavailable } = DATABASES[0]!;
let home: Awaited<ReturnType<typeof start>>;
let database: OpenDatabase;
let api: Api;
let weights: string;
let to: string;

describe.skipIf(unavailable)('another embedder', () => {
  beforeAll(async () => {
    const prepared = await prepareModels();
    weights = mkdtempSync(join(tmpdir(), 'embedders-'));
    cpSync(prepared.weights, weights, { recursive: true });
    const { bytes, entry } = rotatedEmbedder(readFileSync(join(weights, EMBEDDER.file)));
    const made = entry as { file: string; sha256: string };
    writeFileSync(join(weights, made.file), bytes);
    writeFileSync(join(weights, EMBEDDERS_FILE), JSON.stringify([entry]));
    to = embedderId(made);
    home = await start();
    database = await home.open();
    api = await apiOn(database, NOW, [...consentRoutes, ...enrolmentRoutes, ...peopleRoutes]);
  });
  afterAll(async () => {
    api?.close();
    await database?.close();
    await home?.remove();
    rmSync(weights, { recursive: true, force: true });
  });

  test('people are moved from their photos, broken off and gone on with; who has none is listed; old templates stay until the end', async () => {
    const stills = stillsOfA();
    const people: string[] = [];
    for (const [i, name] of ['Ada', 'Twin', 'Third'].entries()) {
      const { id } = await api.ask<Person>('POST', '/api/people', { body: { name } });
      await api.ask('POST', `/api/people/${id}/consents`, { body: { textVersion: '1', language: 'en' } });
      const pictures = [readFileSync(stills[i]!).toString('base64')];
      const body = { pictures, source: 'photo', notDuplicateOf: people };
      expect(await api.ask('POST', `/api/people/${id}/enrolment`, { body })).toMatchObject({ outcome: 'enrolled' });
      people.push(id);
    }
    // Enrolled at a kiosk that keeps no photos.
    const box = await api.kiosk();
    const without = enrol(box, 'Photoless', NOW, v7().slice(-6));
    await api.deliver(box);
    await api.db.updateTable('template').set({ model: EMBEDDER_ID }).where('person', '=', without).execute();
    const counts = async (person: string) =>
      (await api.ask<TemplateCounts>('GET', `/api/people/${person}/templates`)).models.map((m) => [m.model, m.count]);

    const begin = (id: string) =>
      inTransaction(api.db, (tx) => beginMove(tx, { to: id, weights, by: 'operator' }, NOW));
    await expect(begin('other@000000000000')).rejects.toMatchObject({ code: 'model-unknown' });
    await begin(to);
    await expect(begin(to)).rejects.toMatchObject({ code: 'migration-open' });
    await expect(inTransaction(api.db, (tx) => switchKiosks(tx, 'operator', NOW))).rejects.toMatchObject({
      code: 'migration-not-ready',
    });
    const services = { ...api.services, config: { ...api.services.config, weights } };
    const stop = new AbortController();
    let told = 0;
    const once = { ...services, signal: stop.signal, tell: () => void (++told === 1 && stop.abort()) };
    await expect(embeddersJob.run(once)).rejects.toThrow();
    expect(await progressOf(api.db)).toMatchObject({ state: 'working', left: 3 });
    await embeddersJob.run({ ...services, signal: new AbortController().signal });
    expect(await progressOf(api.db)).toMatchObject({ state: 'ready', moved: 3, again: 1, left: 0 });
    for (const person of people)
      expect(await counts(person)).toEqual(
        [
          [EMBEDDER_ID, 1],
          [to, 1],
        ].sort(),
      );
    expect(await counts(without)).toEqual([[EMBEDDER_ID, 1]]);

    await inTransaction(api.db, (tx) => switchKiosks(tx, 'operator', NOW));
    expect(await policyOf(api.db, DEFAULT_SCOPE)).toMatchObject({ embedder: to });
    expect(await inTransaction(api.db, (tx) => finishMove(tx, NOW))).toBe(4);
    expect(await counts(people[0]!)).toEqual([[to, 1]]);
    expect(await progressOf(api.db)).toMatchObject({ state: 'done' });
  });
});
