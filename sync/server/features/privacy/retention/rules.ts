import type { z } from 'zod';
import type { RetentionKind, RetentionRule } from '../../../../protocol/api/retention.ts';
import type { RetentionSettings } from './settings.ts';

/** A kind of data that is deleted after its retention period. */
export type Kind = z.output<typeof RetentionKind>;

const DAY_MS = 86_400_000;

/** Returns the rules in force, for screens, the record of processing and the report. Pure. */
export function rulesOf(s: RetentionSettings): z.output<typeof RetentionRule>[] {
  return [
    {
      kind: 'gps',
      days: s.gpsDays,
      counted: 'from the check-in',
      outcome: 'the position is removed; the record stays',
      basis: 'policy: 30 days at most',
    },
    {
      kind: 'photos',
      days: s.photoDays,
      counted: 'from the check-in',
      outcome:
        'the photo is removed, in the object store in every version; photos of an enrolment stay until their person is erased',
      basis: 'policy: 90 days at most',
    },
    {
      kind: 'templates',
      days: s.templateDays,
      counted: 'from the last check-in by face, or the enrolment',
      outcome: 'the templates are removed, here and on every kiosk; the consent stays, and the person enrols again',
      basis: 'storage limitation (GDPR Art. 5(1)(e)); BIPA § 15(a): three years at most',
    },
    {
      kind: 'attendance',
      days: s.attendanceDays,
      counted: 'from the check-in',
      outcome: 'the record no longer belongs to anyone; counts stay',
      basis: 'the duties of the controller (working time, school register)',
    },
    {
      kind: 'consents',
      days: s.consentDays,
      counted: 'from the withdrawal',
      outcome: 'the record of the consent is removed',
      basis: 'proof of consent (GDPR Art. 7(1)), for as long as claims can be made',
    },
    {
      kind: 'leavers',
      days: s.leaverDays,
      counted: 'from the day the person no longer belonged to any site',
      outcome: 'the person is erased',
      basis: 'the purpose has ended (GDPR Art. 17(1)(a))',
    },
    {
      kind: 'quarantine',
      days: s.quarantineDays,
      counted: 'from its arrival',
      outcome: 'the content is removed; the fact stays',
      basis: 'time enough for an update that can read it',
    },
  ];
}

export function daysOf(settings: RetentionSettings, kind: Kind): number | null {
  return rulesOf(settings).find((r) => r.kind === kind)!.days;
}

/** Returns the time before which data is deleted. Null: it is never deleted. */
export function cutoff(days: number | null, now: Date): Date | null {
  return days === null ? null : new Date(now.getTime() - days * DAY_MS);
}

/** Returns the shorter of the server's and the site's period, in days. A site may shorten the period, never extend it. */
export function shorter(configured: number, site: number | undefined): number {
  return site === undefined ? configured : Math.min(configured, site);
}
