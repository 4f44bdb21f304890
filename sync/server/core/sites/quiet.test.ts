import { describe, expect, test } from 'vitest';
import { quietUntil } from './quiet.ts';

const NIGHT = { from: '22:00', to: '06:30', timeZone: 'Europe/Berlin' };
const quiet = (at: string, of = NIGHT) => quietUntil(of, new Date(at)) !== null;

describe('quiet hours', () => {
  test('follow local time, over midnight or within a day, and in nights when clocks change', () => {
    // Winter time is UTC+1. On 29 March clocks change from 02:00 to 03:00, on 25 October from 03:00 to 02:00.
    for (const [begins, ends] of [
      ['2026-01-10T21:00:00Z', '2026-01-11T05:30:00Z'],
      ['2026-03-28T21:00:00Z', '2026-03-29T04:30:00Z'],
      ['2026-07-10T20:00:00Z', '2026-07-11T04:30:00Z'],
      ['2026-10-24T20:00:00Z', '2026-10-25T05:30:00Z'],
    ] as const) {
      const at = (text: string, ms: number) => new Date(Date.parse(text) + ms).toISOString();
      expect(
        [at(begins, -1), begins, at(ends, -1), ends].map((one) => quiet(one)),
        begins,
      ).toEqual([false, true, true, false]);
      for (const one of [begins, at(ends, -1)]) expect(quietUntil(NIGHT, new Date(one))).toEqual(new Date(ends));
    }
    const noon = { ...NIGHT, from: '12:00', to: '13:00' };
    expect(['10:59:59Z', '11:00:00Z', '11:59:59Z', '12:00:00Z'].map((t) => quiet(`2026-01-10T${t}`, noon))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  test('end at the change of clocks if their end is skipped, and at the first of two if it occurs twice', () => {
    const until = { ...NIGHT, to: '02:30' };
    expect([quiet('2026-03-29T00:59:59Z', until), quiet('2026-03-29T01:00:00Z', until)]).toEqual([true, false]);
    expect([quiet('2026-10-25T00:29:59Z', until), quiet('2026-10-25T00:30:00Z', until)]).toEqual([true, false]);
    expect(quiet('2026-10-25T01:10:00Z', until), 'the wall shows 02:10 for the second time').toBe(false);
  });
});
