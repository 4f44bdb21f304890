import type { z } from 'zod';
import type { RetentionKind, RetentionRule } from '../../../../protocol/api/retention.ts';
import type { RetentionSettings } from './settings.ts';

/** What is kept for a time and then deleted. */
export type Kind = z.output<typeof RetentionKind>;

const DAY_MS = 86_400_000;

/** The rules in force, for screens, the record of processing and the report. Pure. */
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

/** Until when something of this age goes; null: never. */
export function cutoff(days: number | null, now: Date): Date | null {
  return days === null ? null : new Date(now.getTime() - days * DAY_MS);
}

/** The shorter of what the server's configuration and a site's policy say, days. A site may keep less, never more. */
export function shorter(configured: number, site: number | undefined): number {
  return site === undefined ? configured : Math.min(configured, site);
}
