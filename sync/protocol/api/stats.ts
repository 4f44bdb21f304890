import { z } from 'zod';
import { Instant, Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';

/** `/api/stats`: counts for charts. They don't identify anyone. */

/** Days of the site's calendar, inclusive; at most 92. */
export const StatsQuery = z.strictObject({ site: Uuid.optional(), from: z.iso.date(), to: z.iso.date() });

const Count = z.number().int().nonnegative();

export const Arrivals = z.strictObject({
  site: z.strictObject({ id: Uuid.nullable(), name: z.string(), timeZone: z.string() }),
  /** Hours with any activity, by their start. */
  hours: z.array(z.strictObject({ at: Instant, in: Count, out: Count })),
  /** People inside at each full hour of local time, 0 to 23: averaged over the days on which anyone came. */
  inside: z.array(z.strictObject({ hour: z.number().int().min(0).max(23), people: z.number().nonnegative() })),
  /** Valid records by check-in method. */
  methods: z.record(z.string(), Count),
});
export type Arrivals = z.infer<typeof Arrivals>;

export const KioskStats = z.strictObject({
  kiosks: z.array(
    z.strictObject({
      id: Uuid,
      name: z.string(),
      /** Accepted faces with known scores, and failed attempts of any kind. */
      faces: Count,
      failures: Count,
      /** Mean score, using the centres of the histogram bins; null: none known. */
      score: z.number().nullable(),
      /** Median time of accepted faces, as a bin's upper limit, seconds; null: none known. */
      waitSeconds: Count.nullable(),
    }),
  ),
  /** Accepted faces by time since first detected, at most `seconds`; the last bin also has all that took longer. */
  waits: z.array(z.strictObject({ seconds: Count, count: Count })),
  /** Accepted faces by score: bins of 0.05 by their lower bound, 0 to 0.95. */
  scores: z.array(z.strictObject({ from: z.number(), count: Count })),
  /** Why people did not get in, or not at once: `guide.too-dark`, `challenge.failed`, `other-method.unknown`, `refused.pin-wrong`. */
  failures: z.array(z.strictObject({ reason: z.string(), count: Count })),
  /** Number of events waiting to be sent, by kiosk and report. */
  queue: z.array(z.strictObject({ kiosk: Uuid, at: Instant, depth: Count })),
});
export type KioskStats = z.infer<typeof KioskStats>;

export const getArrivals = endpoint('GET /api/stats/arrivals', {
  summary: 'Count arrivals and departures by hour and check-in method; numbers only',
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  data: [],
  query: StatsQuery,
  answer: Arrivals,
  errors: ['unknown-site', 'no-such-day', 'period-too-long'],
});

export const getKioskStats = endpoint('GET /api/stats/kiosks', {
  summary: 'Get kiosk statistics: match scores, failed attempts by reason, unsent records',
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  data: [],
  query: StatsQuery,
  answer: KioskStats,
  errors: ['unknown-site', 'no-such-day', 'period-too-long'],
});
