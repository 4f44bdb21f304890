import { expect, test } from 'vitest';
import { printedRandom } from '../../../test/chance.ts';
import { type Fingerprint, watchRepeats } from './repeats.ts';

const frame = (at: number, hash: number, more: Partial<Fingerprint> = {}): Fingerprint => ({
  at,
  hash,
  mean: 110,
  deviation: 40,
  ...more,
});
/** Returns the verdict after these frames, one second apart. */
const after = (hashes: readonly number[], more: Partial<Fingerprint> = {}, every = 1_000): boolean => {
  const repeats = watchRepeats();
  return hashes.map((hash, i) => repeats(frame(i * every, hash, more))).at(-1)!;
};

test('a loop is found once three of its frames repeat; a camera that never repeats a frame is not reported', () => {
  expect(after([1, 2, 3, 4, 5, 1, 2])).toBe(false);
  expect(after([1, 2, 3, 4, 5, 1, 2, 3])).toBe(true);
  expect(after(Array.from({ length: 20_000 }, (_, i) => i))).toBe(false);
});

test('a driver that repeats its last frame, or delivers an old buffer once, doesn’t count', () => {
  expect(after(Array.from({ length: 500 }, (_, i) => i >> 3))).toBe(false);
  expect(after(Array(500).fill(7))).toBe(false);
  // Less than two seconds old.
  expect(after([1, 2, 1, 3, 4, 3, 5, 6, 5, 7, 8, 7, 9, 10, 9], {}, 500)).toBe(false);
});

test('frames without visible sensor noise don’t count: dark, overexposed or plain', () => {
  const loop = [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4];
  expect(after(loop)).toBe(true);
  for (const blank of [{ mean: 20 }, { mean: 240 }, { deviation: 4 }]) expect(after(loop, blank)).toBe(false);
});

test('repeats count for ten minutes: a camera that stops repeating is no longer reported', () => {
  const repeats = watchRepeats();
  for (const [i, hash] of [1, 2, 3, 1, 2, 3].entries()) repeats(frame(i * 1_000, hash));
  expect(repeats(frame(6_000, 100))).toBe(true);
  expect(repeats(frame(602_000, 101))).toBe(true);
  expect(repeats(frame(604_000, 102))).toBe(false);
});

test('any loop of up to two hours is found during its second run, whichever frames are sampled', () => {
  const random = printedRandom('loops');
  for (let round = 0; round < 30; round++) {
    const fps = 10 + Math.floor(random() * 21);
    const frames = Math.floor(fps * 10 ** (0.4 + 3.4 * random()));
    const repeats = watchRepeats();
    const once = Math.ceil(frames / fps);
    let said = false;
    let [at, looked] = [0, 0];
    // Once per second, more or less, depending on how busy the machine is: any frame of the loop may be sampled.
    for (; !said && at < (2 * once + 900) * 1_000; at += 950 + 100 * random(), looked++)
      said = repeats(frame(at, Math.floor((at / 1_000) * fps) % frames));
    expect(said, `${frames} frames, ${fps} a second, ${looked} looked at`).toBe(true);
  }
});
