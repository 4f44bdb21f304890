import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BELIEVED_LEAP,
  firstState,
  observeClock,
  observeConfirmed,
  type Reading,
  type TrustedState,
  trustedAt,
} from './trusted-time.ts';

const DAY = 86_400_000;
const T0 = Date.UTC(2027, 5, 1);
const at = (wall: number, monotonic: number, bootId = 'a'): Reading => ({ wall, monotonic, bootId });
const start = (): TrustedState => firstState(at(T0, 1000));

describe('trusted time', () => {
  it('is never before the build', () => {
    expect(firstState(at(0, 0), T0).trusted).toBe(T0);
  });

  it('follows a plausible clock', () => {
    const seen = observeClock(start(), at(T0 + 60_000, 61_000));
    expect([seen.state.trusted, seen.doubt]).toEqual([T0 + 60_000, null]);
  });

  it('does not believe a leap of over a day, nor a day and another in one boot, and goes on with the boot’s clock', () => {
    const far = observeClock(start(), at(T0 + 400 * DAY, 61_000));
    expect([far.state.trusted, far.doubt]).toEqual([T0 + 60_000, 'ahead']);
    let state = start();
    for (let i = 1; i <= 30; i++) state = observeClock(state, at(T0 + i * 0.6 * DAY, 1000 + i)).state;
    expect(state.trusted).toBeLessThan(T0 + DAY + 1000);
  });

  it('believes a night switched off, boot after boot', () => {
    let state = start();
    for (let i = 1; i <= 100; i++) {
      const seen = observeClock(state, at(T0 + i * 0.9 * DAY, 5000, `boot-${i}`));
      expect(seen.doubt).toBeNull();
      state = seen.state;
    }
    expect(state.trusted).toBe(T0 + 90 * DAY);
  });

  it('ages on when the clock is set back, also over restarts and for months', () => {
    let state = start();
    let wall = T0;
    for (let i = 1; i <= 120; i++) {
      wall = Date.UTC(2000, 0, 1);
      const seen = observeClock(state, at(wall, 1000 + i * DAY));
      expect(seen.doubt).toBe('behind');
      state = seen.state;
    }
    expect(state.trusted).toBe(T0 + 120 * DAY);
    expect(observeClock(state, at(wall, 10 * DAY, 'b')).state.trusted).toBe(T0 + 130 * DAY);
  });

  it('takes a leap that the server or GPS confirms, and a correction downwards, but no old message again', () => {
    const leapt = observeConfirmed(start(), at(T0 + 400 * DAY, 2000), T0 + 400 * DAY);
    expect(trustedAt(leapt, at(T0 + 400 * DAY + 1000, 3000))).toBe(T0 + 400 * DAY + 1000);
    const ahead = observeClock(start(), at(T0 + 0.9 * DAY, 2000)).state;
    const corrected = observeConfirmed(ahead, at(T0 + 0.9 * DAY, 3000), T0 + 2000);
    expect(corrected.trusted).toBe(T0 + 2000);
    const replayed = observeConfirmed(corrected, at(T0 + 4000, 5000), T0 + 1000);
    expect([replayed.confirmed, replayed.trusted]).toEqual([T0 + 2000, T0 + 4000]);
    expect(observeConfirmed(corrected, at(T0, 5000), Number.NaN).confirmed).toBe(T0 + 2000);
  });

  it('without confirmation never goes back, and in one boot never runs ahead of its clock by more than a day', () => {
    const readings = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 0, max: 1e9 }), fc.boolean()),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(readings, (steps) => {
        let state = start();
        let mono = 1000;
        let boot = 0;
        let bootStart = { trusted: state.trusted, mono };
        for (const [wall, passed, reboot] of steps) {
          if (reboot) {
            boot++;
            mono = passed;
            bootStart = { trusted: state.trusted, mono: 0 };
          } else mono += passed;
          const next = observeClock(state, at(wall, mono, String(boot))).state;
          expect(next.trusted).toBeGreaterThanOrEqual(state.trusted);
          expect(next.trusted).toBeLessThanOrEqual(bootStart.trusted + (mono - bootStart.mono) + BELIEVED_LEAP);
          state = next;
        }
      }),
    );
  });
});
