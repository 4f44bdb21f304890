import type { Sentences } from '../../../shared/i18n.ts';

export const presence = {
  nav: 'في المبنى الآن',
  lead: 'من في المبنى حسب أحدث تسجيل. ما مضى عليه أكثر من 18 ساعة يُعدّ خروجًا منسيًا.',
  person: 'الشخص',
  since: 'منذ',
  kiosk: 'آخر جهاز',
  method: 'الطريقة',
  byHand: 'يدويًا',
  empty: 'لا أحد في المبنى',
  emptyText: 'من يسجّل دخوله يظهر هنا.',
  kiosks: 'معلوم حتى',
  kiosksText: 'ما سجّله الجهاز بعد ذلك ليس في القائمة بعد.',
  never: 'لم يتصل قط',
  silent: 'غير متصل',
  refresh: 'قراءة من جديد',
  count_zero: 'لا أحد في المبنى',
  count_one: 'شخص واحد في المبنى',
  count_two: 'شخصان في المبنى',
  count_few: '{{count}} أشخاص في المبنى',
  count_many: '{{count}} شخصًا في المبنى',
  count_other: '{{count}} شخص في المبنى',
} satisfies Sentences;
