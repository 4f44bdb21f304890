import { describe, expect, test } from 'vitest';
import type { UpgradeFacts } from '../../../sync/protocol/api/checks.ts';
import type { BuildFacts } from '../../../sync/server/app/checks/upgrade.ts';
import { canWorkWith, changedSince, planUpgrade } from './rules.ts';

const build = (...names: string[]): BuildFacts => ({
  build: '1',
  migrations: names.map((name) => ({ name: name.replace('+', ''), expands: name.endsWith('+') })),
});
const AT = Date.UTC(2027, 0, 1);
const hours = (n: number) => new Date(AT - n * 3_600_000).toISOString();
const well: UpgradeFacts = {
  applied: ['1', '2'],
  leastReader: '1',
  replicas: [{ name: 'a', build: '1', schema: '2' }],
  backupAt: hours(2),
  verifiedAt: hours(48),
};
const space = { needs: 10, free: 20, at: AT };
const codes = (next: BuildFacts, now: UpgradeFacts, o = space) => planUpgrade(next, now, o).issues.map((i) => i.code);

describe('an update', () => {
  test('can be rolled back if it only adds, but not if it changes the schema', () => {
    expect(planUpgrade(build('1', '2', '3+'), well, space)).toEqual({
      steps: [{ name: '3', expands: true }],
      canRollBack: true,
      issues: [],
    });
    expect(planUpgrade(build('1', '2', '3+', '4'), well, space)).toMatchObject({ canRollBack: false, issues: [] });
    expect(planUpgrade(build('1', '2'), well, space)).toEqual({ steps: [], canRollBack: true, issues: [] });
  });

  test('requires space, a recent verified backup, and replicas of one build', () => {
    const next = build('1', '2');
    expect(codes(next, well, { ...space, free: 5 })).toEqual(['disk-low']);
    expect(codes(next, { ...well, backupAt: null })).toEqual(['backup-missing']);
    expect(codes(next, { ...well, backupAt: hours(40) })).toEqual(['backup-old']);
    expect(codes(next, { ...well, verifiedAt: null })).toEqual(['backup-not-verified']);
    expect(codes(next, { ...well, replicas: [...well.replicas, { name: 'b', build: '2', schema: '2' }] })).toEqual([
      'replicas-differ',
    ]);
    expect(codes(build('1'), { ...well, leastReader: '2' })).toEqual(['database-newer']);
  });
});

test('a build works with a newer schema if it knows the minimum reader and all its own steps were applied', () => {
  const now = { ...well, applied: ['1', '2', '3'] };
  expect(canWorkWith(build('1', '2'), { ...now, leastReader: '2' })).toBe(true);
  expect(canWorkWith(build('1', '2'), { ...now, leastReader: '3' })).toBe(false);
  expect(canWorkWith(build('1', '2'), { ...now, leastReader: null })).toBe(false);
  expect(canWorkWith(build('1', '2', '2b'), { ...now, leastReader: '2' })).toBe(false);
  expect(canWorkWith(build('1', '2', '3', '4'), { ...now, leastReader: '3' })).toBe(true);
});

test('a schema with a step unknown to a build has changed since that build', () => {
  expect(changedSince(build('1', '2'), well)).toBe(false);
  expect(changedSince(build('1', '2', '3'), well)).toBe(false);
  expect(changedSince(build('1', '2'), { ...well, applied: ['1', '2', '3'] })).toBe(true);
});
