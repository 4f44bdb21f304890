import { expect, test } from 'vitest';
import { capturePose, captureProgress, FEWEST_POSES, holdsPose, missPose, NEW_CAPTURE } from './poses.ts';

test('poses are taken in order until none remains', () => {
  let state = NEW_CAPTURE;
  const order = [...state.remaining];
  for (const pose of order) {
    expect(state.remaining[0]).toBe(pose);
    state = capturePose(state);
  }
  expect(state.remaining).toEqual([]);
  expect(captureProgress(state)).toBe(1);
  expect(capturePose(state)).toEqual(state);
});

test('left is the person’s own left', () => {
  expect(holdsPose('left', { yaw: 20 })).toBe(true);
  expect(holdsPose('left', { yaw: -20 })).toBe(false);
  expect(holdsPose('right', { yaw: -20 })).toBe(true);
  expect(holdsPose('front', { yaw: 20 })).toBe(false);
});

test('a pose that can’t be held is skipped after a while, but never the first', () => {
  let state = NEW_CAPTURE;
  for (let i = 0; i < 100; i++) state = missPose(state);
  expect(state.remaining).toEqual(NEW_CAPTURE.remaining);
  state = capturePose(state);
  const [left] = state.remaining;
  for (let i = 0; i < 100 && state.remaining[0] === left; i++) state = missPose(state);
  expect(state.remaining[0]).not.toBe(left);
});

test('skipping never leaves fewer poses than an enrolment needs', () => {
  let state = capturePose(NEW_CAPTURE);
  for (let i = 0; i < 1000; i++) state = missPose(state);
  expect(state.done.length + state.remaining.length).toBeGreaterThanOrEqual(FEWEST_POSES);
});
