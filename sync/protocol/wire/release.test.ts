import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BuildManifest,
  BuildVersion,
  badBuildPath,
  buildFacts,
  canGoBack,
  compareVersions,
  linkTarget,
  parseTargetPath,
  repositoryFile,
  targetFile,
  targetPath,
} from './release.ts';

const MANIFEST = {
  product: 'smartpresence-kiosk',
  version: '0.2.0',
  commit: 'a'.repeat(40),
  platform: 'linux-x64',
  host: 'browser',
  schema: 7,
  minReader: 6,
  node: '24.15.0',
  entry: 'app/start.ts',
  files: { 'app/start.ts': 'b'.repeat(64) },
};

describe('versions', () => {
  // The example order of semver.org, §11.
  const ORDER = ['1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2', '1.0.0-beta.11'];
  const ALL = ['0.9.10', ...ORDER, '1.0.0-rc.1', '1.0.0', '1.0.1', '1.2.0', '1.10.0', '2.0.0', '10.0.0'];

  test('are ordered by semver.org’s rules', () => {
    for (const [i, a] of ALL.entries())
      for (const [j, b] of ALL.entries()) expect(Math.sign(compareVersions(a, b)), `${a} ${b}`).toBe(Math.sign(i - j));
  });

  test.each(['1.0', 'v1.0.0', '01.0.0', '1.0.0+5', '1.0.0-', '1.0.0-01', '1.0.0\n', '../1', '9999999999.0.0', ''])(
    '%j is invalid',
    (version) => expect(BuildVersion.safeParse(version).success).toBe(false),
  );

  test('have a total order', () => {
    const number = fc.nat(20).map(String);
    const pre = fc.array(fc.oneof(number, fc.constantFrom('a', 'b', '-', '1a', 'A')), { maxLength: 3 });
    const version = fc
      .tuple(number, number, number, pre)
      .map(([a, b, c, p]) => `${a}.${b}.${c}${p.length > 0 ? `-${p.join('.')}` : ''}`);
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(BuildVersion.safeParse(a).success).toBe(true);
        expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0);
        expect(compareVersions(a, b) === 0).toBe(a === b);
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0)
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });
});

describe('a manifest', () => {
  test('is parsed, and its signed part has no list of files', () => {
    const build = BuildManifest.parse(MANIFEST);
    expect(build.links).toEqual({});
    expect(buildFacts(build)).not.toHaveProperty('files');
    expect(buildFacts(build)).toMatchObject({ version: '0.2.0', minReader: 6 });
  });

  test.each([
    ['another product', { product: 'other' }],
    ['a path that leads upwards', { files: { ...MANIFEST.files, '../x': 'b'.repeat(64) } }],
    ['an absolute path', { files: { ...MANIFEST.files, '/etc/x': 'b'.repeat(64) } }],
    ['its own hash', { files: { ...MANIFEST.files, 'build.json': 'b'.repeat(64) } }],
    ['a missing entry', { entry: 'app/other.ts' }],
    ['minReader above schema', { minReader: 8 }],
    ['a link out of it', { links: { 'app/x': '../../etc/passwd' } }],
    ['an absolute link', { links: { 'app/x': '/etc/passwd' } }],
    ['a link that leads upwards through another', { links: { 'app/a/b': '../c', 'app/x': 'a/b/../../../etc' } }],
    ['a link into another link', { links: { 'app/a/up': '../..', 'app/x': 'a/up/etc' } }],
    ['a link to another link', { links: { 'app/x': 'y', 'app/y': 'start.ts' } }],
    ['an unknown field', { extra: 1 }],
  ])('with %s is rejected', (_what, change) => {
    expect(BuildManifest.safeParse({ ...MANIFEST, ...change }).success).toBe(false);
  });

  test('a rollback is possible if the older build can read what the newer one writes', () => {
    expect(canGoBack({ schema: 6 }, { minReader: 6 })).toBe(true);
    expect(canGoBack({ schema: 5 }, { minReader: 6 })).toBe(false);
  });

  test.each(['', '.', 'a//b', 'a/', '/a', 'a/../b', 'a\\b', 'a\0b', 'C:x', 'e\u0301', 'x'.repeat(256)])(
    'the path %j is rejected',
    (path) => expect(badBuildPath(path)).not.toBeNull(),
  );
  test('a link stays within the build', () => {
    expect(linkTarget('node_modules/.bin/x', '../x/cli.js')).toBe('node_modules/x/cli.js');
    expect(linkTarget('x', '..')).toBeNull();
    expect(linkTarget('a/x', '..')).toBeNull();
    expect(linkTarget('a/x', 'b/../y')).toBeNull();
  });
});

describe('a repository', () => {
  const path = targetPath({ version: '0.2.0-rc.1', platform: 'linux-x64' });

  test('has a path for each build, which can be parsed', () => {
    expect(path).toBe('kiosk/linux-x64/0.2.0-rc.1/smartpresence-kiosk.tar.gz');
    expect(parseTargetPath(path)).toEqual({
      platform: 'linux-x64',
      version: '0.2.0-rc.1',
      format: 'tar.gz',
      host: 'browser',
    });
    expect(parseTargetPath('kiosk/linux-x64/0.2.0/other.tar.gz')).toBeNull();
    expect(parseTargetPath('kiosk/linux-x64/../smartpresence-kiosk.tar.gz')).toBeNull();
  });

  test('contains only metadata and targets', () => {
    expect(repositoryFile('metadata/timestamp.json')).toBe('metadata');
    expect(repositoryFile('metadata/12.root.json')).toBe('metadata');
    expect(repositoryFile(targetFile(path, 'c'.repeat(64)))).toBe('target');
    for (const other of [
      'metadata/root.json',
      'metadata/0.root.json',
      'metadata/../keys/root.json',
      'metadata/1.root.json/x',
      'targets/x',
      `targets/${path}`,
      'keys/root.key',
      '',
    ])
      expect(repositoryFile(other), other).toBeNull();
  });
});
