import { expect, test } from 'vitest';
import type { ExposureSettings } from '../../models/rules/camera/exposure.ts';
import { type ExposedTrack, LATER_MS, SOON_MS, watchForInjection } from './injection.ts';

/** A camera at 50 ms whose brightness follows its exposure, or is always the same. */
function camera(answers: boolean, takes: (asked: ExposureSettings) => boolean = () => true) {
  let settings: ExposureSettings = { exposureMode: 'continuous', exposureTime: 50 };
  const asked: ExposureSettings[] = [];
  const track: ExposedTrack = {
    getCapabilities: () => ({
      exposureMode: ['manual', 'continuous'],
      exposureTime: { min: 10, max: 200, step: 5 },
    }),
    getSettings: () => settings,
    async applyConstraints({ advanced: [wanted] }) {
      asked.push(wanted!);
      if (!takes(wanted!)) throw new DOMException('no', 'OverconstrainedError');
      settings = { exposureTime: 50, ...wanted }; // its automatic mode settles on 50
    },
  };
  const mean = () => (answers && settings.exposureMode === 'manual' ? 60 + settings.exposureTime! : 110);
  return { track, asked, mean };
}

/** Sends frames a second apart for the given time. */
function run({ track, mean }: ReturnType<typeof camera>, nobody: () => boolean) {
  const watch = watchForInjection(nobody);
  watch.follow(track);
  let at = 0;
  return {
    watch,
    async pass(ms: number): Promise<void> {
      for (const end = at + ms; at < end; at += 1_000) {
        watch.see({ at, hash: at, mean: mean(), deviation: 40 });
        for (let i = 0; i < 10; i++) await null; // lets the watch’s requests to the camera run
      }
    },
  };
}

const TRIAL = [
  { exposureMode: 'manual', exposureTime: 25 },
  { exposureMode: 'manual', exposureTime: 100 },
  { exposureMode: 'continuous' },
];

test('a camera whose frames do not follow its exposure is reported after three trials that each restore it', async () => {
  const silent = camera(false);
  const { watch, pass } = run(silent, () => true);
  await pass(2 * SOON_MS);
  expect(watch.doubt.value).toBeNull();
  await pass(SOON_MS);
  expect(silent.asked).toEqual([...TRIAL, ...TRIAL, ...TRIAL]);
  expect(watch.doubt.value).toBe('unresponsive');
  await pass(LATER_MS - SOON_MS);
  expect(silent.asked).toHaveLength(9);
  await pass(2 * SOON_MS);
  expect(silent.asked).toHaveLength(12);
  // Another camera has not been tried.
  watch.follow(camera(true).track);
  expect(watch.doubt.value).toBeNull();
});

test('a camera whose frames follow is tried once an hour and not reported', async () => {
  const real = camera(true);
  const { watch, pass } = run(real, () => true);
  await pass(LATER_MS);
  expect(real.asked).toEqual(TRIAL);
  expect(watch.doubt.value).toBeNull();
});

test('no trial starts while someone is there, and one they interrupt restores the exposure with the next frame', async () => {
  let nobody = false;
  const silent = camera(false);
  const { watch, pass } = run(silent, () => nobody);
  await pass(10 * SOON_MS);
  expect(silent.asked).toEqual([]);
  nobody = true;
  await pass(2_000);
  expect(silent.asked).toEqual(TRIAL.slice(0, 1));
  nobody = false;
  await pass(1_000);
  expect(silent.asked).toEqual([TRIAL[0], TRIAL[2]]);
  await pass(10 * SOON_MS);
  expect(silent.asked).toHaveLength(2);
  expect(watch.doubt.value).toBeNull();
});

test('a camera that refuses, or reports other settings than requested, is not doubted', async () => {
  const refuses = camera(false, ({ exposureMode }) => exposureMode !== 'manual');
  const first = run(refuses, () => true);
  await first.pass(10 * SOON_MS);
  expect(refuses.asked.length).toBeGreaterThan(4);
  expect(first.watch.doubt.value).toBeNull();
  const stuck = camera(false);
  stuck.track.getSettings = () => ({ exposureMode: 'continuous', exposureTime: 50 });
  const second = run(stuck, () => true);
  await second.pass(10 * SOON_MS);
  expect(second.watch.doubt.value).toBeNull();
});

test('repeated frames are reported before anything else', async () => {
  const watch = watchForInjection(() => true);
  watch.follow(null);
  for (let i = 0; i < 12; i++) watch.see({ at: i * 1_000, hash: i % 6, mean: 110, deviation: 40 });
  expect(watch.doubt.value).toBe('repeats');
});
