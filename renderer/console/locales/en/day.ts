import type { Sentences } from '../../../shared/i18n.ts';

export const day = {
  nav: 'Day report',
  lead: 'First in, last out, and time inside, by the calendar of the site. An end that nobody recorded is never made up.',
  person: 'Person',
  day: 'Day',
  before: 'The day before',
  after: 'The day after',
  firstIn: 'First in',
  lastOut: 'Last out',
  stays: 'Stays',
  time: 'Time inside',
  open: 'Lack an end',
  hours: '{{hours}} h {{minutes}} min',
  empty: 'Nobody was there on this day',
  export: 'Export days',
  exportText: 'A row a person and day, at most 92 days. Whom it names stands in the audit log.',
  layout: 'Columns of',
  layouts: {
    days: 'The day report',
    timesheet: 'A timesheet (a row a stay)',
    'frappe-hr': 'Frappe HR, Employee Checkin',
  },
} satisfies Sentences;
