import type { Sentences } from '../../i18n.ts';

/** Fields of a day or a time. */
export const when = {
  day: 'TT',
  month: 'MM',
  year: 'JJJJ',
  time: 'hh:mm',
  calendar: 'Kalender öffnen',
  dateWrong: 'Diesen Tag gibt es nicht. Schreiben Sie ihn als TT.MM.JJJJ oder mit dem Jahr zuerst.',
  timeWrong: 'Diese Uhrzeit gibt es nicht. Schreiben Sie Stunden und Minuten, bis 23:59.',
} satisfies Sentences;
