import { describe, expect, test } from 'vitest';
import { isFinalError, type UpdateDirective } from '../../../sync/protocol/wire/fleet.ts';
import { type Before, type Check, judge, missingChecks, refuseStore, retryAfter, takenBack } from './rules.ts';

const directive: UpdateDirective = {
  rollout: '33333333-3333-4333-8333-333333333333',
  action: 'install',
  version: '0.3.0',
  window: null,
  trialMinutes: 10,
  retry: 1,
};
const judged = (change: Partial<UpdateDirective>, running = '0.2.0', failed = {}) => {
  const result = judge({ ...directive, ...change }, running, failed);
  return result.do === 'refuse' ? result.why.code : result.do;
};

describe('a directive', () => {
  test('that is missing means nothing to do', () => expect(judge(null, '0.2.0', {}).do).toBe('nothing'));

  test.each<[Partial<UpdateDirective>, string, Record<string, number>, string]>([
    [{}, '0.2.0', {}, 'stage'],
    [{}, '0.3.0', {}, 'nothing'],
    [{}, '0.4.0', {}, 'update-backwards'],
    [{ version: '0.3.0-rc.1' }, '0.3.0', {}, 'update-backwards'],
    // It failed here when it was requested for the second time.
    [{ retry: 0 }, '0.2.0', { '0.3.0': 1 }, 'update-failed-before'],
    [{ retry: 1 }, '0.2.0', { '0.3.0': 1 }, 'update-failed-before'],
    [{ retry: 2 }, '0.2.0', { '0.3.0': 1 }, 'stage'],
    [{ retry: 0 }, '0.2.0', { '0.3.1': 5 }, 'stage'],
    [{ action: 'rollback', version: '0.3.0' }, '0.3.0', {}, 'stage'],
    [{ action: 'rollback', version: '0.3.0' }, '0.2.0', {}, 'nothing'],
    [{ window: { from: '02:00', to: '03:00', zone: 'Europe/Berlin' } }, '0.2.0', {}, 'stage'],
    [{ window: { from: '02:00', to: '03:00', zone: 'Nowhere/Else' } }, '0.2.0', {}, 'update-window-wrong'],
  ])('%j where %s runs and %j failed: %s', (change, running, failed, result) =>
    expect(judged(change, running, failed)).toBe(result),
  );
});

describe('the versions excluded from staff’s request for the newest', () => {
  test.each<[Partial<UpdateDirective>, Record<string, number>, string[]]>([
    [{}, {}, []],
    [{ action: 'rollback' }, {}, ['0.3.0']],
    // It failed here, and nobody has requested it again.
    [{ retry: 1 }, { '0.3.0': 1 }, ['0.3.0']],
    // An administrator chose it again.
    [{ retry: 2 }, { '0.3.0': 1 }, []],
    [{ version: '0.4.0' }, { '0.3.0': 1 }, []],
    [{ action: 'rollback', version: 'nonsense' }, {}, []],
  ])('%j where %j failed: %j', (change, failed, versions) =>
    expect(takenBack({ ...directive, ...change }, failed)).toEqual(versions),
  );
  test('without a directive: none', () => expect(takenBack(null, { '0.3.0': 0 })).toEqual([]));
});

describe('a rejection', () => {
  test('that is final is not retried automatically; any other is, later each time', () => {
    expect(isFinalError('update-cannot-roll-back')).toBe(true);
    expect(isFinalError('update-unreachable')).toBe(false);
    expect(isFinalError('update-disk-full')).toBe(false);
    expect([1, 2, 3, 4, 5, 6, 100].map((n) => retryAfter(n) / 60_000)).toEqual([5, 15, 60, 180, 360, 360, 360]);
  });

  test('of a build that could not open the store in its current state', () => {
    expect(refuseStore({ version: '0.2.0', schema: 6 }, 7)?.code).toBe('update-store-newer');
    expect(refuseStore({ version: '0.2.0', schema: 7 }, 7)).toBeNull();
    expect(refuseStore({ version: '0.2.0', schema: 6 }, 5)).toBeNull();
  });
});

describe('a trial', () => {
  const ALL: Record<Check, boolean> = { camera: true, match: true, commit: true, sync: true, updater: true };
  const NONE: Record<Check, boolean> = { camera: false, match: false, commit: false, sync: false, updater: false };
  const before: Before = { camera: true, faces: true, online: true };

  test('has to prove everything that worked before', () => {
    expect(missingChecks(before, ALL)).toEqual([]);
    expect(missingChecks(before, NONE)).toEqual(['camera', 'match', 'commit', 'sync', 'updater']);
    for (const check of Object.keys(ALL) as Check[])
      expect(missingChecks(before, { ...ALL, [check]: false })).toEqual([check]);
  });

  test('but nothing that did not work before the update', () => {
    const poor: Before = { camera: false, faces: false, online: false };
    expect(missingChecks(poor, NONE)).toEqual(['commit', 'updater']);
  });
});
