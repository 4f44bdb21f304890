import type { Sentences } from '../../i18n.ts';

/** Fields of a day or a time. */
export const when = {
  day: 'TT',
  month: 'MM',
  year: 'JJJJ',
  time: 'hh:mm',
  calendar: 'Kalender öffnen',
  dateWrong: 'Kein gültiges Datum. Geben Sie es als TT.MM.JJJJ oder mit dem Jahr zuerst ein.',
  timeWrong: 'Keine gültige Uhrzeit. Geben Sie Stunden und Minuten ein, bis 23:59.',
} satisfies Sentences;
