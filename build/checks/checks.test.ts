import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AuditAnswers, LicenceAnswers, readAnswers, SecretAnswers } from './answers.ts';
import { judgeAudit } from './audit.ts';
import { historyTexts, treeTexts } from './git-texts.ts';
import { isAllowed, licenceFaults } from './licences.ts';
import { findSecrets, secretFaults } from './secrets.ts';

test('every file of answers is valid', () => {
  readAnswers(LicenceAnswers, 'licences');
  readAnswers(SecretAnswers, 'secrets');
  readAnswers(AuditAnswers, 'audit');
});

describe('licences', () => {
  test.each([
    ['MIT', true],
    ['(MIT OR GPL-3.0)', true],
    ['(MIT AND GPL-3.0)', false],
    ['Apache-2.0 AND MIT', true],
    ['GPL-3.0-only', false],
    ['not stated', false],
    ['((MIT OR GPL-2.0) AND GPL-3.0)', false],
  ])('%s: %s', (expression, allowed) => {
    expect(isAllowed(expression)).toBe(allowed);
  });

  const lockfile = {
    packages: {
      '': { name: 'ours' },
      'node_modules/good': { version: '1.0.0', license: 'MIT' },
      'node_modules/dev-only': { version: '1.0.0', license: 'GPL-3.0', dev: true },
      'node_modules/ours': { link: true },
      'node_modules/good/node_modules/bad': { version: '2.0.0', license: 'GPL-3.0' },
      'node_modules/silent': { version: '3.0.0' },
    },
  };
  test('production packages, nested ones too, have a listed or answered licence, and answers that match nothing are reported', () => {
    expect(licenceFaults([{ packages: {} }, lockfile], [])).toEqual([
      expect.stringMatching(/^bad 2\.0\.0: GPL-3\.0/),
      expect.stringMatching(/^silent 3\.0\.0: not stated/),
    ]);
    const answer = 'Asked its author, who said so in writing.';
    const answers = [
      { package: 'ba*', licence: 'GPL-3.0', answer },
      { package: 'silent', licence: 'not stated', answer },
    ];
    expect(licenceFaults([lockfile], answers)).toEqual([]);
    expect(licenceFaults([{ packages: {} }], answers.slice(0, 1))).toEqual([
      expect.stringContaining('matches nothing any more'),
    ]);
    // An answer covers only the licence that it names.
    expect(licenceFaults([lockfile], [{ ...answers[0]!, licence: 'AGPL-3.0' }, answers[1]!])).toHaveLength(2);
  });
});

/** Assembled at run time, so that this file itself contains no secret. */
const PLANTED: Record<string, string> = {
  'private-key': `-----BEGIN ${'PRIVATE'} KEY-----\n${'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49'.repeat(3)}\n-----END PRIVATE KEY-----`,
  'private-jwk': `{"kty":"OKP","d${'"'}: "${'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A'}"}`,
  'aws-access-key': `${'AK'}IAIOSFODNN7EXAMPLQ`,
  token: `${'gh'}p_0123456789abcdefghijABCDEFGHIJ012345`,
  'registry-token': `//registry.example/:_auth${'Token'}=abcdef0123456789abcdef`,
  jwt: `${'ey'}JhbGciOiJFZERTQSJ9xx.${'ey'}JzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ`,
  'url-with-password': `postgres${'://'}sp:x7Gq2v@db.internal.corp/sp`,
  'assigned-secret': `encryption_${'key'}: "k3J9sQ2mXv8LpT5wR7yZ1aB4cD6eF0gH="`,
};

describe('secrets', () => {
  test.each(Object.entries(PLANTED))('%s is found', (name, text) => {
    expect(findSecrets('x', `one\n${text}\n`)).toContainEqual(expect.objectContaining({ pattern: name, line: 2 }));
  });

  test.each(['ENCRYPTION_KEY', 'SECRET_KEY', 'SECRET_KEY_PREVIOUS'])(
    'the product’s own %s is found in every encoding',
    (name) => {
      for (let byte = 0; byte < 256; byte++) {
        const key = createHash('sha256').update(Buffer.of(byte)).digest();
        // Hexadecimal has fewer bits per character: with the bound for other encodings, every third key would go unnoticed.
        for (const form of ['hex', 'base64', 'base64url'] as const)
          expect(findSecrets('x', `${name}=${key.toString(form)}\n`), `${form} ${byte}`).toHaveLength(1);
      }
    },
  );

  test.each([
    'postgres://user:password@host/db',
    'http://kiosk:wrong@127.0.0.1:80',
    `password: z.string().min(12)`,
    'const secretName = "smartpresence-device-secret";',
    `token: '${'a'.repeat(43)}'`,
    `-----BEGIN ${'PRIVATE'} KEY-----\\n`,
  ])('%s is not a secret', (text) => {
    expect(findSecrets('x', text)).toEqual([]);
  });

  test('an answer covers only its pattern and path, and only its match if it names one', () => {
    const [finding] = findSecrets('test/a.ts', PLANTED.jwt!);
    const answer = 'Made up for a test of rejections.';
    const by = (more: object) =>
      secretFaults([finding!], SecretAnswers.parse([{ pattern: 'jwt', path: 'test/a.ts', answer, ...more }]));
    expect(by({})).toEqual({ faults: [], stale: [] });
    expect(by({ path: 'test/' }).faults).toEqual([]);
    expect(by({ sha256: finding!.sha256 }).faults).toEqual([]);
    for (const other of [{ pattern: 'token' }, { path: 'test/b.ts' }, { sha256: '0'.repeat(16) }])
      expect(by(other)).toMatchObject({
        faults: [expect.stringContaining('test/a.ts:1: jwt')],
        stale: [expect.any(String)],
      });
  });

  describe('in a repository', () => {
    let root: string;
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.test', ...args], {
        cwd: root,
        stdio: 'ignore',
      });
    beforeEach(() => {
      root = mkdtempSync(join(tmpdir(), 'sp-secrets-'));
      git('init', '-q');
    });
    afterEach(() => rmSync(root, { recursive: true, force: true }));
    const found = (texts: Iterable<{ path: string; text: string }>) =>
      [...texts].flatMap(({ path, text }) => findSecrets(path, text)).map(({ path, pattern }) => `${path} ${pattern}`);

    test('a secret that was committed and removed is found in the history, and an uncommitted one in the working tree', () => {
      writeFileSync(join(root, 'a.env'), `AWS=${PLANTED['aws-access-key']}\n`);
      git('add', '.');
      git('commit', '-qm', 'one');
      writeFileSync(join(root, 'a.env'), 'AWS=\n');
      git('commit', '-qam', 'two');
      writeFileSync(join(root, 'ä new.txt'), PLANTED.token!);
      expect(found(treeTexts(root))).toEqual(['ä new.txt token']);
      expect(found(historyTexts(root))).toEqual(['a.env aws-access-key']);
    });

    test('ignored files and binary files are not read', () => {
      writeFileSync(join(root, '.gitignore'), 'secret.txt\n');
      writeFileSync(join(root, 'secret.txt'), PLANTED.token!);
      writeFileSync(join(root, 'binary'), `\0${PLANTED.token}`);
      expect(found(treeTexts(root))).toEqual([]);
    });
  });
});

describe('npm audit', () => {
  const report = JSON.stringify({
    auditReportVersion: 2,
    vulnerabilities: {
      left: {
        name: 'left',
        via: [
          {
            source: 1,
            name: 'left',
            dependency: 'left',
            title: 'Reads beyond its end',
            url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc',
            severity: 'high',
            range: '<2',
          },
        ],
      },
      right: { name: 'right', via: ['left'] },
    },
    metadata: {},
  });
  const clean = JSON.stringify({ auditReportVersion: 2, vulnerabilities: {}, metadata: {} });
  const answer = {
    advisory: 'GHSA-aaaa-bbbb-cccc',
    package: 'left',
    answer: 'The function is never called with text from outside.',
    until: '2027-01-31',
  };

  test('a finding fails without an answer and passes with one until it expires', () => {
    const unanswered = judgeAudit([clean, report], [], '2026-11-26');
    expect(unanswered).toMatchObject({
      asked: true,
      found: 1,
      faults: [expect.stringContaining('GHSA-aaaa-bbbb-cccc left <2 (high)')],
    });
    expect(judgeAudit([clean, report], [answer], '2026-11-26')).toMatchObject({ asked: true, faults: [], stale: [] });
    expect(judgeAudit([clean, report], [answer], '2027-02-01')).toMatchObject({
      faults: [expect.stringContaining('ran out')],
    });
    expect(judgeAudit([clean, report], [{ ...answer, package: 'right' }], '2026-11-26')).toMatchObject({
      faults: [expect.any(String)],
    });
  });

  test('a clean report passes and lists answers that are no longer needed', () => {
    expect(judgeAudit([clean], [answer], '2026-11-26')).toEqual({
      asked: true,
      found: 0,
      faults: [],
      stale: ['GHSA-aaaa-bbbb-cccc of left'],
    });
  });

  test.each([
    [
      'a registry that has no such service',
      JSON.stringify({ message: '405 Method Not Allowed', statusCode: 405 }),
      '405 Method Not Allowed',
    ],
    ['no network', 'spawnSync npm ETIMEDOUT', 'spawnSync npm ETIMEDOUT'],
    ['nothing', '', 'npm printed nothing'],
  ])('%s could not be queried, and the result says so', (_case, printed, why) => {
    expect(judgeAudit([clean, printed], [], '2026-11-26')).toEqual({ asked: false, why });
  });

  test('a report in an unknown format is not treated as clean', () => {
    expect(judgeAudit(['{"auditReportVersion":3}'], [], '2026-11-26')).toMatchObject({
      asked: true,
      faults: [expect.any(String)],
    });
  });
});
