import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUILD_DATE } from '../version.ts';
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

  it('does not trust a leap of over a day, nor repeated leaps in one boot, and continues with the boot’s clock', () => {
    const far = observeClock(start(), at(T0 + 400 * DAY, 61_000));
    expect([far.state.trusted, far.doubt]).toEqual([T0 + 60_000, 'ahead']);
    let state = start();
    for (let i = 1; i <= 30; i++) state = observeClock(state, at(T0 + i * 0.6 * DAY, 1000 + i)).state;
    expect(state.trusted).toBeLessThan(T0 + DAY + 1000);
  });

  it('trusts a leap after a night switched off, boot after boot', () => {
    let state = start();
    for (let i = 1; i <= 100; i++) {
      const seen = observeClock(state, at(T0 + i * 0.9 * DAY, 5000, `boot-${i}`));
      expect(seen.doubt).toBeNull();
      state = seen.state;
    }
    expect(state.trusted).toBe(T0 + 90 * DAY);
  });

  it('keeps advancing when the clock is set back, also across restarts and for months', () => {
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

  it('accepts a leap that the server or GPS confirms, and a correction downwards, but no old message again', () => {
    const leapt = observeConfirmed(start(), at(T0 + 400 * DAY, 2000), T0 + 400 * DAY);
    expect(trustedAt(leapt, at(T0 + 400 * DAY + 1000, 3000))).toBe(T0 + 400 * DAY + 1000);
    const ahead = observeClock(start(), at(T0 + 0.9 * DAY, 2000)).state;
    const corrected = observeConfirmed(ahead, at(T0 + 0.9 * DAY, 3000), T0 + 2000);
    expect(corrected.trusted).toBe(T0 + 2000);
    const replayed = observeConfirmed(corrected, at(T0 + 4000, 5000), T0 + 1000);
    expect([replayed.confirmed, replayed.trusted]).toEqual([T0 + 2000, T0 + 4000]);
    expect(observeConfirmed(corrected, at(T0, 5000), Number.NaN).confirmed).toBe(T0 + 2000);
  });

  it('a server a year ahead changes nothing by one answer, nor by many at once; several over ten minutes are trusted', () => {
    const year = 365 * DAY;
    const hear = (state: TrustedState, mono: number, said: number) =>
      observeConfirmed(state, at(T0 + mono, 1000 + mono), said + mono);
    let state = start();
    for (const mono of [0, 20_000, 40_000, 60_000, 599_999]) state = hear(state, mono, T0 + year);
    expect(state).toMatchObject({ trusted: T0 + 599_999, confirmed: start().confirmed });
    // A different answer in between: counting restarts.
    expect(hear(hear(state, 610_000, T0), 620_000, T0 + year).trusted).toBe(T0 + 620_000);
    const believed = hear(state, 600_000, T0 + year);
    expect(believed.trusted).toBe(T0 + year + 600_000);
    // And back again, once it turns out to be wrong.
    let back = believed;
    for (const mono of [700_000, 1_000_000]) back = hear(back, mono, T0);
    expect(back.trusted).toBeGreaterThan(T0 + year);
    back = hear(back, 1_300_000, T0);
    expect([back.trusted, back.confirmed]).toEqual([T0 + 1_300_000, T0 + 1_300_000]);
  });

  it('does not combine answers across a restart, nor answers that differ', () => {
    let state = start();
    for (const [mono, boot] of [[0, 'a'], [600_000, 'b'], [1_100_000, 'b'], [1_500_000, 'c']] as const) // biome-ignore format: one line
      state = observeConfirmed(state, at(T0, 1000 + mono, boot), T0 + 400 * DAY + mono);
    for (let i = 0; i < 9; i++)
      state = observeConfirmed(state, at(T0, 2_000_000 + i * 300_000, 'c'), T0 + 400 * DAY + i * DAY);
    expect(state.trusted).toBeLessThan(T0 + 2 * DAY);
  });

  it('a kiosk whose clock died accepts the server’s time within a minute of its first answers', () => {
    let state = firstState(at(0, 1000));
    const server = T0 + 500 * DAY;
    for (const mono of [0, 20_000]) state = observeConfirmed(state, at(mono, 1000 + mono), server + mono);
    expect(state.trusted).toBeLessThan(BUILD_DATE + DAY);
    expect(observeConfirmed(state, at(40_000, 41_000), server + 40_000).trusted).toBe(server + 40_000);
  });

  it('no answer of a server moves it by more than a day beyond its own clocks; a correct server restores it', () => {
    const step = fc.record({
      passed: fc.integer({ min: 0, max: 500_000 }),
      wall: fc.oneof(fc.constant(0), fc.integer({ min: -500 * DAY, max: 500 * DAY })),
      said: fc.oneof(fc.constant(0), fc.integer({ min: -500 * DAY, max: 500 * DAY })),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.boolean(), (steps, set) => {
        let state = start();
        let mono = 1000;
        let saidBefore: number[] = [];
        for (const { passed, wall, said } of steps) {
          mono += passed;
          const reading = at(T0 + mono + wall, mono);
          const own = observeClock(state, reading).state.trusted;
          state = observeConfirmed(state, reading, T0 + mono + said);
          // Unless the two before it agreed.
          const agreed = saidBefore.length >= 2 && saidBefore.every((one) => Math.abs(one - said) <= 600_000);
          if (!agreed) expect(state.trusted).toBeLessThanOrEqual(Math.max(own, reading.wall) + DAY);
          saidBefore = [...saidBefore, said].slice(-2);
        }
        const clock = set ? 0 : 300 * DAY; // the wall clock may be permanently wrong
        for (let i = 0; i < 4; i++) {
          mono += 310_000;
          state = observeConfirmed(state, at(T0 + mono + clock, mono), T0 + mono);
        }
        expect(trustedAt(state, at(T0 + mono, mono))).toBe(T0 + mono);
      }),
    );
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
