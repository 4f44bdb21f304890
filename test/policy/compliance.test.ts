import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { MODULES } from '../../sync/server/app/modules.ts';
import { setPolicy } from '../../sync/server/core/sites/policy.ts';
import { DEFAULT_SCOPE } from '../../sync/server/core/sites/sites.ts';
import { mergePeople } from '../../sync/server/features/attendance/merging/merge.ts';
import { readFacts } from '../../sync/server/features/privacy/compliance/facts.ts';
import { dataRows } from '../../sync/server/features/privacy/compliance/record.ts';
import { composeReport, controlsReport } from '../../sync/server/features/privacy/compliance/report.ts';
import { LAWS, type LastResults, resultOf } from '../../sync/server/features/privacy/compliance/results.ts';
import { addWebhook } from '../../sync/server/features/webhooks/store.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { sectionsOf } from '../../sync/server/platform/server-module.ts';
import { type Api, newApi } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import { newPerson } from '../kit/person.ts';
import { withDatabase } from '../kit/suite.ts';
import { ROWS } from './rows.ts';

const root = join(import.meta.dirname, '../..');
const duties = LAWS.flatMap(({ name, duties }) => duties.map((duty) => ({ law: name.split(':')[0]!, duty })));
const NONE: LastResults = { policy: null, files: new Map() };

test('every duty of GDPR, CCPA, FERPA, SOC 2, BIPA and EU AI Act names its control, and tests that exist', () => {
  expect(LAWS.map((l) => l.name.split(':')[0])).toEqual(['GDPR', 'CCPA', 'FERPA', 'SOC 2', 'BIPA', 'EU AI Act']);
  for (const { law, duty } of duties) {
    const where = `${law} ${duty.ref}`;
    expect(duty.control, where).not.toBe('');
    expect(duty.rows.length + (duty.tests?.length ?? 0), where).toBeGreaterThan(0);
    for (const row of duty.rows) expect(ROWS.has(row), `${where}: ${row}`).toBe(true);
    for (const file of duty.tests ?? []) expect(existsSync(join(root, file)), `${where}: ${file}`).toBe(true);
  }
});

test('a duty is proven only when all its tests passed in the last run', () => {
  const duty = { ref: '', duty: '', control: 'c', rows: ['P1', 'P2'], tests: ['a.test.ts'] } as const;
  const row = (id: string, outcome: 'passed' | 'failed' | null) => {
    const tests = outcome ? [{ file: 'x', title: 'works', outcome }] : [];
    const state = outcome === 'passed' ? ('proven' as const) : ('failed' as const);
    return { row: id, requirement: 'Files', state, parts: [{ claim: 'they go', state, tests }] };
  };
  const results = (rows: ReturnType<typeof row>[], failed = 0): LastResults => ({
    policy: { at: '', commit: '', rows },
    files: new Map([['a.test.ts', { passed: 2, failed, skipped: 0 }]]),
  });
  const P1 = row('P1', 'passed');
  const proven = results([P1, row('P2', 'passed')]);
  expect(resultOf(duty, proven)).toEqual({
    outcome: 'proven',
    proofs: ['P1 (1 of 1 parts proven)', 'P2 (1 of 1 parts proven)', 'a.test.ts (2 of 2 passed)'],
  });
  expect(resultOf(duty, results([P1, row('P2', 'failed')])).outcome).toBe('failed');
  expect(resultOf(duty, results([P1, row('P2', 'passed')], 1)).outcome).toBe('failed');
  expect(resultOf(duty, results([P1])).outcome).toBe('not run');
  expect(resultOf(duty, NONE).outcome).toBe('not run');
  expect(resultOf(duty, results([P1, row('P2', null)])).outcome).toBe('no test');
});

test('the report names each part of a row with the result of its tests', () => {
  const state = 'proven' as const;
  const tests = [{ file: 'x', title: 'works', outcome: 'passed' as const }];
  const rows = [
    { row: 'P3', requirement: 'Files', limits: 'no power cut', state, parts: [{ claim: 'they go', state, tests }] },
  ];
  const { text } = controlsReport({ policy: { at: '2027-01-01', commit: 'abc', rows }, files: new Map() });
  expect(text).toContain('| P3 | **Files**<br>*Not shown:* no power cut |  |  |');
  expect(text).toContain('|  | they go | 1 of 1 passed | ✓ proven |');
});

describe.each(DATABASES)('the compliance report on $name', (kind) => {
  const NOW = new Date('2027-07-20T10:00:00.000Z');
  let api: Api;
  withDatabase(kind, async (database, undo) => {
    api = undo.use(await newApi(database, NOW));
  });

  test('the record of processing shows this installation’s sites, counts, periods and contacts, and no person’s name', async () => {
    const contacts = { controller: 'Example School', contact: 'privacy@example.org', dpo: 'Dr Example' };
    await setPolicy(api.db, DEFAULT_SCOPE, { leaseDays: 12, liveness: 'off', privacy: contacts }, NOW);
    const box = await api.kiosk();
    newPerson(box, 'Zebulon Quirk', NOW, '4711');
    newPerson(box, 'Ada Lovelace', NOW, '4712');
    await api.deliver(box);
    const facts = await readFacts(api.db, api.keys, api.services.config, NOW);
    expect(facts.counts).toMatchObject({ people: 2, consents: 2, templates: 2, peopleWithTemplates: 2, checkins: 0 });
    expect(facts.devices).toEqual({ approved: 1 });
    const { text, warnings, tally } = composeReport(facts, NONE);
    expect(text).not.toMatch(/Zebulon|Quirk|Lovelace|4711/);
    for (const part of [
      'Example School',
      'Dr Example',
      '| Berlin | Europe/Berlin | on | off | 12 days |',
      '| Face templates (biometric, Art. 9) | people with valid consent | 2 of 2 | 365 days',
      '| Check-in locations | people who have not opted out | 0 | 30 days from the check-in |',
      '365 days from the access',
      'name: 400 days longer',
      'No object store is configured.',
      'No program is notified of records (webhooks).',
    ])
      expect(text).toContain(part);
    expect(warnings.join()).toContain('liveness check is off');
    expect(tally).toMatchObject({ proven: 0, failed: 0, 'not run': duties.length });
    // One duty per line, whatever its text.
    expect(text.split('\n').filter((l) => l.endsWith('| – not run |'))).toHaveLength(duties.length);
  });

  test('consents and opt-outs are counted by people: a withdrawal at the moment of the consent counts, a merged person once', async () => {
    const counts = async () => (await readFacts(api.db, api.keys, api.services.config, NOW)).counts;
    const before = await counts();
    const box = await api.kiosk();
    const [kept, merged] = ['4713', '4714'].map((number) => newPerson(box, `Person ${number}`, NOW, number));
    await api.deliver(box);
    for (const person of [kept, merged]) await api.ask('POST', `/api/people/${person}/consents/withdraw`, { body: {} });
    // Whichever of the two arrived first.
    await sql`update consent set at = ${NOW.toISOString()}::timestamptz where person in (${kept}::uuid, ${merged}::uuid)`.execute(
      api.db,
    );
    await sql`update consent set action = case action when 'given' then 'withdrawn' else 'given' end
              where person = ${merged}::uuid`.execute(api.db);
    expect((await counts()).consents).toBe(before.consents);
    for (const person of [kept, merged])
      await api.db.updateTable('person').set({ gps_opt_out: true }).where('id', '=', person!).execute();
    await mergePeople(
      { db: api.db, keys: api.keys, modules: MODULES },
      { kept: kept!, merged: merged!, by: 'dpo' },
      NOW,
    );
    expect(await counts()).toMatchObject({ people: before.people + 1, gpsOptOuts: before.gpsOptOuts + 1 });
  });

  test('the record of processing names all personal data held, and every program that receives it', async () => {
    const facts = await readFacts(api.db, api.keys, api.services.config, NOW);
    const named = dataRows(facts).flatMap((r) => r.sections);
    expect(named.sort()).toEqual(
      sectionsOf(MODULES)
        .map(([name]) => name)
        .sort(),
    );
    const sent = { records: true, topics: [], quiet: null };
    const receiver = { name: 'Payroll', url: 'https://payroll.example/', site: null, caPem: null, ...sent };
    for (const withNumber of [false, true])
      await inTransaction(api.db, (tx) => addWebhook(tx, api.keys, { ...receiver, withNumber }, NOW));
    const { text } = composeReport(await readFacts(api.db, api.keys, api.services.config, NOW), NONE);
    expect(text).toContain('2 programs are notified of each record (webhooks)');
    expect(text).toContain('for 1 of them also the person’s number');
    await api.db.updateTable('webhook').set({ enabled: false }).where('with_number', '=', true).execute();
    const one = composeReport(await readFacts(api.db, api.keys, api.services.config, NOW), NONE).text;
    expect(one).toContain(
      '1 program is notified of each record (webhooks): time, place, check-in method and the person’s ID;',
    );
  });

  test('the API gives the report only to roles responsible for the data', async () => {
    const text = (await api.ask<Buffer>('GET', '/api/compliance/report?part=dpia', { as: 'dpo' })).toString('utf8');
    expect(text).toContain('Art. 35 GDPR');
    expect(text).not.toContain('Art. 30 GDPR');
  });
});
