import type { Sentences } from '../../i18n.ts';

/** Fields of a day or a time. */
export const when = {
  day: 'DD',
  month: 'MM',
  year: 'YYYY',
  time: 'hh:mm',
  calendar: 'Open the calendar',
  dateWrong: 'Not a valid date. Enter it as DD/MM/YYYY, or year first.',
  timeWrong: 'Not a valid time. Enter hours and minutes, up to 23:59.',
} satisfies Sentences;
