import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attendanceDays } from '../../../../protocol/wire/calendar.ts';
import { LONGEST_STAY_MS, pairStays } from './stays.ts';

const dayOf = attendanceDays({ timeZone: 'Europe/Berlin', dayStartsAt: '00:00' });
const at = (text: string) => Date.parse(text);
const record = (text: string, direction: 'in' | 'out') => ({ id: text, at: at(text), direction });

describe('stays', () => {
  test('may span midnight, and belong to the day on which they began', () => {
    const [start, end] = ['2026-07-01T20:00:00Z', '2026-07-02T04:00:00Z'];
    expect(pairStays([record(end, 'out'), record(start, 'in')], dayOf)).toEqual([
      { day: '2026-07-01', start: at(start), end: at(end) },
    ]);
  });

  test('have their real length across a clock change', () => {
    const [stay] = pairStays([record('2026-10-24T20:00:00Z', 'in'), record('2026-10-25T04:00:00Z', 'out')], dayOf);
    expect(stay!.end! - stay!.start!).toBe(8 * 3_600_000);
  });

  test('without a recorded end stay open', () => {
    const list = [
      record('2026-07-01T06:00:00Z', 'in'),
      record('2026-07-02T06:00:00Z', 'in'),
      record('2026-07-02T14:00:00Z', 'out'),
    ];
    expect(pairStays(list, dayOf).map((s) => [s.start !== null, s.end !== null])).toEqual([
      [true, false],
      [true, true],
    ]);
    expect(pairStays([record('2026-07-01T14:00:00Z', 'out')], dayOf)).toEqual([
      { day: '2026-07-01', start: null, end: at('2026-07-01T14:00:00Z') },
    ]);
    // The departure was forgotten one evening and recorded the next: not a stay of 33 hours.
    expect(
      pairStays([record('2026-07-01T06:00:00Z', 'in'), record('2026-07-02T15:00:00Z', 'out')], dayOf),
    ).toHaveLength(2);
  });

  test('have every record as an end of exactly one stay, and none exceeds the longest stay', () => {
    const list = fc
      .uniqueArray(fc.integer({ min: 0, max: 500 }), { maxLength: 30 })
      .chain((hours) =>
        fc.tuple(...hours.map((h) => fc.constantFrom('in' as const, 'out' as const).map((d) => [h, d] as const))),
      );
    fc.assert(
      fc.property(list, (pairs) => {
        const records = pairs.map(([h, direction]) => ({
          id: String(h),
          at: at('2026-07-01T00:00:00Z') + h * 3_600_000,
          direction,
        }));
        const stays = pairStays(records, dayOf);
        const ends = stays.flatMap((s) => [s.start, s.end]).filter((t) => t !== null);
        expect(ends.sort()).toEqual(records.map((r) => r.at).sort());
        for (const { start, end } of stays)
          if (start !== null && end !== null) expect(end - start).toBeLessThanOrEqual(LONGEST_STAY_MS);
      }),
    );
  });
});
