import { expect, test } from 'vitest';
import type { BuildFacts } from '../../sync/protocol/wire/release.ts';
import { cannotRollBack } from './rollback.ts';

const build = (version: string, schema: number, minReader: number, more: Partial<BuildFacts> = {}): BuildFacts => ({
  product: 'smartpresence-kiosk',
  version,
  commit: '0'.repeat(40),
  platform: 'linux-x64',
  host: 'browser',
  schema,
  minReader,
  node: '24.0.0',
  entry: 'app/main.js',
  ...more,
});
const OLD = build('1.0.0', 10, 9);
const READS = build('1.1.0', 12, 10);
const WRITES = build('1.2.0', 12, 12);

test.each<[string, BuildFacts, BuildFacts[], string[]]>([
  ['the very first build', WRITES, [], []],
  ['a store that the previous build can open', READS, [OLD], []],
  ['a store that no earlier build can open', WRITES, [OLD], ['1.2.0 needs 12 of 10']],
  ['two releases: one that reads it, then one that writes it', WRITES, [OLD, READS], []],
  [
    'the build that reads it is for another machine',
    WRITES,
    [OLD, { ...READS, platform: 'linux-arm64' }],
    ['1.2.0 needs 12 of 10'],
  ],
  [
    'the build that reads it is for another host',
    WRITES,
    [OLD, { ...READS, host: 'electron' }],
    ['1.2.0 needs 12 of 10'],
  ],
  ['the build that reads it is newer', WRITES, [OLD, { ...READS, version: '1.3.0' }], ['1.2.0 needs 12 of 10']],
])('%s', (_what, added, before, found) => {
  const result = cannotRollBack([added], [...before, added]);
  expect(result.map(({ version, needs, highest }) => `${version} needs ${needs} of ${highest}`)).toEqual(found);
});
