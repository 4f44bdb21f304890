import type { Sentences } from '../../i18n.ts';

/** Fields of a day or a time. */
export const when = {
  day: 'DD',
  month: 'MM',
  year: 'YYYY',
  time: 'hh:mm',
  calendar: 'Open the calendar',
  dateWrong: 'There is no such day. Write it as DD/MM/YYYY, or year first.',
  timeWrong: 'There is no such time. Write hours and minutes, up to 23:59.',
} satisfies Sentences;
