import type { Sentences } from '../../i18n.ts';

/** Fields of a day or a time. */
export const when = {
  day: 'يوم',
  month: 'شهر',
  year: 'سنة',
  time: 'ساعة:دقيقة',
  calendar: 'فتح التقويم',
  dateWrong: 'لا يوجد يوم كهذا. اكتبه بترتيب يوم/شهر/سنة، أو السنة أوّلًا.',
  timeWrong: 'لا يوجد وقت كهذا. اكتب الساعات والدقائق، حتى 23:59.',
} satisfies Sentences;
