import type { Sentences } from '../../../shared/i18n.ts';

export const day = {
  nav: 'Tagesbericht',
  lead: 'Erstes Kommen, letztes Gehen und Anwesenheitszeit nach dem Kalender des Standorts. Fehlendes Gehen wird nie ergänzt.',
  person: 'Person',
  day: 'Tag',
  before: 'Vorheriger Tag',
  after: 'Nächster Tag',
  firstIn: 'Erstes Kommen',
  lastOut: 'Letztes Gehen',
  stays: 'Aufenthalte',
  time: 'Anwesenheitszeit',
  open: 'Fehlendes Gehen',
  hours: '{{hours}} Std. {{minutes}} Min.',
  empty: 'Keine Anwesenheit an diesem Tag',
  export: 'Exportieren',
  exportText: 'Eine Zeile pro Person und Tag, höchstens 92 Tage. Dieser Export wird protokolliert.',
  layout: 'Format',
  layouts: {
    days: 'Tagesbericht',
    timesheet: 'Stundenzettel (eine Zeile pro Aufenthalt)',
    'frappe-hr': 'Frappe HR (Employee Checkin)',
  },
} satisfies Sentences;
