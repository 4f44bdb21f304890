import type { Sentences } from '../../i18n.ts';

/** Fields of a day or a time. */
export const when = {
  day: 'يوم',
  month: 'شهر',
  year: 'سنة',
  time: 'ساعة:دقيقة',
  calendar: 'فتح التقويم',
  dateWrong: 'تاريخ غير صالح. اكتبه بترتيب يوم/شهر/سنة، أو السنة أولًا.',
  timeWrong: 'وقت غير صالح. اكتب الساعات والدقائق، حتى 23:59.',
} satisfies Sentences;
