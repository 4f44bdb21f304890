import type { Sentences } from '../../../shared/i18n.ts';

export const day = {
  nav: 'Tagesbericht',
  lead: 'Erstes Kommen, letztes Gehen und Zeit im Haus, nach dem Kalender des Standorts. Ein Ende, das niemand erfasst hat, wird nie erfunden.',
  person: 'Person',
  day: 'Tag',
  before: 'Der Tag davor',
  after: 'Der Tag danach',
  firstIn: 'Erstes Kommen',
  lastOut: 'Letztes Gehen',
  stays: 'Aufenthalte',
  time: 'Zeit im Haus',
  open: 'Ohne Ende',
  hours: '{{hours}} Std. {{minutes}} Min.',
  empty: 'An diesem Tag war niemand da',
  export: 'Tage exportieren',
  exportText: 'Eine Zeile je Person und Tag, höchstens 92 Tage. Wen sie nennt, steht im Audit-Protokoll.',
  layout: 'Spalten von',
  layouts: {
    days: 'Tagesbericht',
    timesheet: 'Stundenzettel (eine Zeile je Aufenthalt)',
    'frappe-hr': 'Frappe HR, Employee Checkin',
  },
} satisfies Sentences;
