import type { Sentences } from '../../../shared/i18n.ts';

export const day = {
  nav: 'Day report',
  lead: 'First arrival, last departure and time on site, by the site’s calendar. Missing check-outs are never filled in.',
  person: 'Person',
  day: 'Day',
  before: 'Previous day',
  after: 'Next day',
  firstIn: 'First in',
  lastOut: 'Last out',
  stays: 'Visits',
  time: 'Time on site',
  open: 'Missing check-out',
  hours: '{{hours}} h {{minutes}} min',
  empty: 'No attendance on this day',
  export: 'Export',
  exportText: 'One row per person per day, up to 92 days. This export is logged.',
  layout: 'Format',
  layouts: {
    days: 'Day report',
    timesheet: 'Timesheet (one row per visit)',
    'frappe-hr': 'Frappe HR (Employee Checkin)',
  },
} satisfies Sentences;
