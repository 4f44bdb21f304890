import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Problem } from '../../sync/errors/problem.ts';
import { CHECKS, OUTCOMES } from '../../sync/server/app/checks/all.ts';
import { certificatesCheck } from '../../sync/server/app/checks/certificates.ts';
import { type Check, examine, type Judged, type Subject, verdictsOf } from '../../sync/server/app/checks/check.ts';
import { auditAnchorCheck, backupsCheck, replicasCheck } from '../../sync/server/app/checks/installation.ts';
import { clockCheck, databaseSettingsCheck, keysCheck } from '../../sync/server/app/checks/process.ts';
import { brokerCheck } from '../../sync/server/app/checks/reach.ts';
import { CONSOLE } from '../kit/locales.ts';

/** Each result of a check has a text wherever it is shown; and the checks' verdicts, which are pure. */

const DOC = readFileSync(join(import.meta.dirname, '../../docs/operate/health.md'), 'utf8');
const codes = Object.keys(OUTCOMES).sort();

describe('every code', () => {
  test('has a text in each language of the console, and no other code has one', () => {
    for (const [language, labels] of Object.entries(CONSOLE))
      expect([language, Object.keys(labels.serverChecks).sort()]).toEqual([language, codes]);
  });

  test('has its row in the docs table, with its effect on service', () => {
    const rows = [...DOC.matchAll(/^\| `([a-z0-9-]+)` \| (stops|degrades|note) \|/gm)].map(([, code, level]) => [
      code,
      level,
    ]);
    expect(rows.sort()).toEqual(codes.map((code) => [code, OUTCOMES[code]!.level]));
  });

  test('is kebab-case, has a sentence and a next step, and a single meaning', () => {
    for (const [code, { says, next }] of Object.entries(OUTCOMES)) {
      expect(code).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      expect([code, says, next]).toEqual([
        code,
        expect.stringMatching(/^[A-Z].*\.$/),
        expect.stringMatching(/^[A-Z].*\.$/),
      ]);
    }
    for (const one of CHECKS)
      for (const [code, outcome] of Object.entries(one.outcomes)) expect(OUTCOMES[code]).toEqual(outcome);
    expect(new Set(CHECKS.map(({ name }) => name)).size).toBe(CHECKS.length);
  });

  test('of a failed check is one that the check declares', () => {
    for (const { failed, late, outcomes } of CHECKS)
      for (const code of [failed, late]) if (code) expect(Object.keys(outcomes)).toContain(code);
  });

  test('of a check that times out is its own, or else says only that it timed out', async () => {
    const never: Check = { ...keysCheck, inspect: () => new Promise(() => undefined) } as Check;
    const late = async (one: Check) => (await examine(one, {} as Subject, 1)).findings;
    expect(await late(never)).toMatchObject([{ code: 'check-failed', check: 'keys', level: 'degrades' }]);
    expect(await late({ ...never, late: 'keyring-failed' })).toMatchObject([{ code: 'keyring-failed' }]);
  });
});

describe('verdicts', () => {
  const said = (judged: Judged<string>) => verdictsOf(judged).map(({ code }) => code);
  const HOUR = 3_600_000;
  const DAY = 24 * HOUR;

  test('of the clock at five seconds and five minutes', () => {
    expect([5000, 5001, 300_000, 300_001].map((apart) => said(clockCheck.judge(apart)))).toEqual([
      [],
      ['clock-differs'],
      ['clock-differs'],
      ['clock-wrong'],
    ]);
  });

  test('of keys: old ones are needed during a rotation, and superfluous after it', () => {
    expect(said(keysCheck.judge({ open: true, previous: true }))).toEqual(['rotation-open']);
    expect(said(keysCheck.judge({ open: false, previous: true }))).toEqual(['previous-keys-left']);
    expect(said(keysCheck.judge({ open: false, previous: false }))).toEqual([]);
  });

  test('of a broker: unreachable and missing rights are different codes', () => {
    expect(said(brokerCheck.judge(null))).toEqual([]);
    expect(said(brokerCheck.judge({ connected: false }))).toEqual(['broker-not-connected']);
    expect(said(brokerCheck.judge({ connected: true, reads: false, writes: true }))).toEqual(['broker-not-readable']);
    expect(said(brokerCheck.judge({ connected: true, reads: true, writes: false }))).toEqual(['broker-not-writable']);
  });

  test('of certificates: valid, expiring, expired', () => {
    const at = (days: number | null, ca = 1000, brokers: number[] = []) =>
      said(
        certificatesCheck.judge({
          now: 0,
          people: days === null ? null : days * DAY,
          ca: ca * DAY,
          brokers: brokers.map((d) => d * DAY),
        }),
      );
    expect([at(null), at(30), at(20), at(-1)]).toEqual([
      [],
      [],
      ['people-certificate-ends-soon'],
      ['people-certificate-ended'],
    ]);
    expect(at(null, 100)).toEqual(['ca-ends-soon']);
    expect([at(null, 1000, [300, 10]), at(null, 1000, [300, -1])]).toEqual([
      ['broker-certificate-ends-soon'],
      ['broker-certificate-ended'],
    ]);
  });

  test('of backups and anchors, by their age', () => {
    const of = (backup: number | null, verified: number | null, configured = true) =>
      said(backupsCheck.judge({ configured, backup, verified }));
    expect([of(null, null, false), of(null, null), of(35 * HOUR, DAY), of(37 * HOUR, DAY), of(HOUR, null)]).toEqual([
      [],
      ['backup-missing'],
      [],
      ['backup-old'],
      ['backup-not-verified'],
    ]);
    expect(said(auditAnchorCheck.judge({ configured: true, age: 3 * HOUR }))).toEqual(['audit-anchor-old']);
    expect(said(auditAnchorCheck.judge({ configured: false, age: 3 * HOUR }))).toEqual([]);
  });

  test('of replicas: none, silent, duplicate names, different builds', () => {
    const r = (name: string, age: number, build = '1', schema = 'a', up = 3600) => ({
      ...{ id: name + age, name, age, up, build, schema },
    });
    expect(said(replicasCheck.judge([]))).toEqual(['server-not-running']);
    expect(said(replicasCheck.judge([r('a', 100)]))).toEqual(['server-not-running']);
    expect(said(replicasCheck.judge([r('a', 1), r('a', 100)]))).toEqual([]);
    expect(said(replicasCheck.judge([r('a', 1), r('b', 100)]))).toEqual(['replica-silent']);
    expect(said(replicasCheck.judge([r('a', 1), r('a', 2)]))).toEqual(['replica-name-twice']);
    expect(said(replicasCheck.judge([r('a', 1), r('b', 2, '2')]))).toEqual(['replicas-differ']);
    expect(said(replicasCheck.judge([r('a', 1), r('b', 2, '1', 'b')]))).toEqual(['replicas-differ']);
  });

  test('of a process that crashed and was restarted: it and its build count once', () => {
    const r = (age: number, up: number, build = '2') => ({ id: `${age}`, name: 'a', age, up, build, schema: 'a' });
    expect(said(replicasCheck.judge([r(1, 4), r(6, 3600, '1')]))).toEqual([]);
    // It is running after all: its next heartbeat came after the other had started.
    expect(said(replicasCheck.judge([r(1, 4), r(2, 3600)]))).toEqual(['replica-name-twice']);
    expect(said(replicasCheck.judge([r(1, 4), r(2, 3600, '1')]))).toEqual(['replica-name-twice', 'replicas-differ']);
    // Whatever came after it: if nothing runs any more, nothing runs.
    expect(said(replicasCheck.judge([r(31, 40), r(45, 3600)]))).toEqual(['server-not-running']);
  });

  test('of the database’s settings', () => {
    const well = {
      ...{ embedded: false, unsafe: null, newer: null, waiting: 0 },
      ...{ warnings: [], creates: true, superuser: false },
    };
    expect(said(databaseSettingsCheck.judge(well))).toEqual([]);
    expect(said(databaseSettingsCheck.judge({ ...well, embedded: true }))).toEqual(['embedded-database']);
    expect(said(databaseSettingsCheck.judge({ ...well, creates: false }))).toEqual(['database-rights-missing']);
    expect(said(databaseSettingsCheck.judge({ ...well, superuser: true }))).toEqual(['database-superuser']);
    expect(said(databaseSettingsCheck.judge({ ...well, waiting: 2 }))).toEqual(['schema-waits']);
    const newer = new Problem('database-newer', { migrations: '2026-01-person' });
    expect(said(databaseSettingsCheck.judge({ ...well, newer }))).toEqual(['database-newer']);
    const warnings = [{ code: 'database-recycles-log' as const, message: 'x' }];
    expect(said(databaseSettingsCheck.judge({ ...well, warnings }))).toEqual(['database-recycles-log']);
  });
});
