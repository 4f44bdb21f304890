import { signal } from '@preact/signals';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { MayGoDark } from './awake.ts';
import type { CameraState } from './camera.ts';
import type { FramesDoubt } from './injection.ts';
import { cameraCondition, startScreenReports } from './screen-report.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const live = { kind: 'live', instead: false, track: { label: 'Webcam' } } as unknown as CameraState;

test('each state of the camera has one condition', () => {
  expect(cameraCondition(live, false, false)).toBe('ok');
  expect(cameraCondition(live, false, true)).toBe('covered');
  // Blind takes precedence over covered: without detection, covered can't be known.
  expect(cameraCondition(live, true, true)).toBe('blind');
  expect(cameraCondition({ kind: 'live', instead: true } as unknown as CameraState, false, false)).toBe('replaced');
  expect(cameraCondition({ kind: 'absent' }, false, false)).toBe('none');
  expect(cameraCondition({ kind: 'broken', name: 'X' }, false, false)).toBe('broken');
});

test('reports to each new core, at each change, and at regular intervals', () => {
  const notified: unknown[] = [];
  const generation = signal(0);
  const camera = signal<CameraState>({ kind: 'starting' });
  const mayGoDark = signal<MayGoDark>(null);
  const doubt = signal<FramesDoubt | null>(null);
  let frames = 0;
  const reports = startScreenReports({
    core: {
      async screenState(state) {
        notified.push(state);
        return {};
      },
    },
    generation,
    camera,
    detectorTrouble: signal(null),
    covered: signal(false),
    mayGoDark,
    doubt,
    frames: () => frames,
  });
  expect(notified).toEqual([]);
  generation.value = 1;
  camera.value = live;
  frames = 7;
  vi.advanceTimersByTime(15_000);
  expect(notified).toEqual([
    { camera: 'starting', frames: 0 },
    { camera: 'ok', label: 'Webcam', frames: 0 },
    { camera: 'ok', label: 'Webcam', frames: 7 },
  ]);
  generation.value = 2;
  expect(notified).toHaveLength(4);
  mayGoDark.value = 'refused';
  expect(notified.slice(4)).toEqual([{ camera: 'ok', label: 'Webcam', frames: 7, dark: 'refused' }]);
  // Typing is reported at most every few seconds.
  vi.advanceTimersByTime(10);
  for (let key = 0; key < 8; key++) {
    reports.touched();
    vi.advanceTimersByTime(1_000);
  }
  const touch = { camera: 'ok', label: 'Webcam', frames: 7, dark: 'refused', touched: true };
  expect(notified.slice(5)).toEqual([touch, touch]);
  // Doubts about the camera's frames are reported at once.
  doubt.value = 'repeats';
  expect(notified.slice(7)).toEqual([{ camera: 'ok', label: 'Webcam', frames: 7, dark: 'refused', doubt: 'repeats' }]);
  reports.stop();
  vi.advanceTimersByTime(60_000);
  expect(notified).toHaveLength(8);
});
