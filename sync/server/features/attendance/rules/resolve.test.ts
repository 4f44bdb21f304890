import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attendanceDays } from '../../../../protocol/wire/calendar.ts';
import type { SiteRules } from '../../../core/sites/sites.ts';
import { type Claimed, closed, daysAround, resolve, type Span } from './resolve.ts';

const dayOf = attendanceDays({ timeZone: 'Europe/Berlin', dayStartsAt: '00:00' });
const rules: SiteRules = { dayOf, repeatMs: 60_000 };
const NOON = Date.parse('2026-07-01T10:00:00Z');
let made = 0;
const record = (seconds: number, direction: 'in' | 'out' = 'in', more: Partial<Claimed> = {}): Claimed => ({
  id: `r${String(made++).padStart(6, '0')}`,
  at: NOON + seconds * 1000,
  direction,
  automatic: true,
  voided: false,
  ...more,
});
const shown = (records: Claimed[]) => {
  const result = resolve(records, rules);
  return records.map((r) => {
    const { direction, duplicateOf } = result.get(r.id)!;
    return duplicateOf ? `=${records.findIndex((o) => o.id === duplicateOf)}` : direction;
  });
};

/** Times within a fortnight: spread out, close together, at the edge of the repeat window, and around midnight. */
const times = fc.oneof(
  fc.integer({ min: -7 * 86_400, max: 7 * 86_400 }),
  fc
    .tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -130, max: 130 }))
    .map(([d, s]) => d * 86_400 + 43_200 + s),
  fc.integer({ min: 0, max: 200 }),
);
const records = fc.array(
  fc
    .tuple(times, fc.constantFrom('in' as const, 'out' as const), fc.boolean(), fc.nat(9))
    .map(([seconds, direction, automatic, v]) => record(seconds, direction, { automatic, voided: v === 0 })),
  { maxLength: 25 },
);

describe('resolving a person’s records', () => {
  test('records of two kiosks within the window are one presence, whatever direction each had chosen', () => {
    expect(shown([record(0), record(30), record(61, 'out')])).toEqual(['in', '=0', 'out']);
    expect(shown([record(0), record(30, 'out')])).toEqual(['in', '=0']);
    expect(shown([record(0), record(60), record(61)])).toEqual(['in', '=0', 'out']);
  });

  test('a record with another direction chosen by the person is not a duplicate', () => {
    expect(shown([record(0), record(30, 'out', { automatic: false })])).toEqual(['in', 'out']);
    expect(shown([record(0), record(30, 'in', { automatic: false })])).toEqual(['in', '=0']);
  });

  test('an in after an in alternates if the kiosk chose it, and stays if the person did', () => {
    expect(shown([record(0), record(3600), record(7200)])).toEqual(['in', 'out', 'in']);
    expect(shown([record(0), record(3600, 'in', { automatic: false }), record(7200)])).toEqual(['in', 'in', 'out']);
  });

  test('the first record of a day keeps its claim', () => {
    expect(shown([record(0), record(86_400), record(86_400 + 3600)])).toEqual(['in', 'in', 'out']);
    expect(shown([record(-86_400, 'out')])).toEqual(['out']);
  });

  test('a voided record does not count and keeps its claimed direction', () => {
    expect(shown([record(0, 'in', { voided: true }), record(30), record(3600)])).toEqual(['in', 'in', 'out']);
  });

  test('every record gets a result, and exactly one record of each presence counts', () => {
    fc.assert(
      fc.property(records, (list) => {
        const result = resolve(list, rules);
        expect([...result.keys()].sort()).toEqual(list.map((r) => r.id).sort());
        for (const r of list) {
          const { direction, duplicateOf } = result.get(r.id)!;
          if (r.voided) expect({ direction, duplicateOf }).toEqual({ direction: r.direction, duplicateOf: null });
          else if (duplicateOf === null) {
            if (!r.automatic) expect(direction).toBe(r.direction);
          } else {
            const counts = list.find((o) => o.id === duplicateOf)!;
            expect(counts.voided).toBe(false);
            expect(result.get(duplicateOf)).toEqual({ direction, duplicateOf: null });
            expect(r.at - counts.at).toBeGreaterThanOrEqual(0);
            expect(r.at - counts.at).toBeLessThanOrEqual(rules.repeatMs);
          }
        }
      }),
    );
  });

  test('the order of arrival makes no difference, not even for two records at the same instant', () => {
    const [one, other] = [record(0, 'in', { automatic: false }), record(0, 'out', { automatic: false })];
    expect(resolve([one, other], rules)).toEqual(resolve([other, one], rules));
    const [a, b] = [record(0), record(0)];
    expect(resolve([b, a], rules).get(b.id)).toEqual({ direction: 'in', duplicateOf: a.id });
    fc.assert(
      fc.property(
        records.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        ([list, shuffled]) => {
          expect(new Map(resolve(shuffled, rules))).toEqual(new Map(resolve(list, rules)));
        },
      ),
    );
  });

  test('a day resolved alone gives the same result as with all others, and a late record changes no other day', () => {
    fc.assert(
      fc.property(
        records.filter((l) => l.length > 0),
        fc.nat(),
        (list, pick) => {
          const whole = resolve(list, rules);
          const late = list[pick % list.length]!;
          const span = widen(daysAround([late.at], dayOf), list);
          const inside = list.filter((r) => r.at >= span.from && r.at < span.to);
          for (const [id, answer] of resolve(inside, rules)) expect(answer).toEqual(whole.get(id));
          const without = resolve(
            list.filter((r) => r !== late),
            rules,
          );
          for (const r of list) if (!inside.includes(r)) expect(whole.get(r.id)).toEqual(without.get(r.id));
        },
      ),
      { numRuns: 500 },
    );
  });
});

function widen(span: Span, list: readonly Claimed[]): Span {
  const counted = list.filter((r) => !r.voided);
  const wider = closed(
    span,
    counted.filter((r) => r.at >= span.from - rules.repeatMs && r.at <= span.to + rules.repeatMs),
    rules,
  );
  return wider ? widen(wider, list) : span;
}
