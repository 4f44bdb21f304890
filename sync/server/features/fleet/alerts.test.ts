import { describe, expect, test } from 'vitest';
import { INVENTORY } from '../../../../test/kit/engine.ts';
import type { Inventory } from '../../../protocol/wire/fleet.ts';
import { alertsOf, newestOf, OFFLINE_MS } from './read.ts';

const NOW = new Date('2026-11-26T08:00:00.000Z');
const ago = (ms: number) => new Date(NOW.getTime() - ms);
const well: Inventory = { ...INVENTORY, version: '0.2.0' };
const codes = (change: Partial<Inventory>, silentMs = 1000, newest: string | null = '0.2.0') =>
  alertsOf({ lastHeardAt: ago(silentMs), report: { ...well, ...change } }, NOW, newest).map((a) => a.code);

describe('alerts of a kiosk', () => {
  test('there are none for a healthy kiosk, nor for a camera that is not in use', () => {
    expect(codes({})).toEqual([]);
    for (const camera of ['off', 'starting', 'unknown', 'some-new-word']) expect(codes({ camera })).toEqual([]);
  });

  test.each<[string, Partial<Inventory>]>([
    ['disk-low', { diskFree: 400e6 }],
    ['disk-full', { diskFree: 1e6 }],
    ['camera-bad', { camera: 'covered' }],
    ['camera-bad', { camera: 'none' }],
    ['clock-off', { clockOffsetMs: -120_001 }],
    ['clock-off', { clockOffsetMs: 86_400_000 }],
    ['hot', { temperature: 85 }],
    ['settings-refused', { configProblem: 'language-unknown' }],
    ['queue-long', { queued: 501 }],
    ['camera-doubtful', { cameraDoubt: 'virtual' }],
    ['no-screen', { camera: 'unknown', noScreen: true }],
    ['screen-may-go-dark', { screenMayGoDark: 'refused' }],
    ['screen-may-go-dark', { screenMayGoDark: 'unsupported' }],
    ['old-version', { version: '0.1.9' }],
  ])('%s', (code, change) => expect(codes(change)).toEqual([code]));

  test('silence, kiosks never heard from and kiosks without a report are reported', () => {
    expect(codes({}, OFFLINE_MS)).toEqual([]);
    expect(codes({}, OFFLINE_MS + 1)).toEqual(['offline']);
    // A long queue is a consequence of silence and is not reported separately.
    expect(codes({ queued: 5000 }, OFFLINE_MS + 1)).toEqual(['offline']);
    expect(alertsOf({ lastHeardAt: null, report: null }, NOW, null).map((a) => a.code)).toEqual(['never-heard']);
    expect(alertsOf({ lastHeardAt: NOW, report: null }, NOW, null).map((a) => a.code)).toEqual(['no-report']);
  });

  test('a version is old if it precedes the newest in the fleet, in version order', () => {
    const of = (version: string) => ({ ...well, version });
    expect(newestOf([of('0.9.0'), of('0.10.0-rc.1'), null, of('not a version')])).toBe('0.10.0-rc.1');
    expect(newestOf([])).toBeNull();
    expect(codes({ version: '0.10.0-rc.1' }, 0, '0.10.0')).toEqual(['old-version']);
    expect(codes({ version: 'not a version' }, 0, '0.10.0')).toEqual([]);
  });
});
